package io.annulet.backend.control;

import io.annulet.linux.Fd;
import io.annulet.linux.UnixSocket;
import io.annulet.vhostuser.BackendRequest;
import io.annulet.vhostuser.MessageLayout;
import io.annulet.vhostuser.Payload;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** The socket on which a back-end sends requests of its own, without waiting for anything; owned by the control thread. */
final class RequestChannel implements MemorySource {

    private static final int[] NO_FDS = {};
    private static final int MAX_PAYLOAD_BYTES = Payload.IOTLB.maxBytes();

    private final UnixSocket socket;
    private final ByteBuffer bytes = ByteBuffer.allocateDirect(MessageLayout.HEADER_BYTES + MAX_PAYLOAD_BYTES)
            .order(ByteOrder.nativeOrder());
    private final MemorySegment memory = MemorySegment.ofBuffer(bytes);

    /** Over a socket that stays its owner's. */
    RequestChannel(Fd socket) {
        this.socket = UnixSocket.adopt(socket);
    }

    /**
     * Tells the front-end that the configuration space has changed. It answers nothing.
     *
     * @return false if it does not read what it is told
     */
    boolean configChanged() {
        header(BackendRequest.CONFIG_CHANGE_MSG, 0);
        return send(0);
    }

    /**
     * Asks the front-end what stands behind an I/O address. It answers with a message of its own, or not at all.
     *
     * @param access what the device has to do there: {@link io.annulet.memory.Access}
     * @return false if it does not read what it is asked
     */
    @Override
    public boolean miss(long ioAddress, int access) {
        header(BackendRequest.IOTLB_MSG, MAX_PAYLOAD_BYTES);
        for (int at = 0; at < MAX_PAYLOAD_BYTES; at += Long.BYTES) {
            bytes.putLong(MessageLayout.HEADER_BYTES + at, 0);
        }
        bytes.putLong(MessageLayout.HEADER_BYTES + MessageLayout.IOTLB_IOVA, ioAddress);
        bytes.put(MessageLayout.HEADER_BYTES + MessageLayout.IOTLB_PERMISSION, (byte) access);
        bytes.put(MessageLayout.HEADER_BYTES + MessageLayout.IOTLB_TYPE, (byte) MessageLayout.IOTLB_MISS);
        return send(MAX_PAYLOAD_BYTES);
    }

    private void header(BackendRequest request, int payloadBytes) {
        bytes.putInt(MessageLayout.HEADER_REQUEST, request.id());
        bytes.putInt(MessageLayout.HEADER_FLAGS, MessageLayout.VERSION);
        bytes.putInt(MessageLayout.HEADER_SIZE, payloadBytes);
    }

    /** So few bytes go as a whole, or not at all. */
    private boolean send(int payloadBytes) {
        int byteLength = MessageLayout.HEADER_BYTES + payloadBytes;
        return socket.send(memory, 0, byteLength, NO_FDS, 0) == byteLength;
    }
}
