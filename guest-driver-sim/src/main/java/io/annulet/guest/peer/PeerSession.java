package io.annulet.guest.peer;

import io.annulet.guest.Message;
import io.annulet.guest.MessageSocket;
import io.annulet.guest.Payloads;
import io.annulet.linux.FileDescriptors;
import io.annulet.linux.UnixSocket;
import io.annulet.vhostuser.MessageLayout;
import io.annulet.vhostuser.ProtocolFeature;
import io.annulet.vhostuser.ReplyRule;
import io.annulet.vhostuser.VhostUserRequest;
import io.annulet.vhostuser.VirtioFeature;
import java.nio.ByteBuffer;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One connected front-end of a {@link ReferenceBackEnd}: its messages, memory and vrings; owned by the back-end's thread. */
final class PeerSession implements AutoCloseable {

    private static final long PATIENCE_NANOS = 5_000_000_000L;
    private static final long MEMORY_SLOTS = 509;
    private static final long PROTOCOL_FEATURES = ProtocolFeature.maskOf(
            ProtocolFeature.MQ,
            ProtocolFeature.REPLY_ACK,
            ProtocolFeature.RESET_DEVICE,
            ProtocolFeature.CONFIGURE_MEM_SLOTS,
            ProtocolFeature.STATUS);

    private final BackEndOptions options;
    private final UnixSocket unixSocket;
    private final MessageSocket socket;
    private final PeerMemory memory = new PeerMemory();
    private final PeerVring[] vrings;
    private long features;
    private long protocolFeatures;
    private long status;
    private int messages;

    PeerSession(UnixSocket unixSocket, BackEndOptions options) {
        this.options = options;
        this.unixSocket = unixSocket;
        this.socket = new MessageSocket(unixSocket);
        this.vrings = new PeerVring[2 * options.queuePairs()];
        for (int i = 0; i < vrings.length; i++) {
            vrings[i] = new PeerVring();
        }
    }

    long features() {
        return features;
    }

    /** The queue to work: null if there is none, if it is stopped, or if it is a receive queue that is disabled. */
    @Nullable
    DeviceQueue receiveQueue(int pair) {
        PeerVring vring = vrings[2 * pair];
        return vring.enabled ? vring.queue() : null;
    }

    @Nullable
    DeviceQueue transmitQueue(int pair) {
        return vrings[2 * pair + 1].queue();
    }

    /** Whether frames of a transmit queue go anywhere: those of a disabled one are discarded. */
    boolean isTransmitEnabled(int pair) {
        return vrings[2 * pair + 1].enabled;
    }

    /** Answers the next message if there is one; false once the connection has ended. */
    boolean serve() {
        if (!FileDescriptors.awaitReadable(unixSocket.fd(), 0)) {
            return true;
        }
        Message message = socket.receive(PATIENCE_NANOS);
        if (message == null) {
            return !socket.hasEnded();
        }
        messages++;
        VhostUserRequest request = VhostUserRequest.of(message.request());
        boolean keepsFd = request == VhostUserRequest.SET_VRING_CALL;
        try {
            handle(request, message);
        } finally {
            if (!keepsFd) {
                message.close();
            }
        }
        return true;
    }

    private void handle(@Nullable VhostUserRequest request, Message message) {
        if (request != null && request.reply() == ReplyRule.ALWAYS) {
            answer(request, message);
            return;
        }
        boolean isTurn = options.fault() == Fault.REFUSES && messages == options.every();
        boolean accepted = request != null && obey(request, message) && !isTurn;
        if (message.needsReply() && ProtocolFeature.REPLY_ACK.in(protocolFeatures)) {
            reply(message, Payloads.u64(accepted ? MessageLayout.ACK_SUCCESS : 1));
        }
    }

