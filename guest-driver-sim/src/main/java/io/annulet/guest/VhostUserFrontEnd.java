package io.annulet.guest;

import io.annulet.linux.Errno;
import io.annulet.linux.Fd;
import io.annulet.linux.FileDescriptors;
import io.annulet.linux.LinuxException;
import io.annulet.linux.UnixListener;
import io.annulet.linux.UnixSocket;
import io.annulet.vhostuser.MessageLayout;
import io.annulet.vhostuser.ProtocolFeature;
import io.annulet.vhostuser.VhostUserRequest;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * A vhost-user front-end: the side that shares its memory and rings; used by one thread, and every call waits for its
 * answer at most for {@link #replyTimeoutNanos}.
 *
 * <p>There is a method for each message, which sends it as QEMU does and throws {@link FrontEndException} if the back-end
 * refuses, and {@link #send}, {@link #sendBytes} and {@link #receive} for what QEMU would not do. From vhost-user, QEMU 10.
 */
public final class VhostUserFrontEnd implements AutoCloseable {

    public static final long DEFAULT_TIMEOUT_NANOS = 5_000_000_000L;
    private static final long RETRY_NANOS = 5_000_000;

    private final MessageSocket socket;
    private long replyTimeoutNanos = DEFAULT_TIMEOUT_NANOS;
    private long protocolFeatures;
    private boolean asksForAcks = true;

    private VhostUserFrontEnd(UnixSocket socket) {
        this.socket = new MessageSocket(socket);
    }

    /** A front-end at one end of a connected socket, which it owns from now on. */
    public static VhostUserFrontEnd over(UnixSocket socket) {
        return new VhostUserFrontEnd(socket);
    }

    /** Connects to a back-end's socket, trying again until the time is over. */
    public static VhostUserFrontEnd connect(Path path, long timeoutNanos) {
        long deadlineNanos = System.nanoTime() + timeoutNanos;
        while (true) {
            try {
                return over(UnixSocket.connect(path));
            } catch (LinuxException e) {
                boolean mayCome =
                        e.errno() == Errno.ENOENT || e.errno() == Errno.ECONNREFUSED || e.errno() == Errno.EAGAIN;
                if (!mayCome || System.nanoTime() - deadlineNanos >= 0) {
                    throw new FrontEndException(FrontEndException.Reason.NOT_CONNECTED, "no back-end at " + path, e);
                }
                LockSupport.parkNanos(RETRY_NANOS);
            }
        }
    }

    /** Waits for a back-end that runs as a client to connect. */
    public static VhostUserFrontEnd accept(UnixListener listener, long timeoutNanos) {
        long deadlineNanos = System.nanoTime() + timeoutNanos;
        while (true) {
            UnixSocket socket = listener.accept();
            if (socket != null) {
                return over(socket);
            }
            if (!FileDescriptors.awaitReadable(listener.fd(), deadlineNanos - System.nanoTime())) {
                throw new FrontEndException(
                        FrontEndException.Reason.NOT_CONNECTED, "no back-end connected to " + listener.path());
            }
        }
    }

    /** How long each answer may take. */
    public void replyTimeoutNanos(long timeoutNanos) {
        replyTimeoutNanos = timeoutNanos;
    }

    /** Whether need_reply is set wherever REPLY_ACK allows it, so that each refusal is seen at once: so at first. */
    public void asksForAcks(boolean asks) {
        asksForAcks = asks;
    }

    /** The protocol features as set last. */
    public long protocolFeatures() {
        return protocolFeatures;
    }

    // Features and ownership.

    public long getFeatures() {
        return askU64(VhostUserRequest.GET_FEATURES);
    }

    public void setFeatures(long features) {
        tell(VhostUserRequest.SET_FEATURES, Payloads.u64(features));
    }

    public long getProtocolFeatures() {
        return askU64(VhostUserRequest.GET_PROTOCOL_FEATURES);
    }

    public void setProtocolFeatures(long features) {
        tell(VhostUserRequest.SET_PROTOCOL_FEATURES, Payloads.u64(features));
        protocolFeatures = features;
    }

    public void setOwner() {
        tell(VhostUserRequest.SET_OWNER, Payloads.nothing());
    }

    public void resetOwner() {
        tell(VhostUserRequest.RESET_OWNER, Payloads.nothing());
    }

    public void resetDevice() {
        tell(VhostUserRequest.RESET_DEVICE, Payloads.nothing());
    }

    /** The device status of VIRTIO 1.2, "Device Status Field". */
    public void setStatus(int status) {
        tell(VhostUserRequest.SET_STATUS, Payloads.u64(status));
    }

    public int getStatus() {
        return (int) askU64(VhostUserRequest.GET_STATUS);
    }

    // Memory.

    /** Shares all of RAM, up to 8 regions. */
    public void setMemTable(List<RamRegion> regions) {
        tell(
                VhostUserRequest.SET_MEM_TABLE,
                Payloads.memoryTable(regions),
                regions.stream().map(RamRegion::file).toArray(Fd[]::new));
    }

    public long getMaxMemSlots() {
        return askU64(VhostUserRequest.GET_MAX_MEM_SLOTS);
    }

    public void addMemRegion(RamRegion region) {
        tell(VhostUserRequest.ADD_MEM_REG, Payloads.singleRegion(region), region.file());
    }

    public void removeMemRegion(RamRegion region) {
        tell(VhostUserRequest.REM_MEM_REG, Payloads.singleRegion(region));
    }

    // Vrings.

    /** Queue pairs that the back-end has at most. */
    public long getQueueNum() {
        return askU64(VhostUserRequest.GET_QUEUE_NUM);
    }

    public void setVringNum(int index, int size) {
        tell(VhostUserRequest.SET_VRING_NUM, Payloads.vringState(index, size));
    }

    public void setVringBase(int index, int base) {
        tell(VhostUserRequest.SET_VRING_BASE, Payloads.vringState(index, base));
    }

    /** Stops the ring; returns where it stands. */
    public int getVringBase(int index) {
        try (Message reply = ask(VhostUserRequest.GET_VRING_BASE, Payloads.vringState(index, 0))) {
            ByteBuffer state = payloadOf(reply, VhostUserRequest.GET_VRING_BASE, 8);
            if (state.getInt(MessageLayout.STATE_INDEX) != index) {
                throw wrongReply(VhostUserRequest.GET_VRING_BASE, "for vring " + state.getInt(0));
            }
            return state.getInt(MessageLayout.STATE_NUM);
        }
    }

    /** All addresses are user addresses. */
    public void setVringAddress(int index, long descriptors, long used, long available) {
        tell(VhostUserRequest.SET_VRING_ADDR, Payloads.vringAddress(index, 0, descriptors, used, available, 0));
    }

    public void setVringAddress(int index, RawRing ring) {
        setVringAddress(index, ring.descriptorUserAddress(), ring.usedUserAddress(), ring.availUserAddress());
    }

    /** Starts the ring. Without an eventfd the back-end has to poll. */
    public void setVringKick(int index, @Nullable Fd kick) {
        tellVring(VhostUserRequest.SET_VRING_KICK, index, kick);
    }

    /** Without an eventfd there are no calls. */
    public void setVringCall(int index, @Nullable Fd call) {
        tellVring(VhostUserRequest.SET_VRING_CALL, index, call);
    }

    public void setVringErr(int index, @Nullable Fd err) {
        tellVring(VhostUserRequest.SET_VRING_ERR, index, err);
    }

    private void tellVring(VhostUserRequest request, int index, @Nullable Fd fd) {
        if (fd == null) {
            tell(request, Payloads.u64(index | MessageLayout.VRING_NO_FD));
        } else {
            tell(request, Payloads.u64(index), fd);
        }
    }

    public void setVringEnable(int index, boolean enable) {
        tell(VhostUserRequest.SET_VRING_ENABLE, Payloads.vringState(index, enable ? 1 : 0));
    }

    // Network device.

    /** Asks the back-end to announce the guest; the MAC address has its first byte in bits 40 to 47. */
    public void sendRarp(long mac) {
        tell(VhostUserRequest.SEND_RARP, Payloads.u64(FrameFactory.macBytes(mac)));
    }

    public void setMtu(long mtu) {
        tell(VhostUserRequest.NET_SET_MTU, Payloads.u64(mtu));
    }

    /** Gives the back-end a channel for requests of its own; the caller closes the end returned. */
    public BackendChannel openBackendChannel() {
        UnixSocket.Pair pair = UnixSocket.pair();
        try (UnixSocket theirs = pair.second()) {
            tell(VhostUserRequest.SET_BACKEND_REQ_FD, Payloads.nothing(), theirs.fd());
            return new BackendChannel(pair.first());
        }
    }

    // What every message has in common.

    /** Sends a message as the table has it; if acks are asked for, waits and throws unless the status is 0. */
    public void tell(VhostUserRequest request, byte[] payload, Fd... fds) {
        if (!asksForAcks || !ProtocolFeature.REPLY_ACK.in(protocolFeatures)) {
            send(request.id(), MessageLayout.VERSION, payload, fds);
            return;
        }
        long status = status(request, payload, fds);
        if (status != MessageLayout.ACK_SUCCESS) {
            throw new FrontEndException(
                    FrontEndException.Reason.REFUSED, request + " was refused with status " + status);
        }
    }

    /** Sends a message with need_reply; returns the status that answers it, 0 for success. */
    public long status(VhostUserRequest request, byte[] payload, Fd... fds) {
        send(request.id(), MessageLayout.VERSION | MessageLayout.FLAG_NEED_REPLY, payload, fds);
        try (Message reply = awaitReply(request)) {
            return payloadOf(reply, request, Long.BYTES).getLong();
        }
    }

    /** Sends a message and returns its reply. */
    public Message ask(VhostUserRequest request, byte[] payload, Fd... fds) {
        send(request.id(), MessageLayout.VERSION, payload, fds);
        return awaitReply(request);
    }

    long askU64(VhostUserRequest request) {
        try (Message reply = ask(request, Payloads.nothing())) {
            return payloadOf(reply, request, Long.BYTES).getLong();
        }
    }

    private Message awaitReply(VhostUserRequest request) {
        Message reply = socket.receive(replyTimeoutNanos);
        if (reply == null) {
            throw socket.hasEnded()
                    ? new FrontEndException(
                            FrontEndException.Reason.CLOSED,
                            "the back-end closed the connection and did not answer " + request)
                    : new FrontEndException(
                            FrontEndException.Reason.NO_REPLY,
                            "the back-end did not answer " + request + " within " + replyTimeoutNanos / 1_000_000
                                    + " ms");
        }
        if (reply.request() != request.id() || reply.flags() != (MessageLayout.VERSION | MessageLayout.FLAG_REPLY)) {
            reply.close();
            throw wrongReply(request, reply.toString());
        }
        return reply;
    }

    static ByteBuffer payloadOf(Message reply, VhostUserRequest request, int byteLength) {
        ByteBuffer payload = reply.payload();
        if (payload.remaining() != byteLength) {
            throw wrongReply(request, payload.remaining() + " bytes instead of " + byteLength);
        }
        return payload;
    }

    static FrontEndException wrongReply(VhostUserRequest request, String what) {
        return new FrontEndException(
                FrontEndException.Reason.WRONG_REPLY, "the back-end answered " + request + " wrongly: " + what);
    }

    // Without rules.

    /** Sends any message with any flags. */
    public void send(int request, int flags, byte[] payload, Fd... fds) {
        try {
            socket.send(request, flags, payload, List.of(fds), replyTimeoutNanos);
        } catch (LinuxException e) {
            throw notSent(e);
        }
    }

    /** Sends bytes as they are, part of a message or several, the descriptors with the first of them. */
    public void sendBytes(byte[] bytes, Fd... fds) {
        try {
            socket.sendBytes(bytes, List.of(fds), replyTimeoutNanos);
        } catch (LinuxException e) {
            throw notSent(e);
        }
    }

    private static FrontEndException notSent(LinuxException e) {
        boolean full = e.errno() == Errno.EAGAIN;
        return new FrontEndException(
                full ? FrontEndException.Reason.NO_REPLY : FrontEndException.Reason.CLOSED,
                full ? "the back-end takes no message" : "the back-end is gone",
                e);
    }

    /** Whatever the back-end sends next, or null if nothing came in time or it closed the connection. */
    public @Nullable Message receive(long timeoutNanos) {
        return socket.receive(timeoutNanos);
    }

    /** Whether the back-end closes the connection in time, sending nothing more. */
    public boolean awaitClosed(long timeoutNanos) {
        try (Message message = socket.receive(timeoutNanos)) {
            return message == null && socket.hasEnded();
        }
    }

    /** Ends the connection without a word, as a front-end that died. */
    @Override
    public void close() {
        socket.close();
    }
}