    private void answer(VhostUserRequest request, Message message) {
        reply(
                message,
                switch (request) {
                    case GET_FEATURES -> Payloads.u64(options.features());
                    case GET_PROTOCOL_FEATURES -> Payloads.u64(PROTOCOL_FEATURES);
                    case GET_QUEUE_NUM -> Payloads.u64(options.queuePairs());
                    case GET_MAX_MEM_SLOTS -> Payloads.u64(MEMORY_SLOTS);
                    case GET_STATUS -> Payloads.u64(status);
                    case GET_VRING_BASE -> {
                        int index = message.payload().getInt(MessageLayout.STATE_INDEX);
                        yield Payloads.vringState(index, isVring(index) ? vrings[index].stop() : 0);
                    }
                    default -> Payloads.u64(1);
                });
    }

    private void reply(Message message, byte[] payload) {
        if (options.fault() == Fault.KEEPS_SILENT && messages >= options.every()) {
            return;
        }
        int flags = MessageLayout.VERSION | MessageLayout.FLAG_REPLY;
        socket.send(message.request(), flags, payload, List.of(), PATIENCE_NANOS);
    }

    /** Does what a message tells; false if that cannot be. */
    private boolean obey(VhostUserRequest request, Message message) {
        ByteBuffer payload = message.payload();
        switch (request) {
            case SET_FEATURES -> setFeatures(payload.getLong());
            case SET_PROTOCOL_FEATURES -> protocolFeatures = payload.getLong();
            case SET_STATUS -> status = payload.getLong();
            case SET_OWNER, RESET_OWNER, SET_VRING_ERR -> {}
            case RESET_DEVICE -> reset();
            case SET_MEM_TABLE -> {
                memory.replaceAll(message);
                restartVrings();
            }
            case ADD_MEM_REG -> {
                memory.add(message);
                restartVrings();
            }
            case REM_MEM_REG -> {
                boolean removed = memory.remove(message);
                restartVrings();
                return removed;
            }
            default -> {
                return obeyForVring(request, message, payload);
            }
        }
        return true;
    }

    private void setFeatures(long acknowledged) {
        features = acknowledged;
        if ((acknowledged & VirtioFeature.PROTOCOL_FEATURES) == 0) {
            for (PeerVring vring : vrings) {
                vring.enabled = true;
            }
        }
    }

    private void reset() {
        for (PeerVring vring : vrings) {
            vring.stop();
            vring.enabled = false;
        }
    }

    private void restartVrings() {
        for (PeerVring vring : vrings) {
            vring.restart(memory.table(), features);
        }
    }

    private boolean obeyForVring(VhostUserRequest request, Message message, ByteBuffer payload) {
        int index = payload.getInt(0) & (int) MessageLayout.VRING_INDEX_MASK;
        if (!isVring(index)) {
            return false;
        }
        PeerVring vring = vrings[index];
        switch (request) {
            case SET_VRING_NUM -> vring.size = payload.getInt(MessageLayout.STATE_NUM);
            case SET_VRING_BASE -> vring.base = payload.getInt(MessageLayout.STATE_NUM);
            case SET_VRING_ENABLE -> vring.enabled = payload.getInt(MessageLayout.STATE_NUM) != 0;
            case SET_VRING_ADDR -> {
                vring.descriptorUserAddress = payload.getLong(MessageLayout.ADDRESS_DESCRIPTOR);
                vring.usedUserAddress = payload.getLong(MessageLayout.ADDRESS_USED);
                vring.availUserAddress = payload.getLong(MessageLayout.ADDRESS_AVAILABLE);
            }
            case SET_VRING_CALL ->
                vring.call(message.fds().isEmpty() ? null : message.fds().getFirst());
            case SET_VRING_KICK -> {
                return vring.start(memory.table(), features);
            }
            default -> {
                return false;
            }
        }
        return true;
    }

    private boolean isVring(int index) {
        return index >= 0 && index < vrings.length;
    }

    @Override
    public void close() {
        for (PeerVring vring : vrings) {
            vring.close();
        }
        memory.close();
        socket.close();
    }
}
