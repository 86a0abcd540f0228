package io.annulet.backend.control;

import io.annulet.linux.Fd;
import io.annulet.linux.UnixSocket;
import io.annulet.vhostuser.BackendRequest;
import io.annulet.vhostuser.MessageLayout;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** The socket on which a back-end sends requests of its own, without waiting for anything; owned by the control thread. */
final class RequestChannel {

    private static final int[] NO_FDS = {};

    private final UnixSocket socket;
    private final ByteBuffer bytes =
            ByteBuffer.allocateDirect(MessageLayout.HEADER_BYTES).order(ByteOrder.nativeOrder());
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
        bytes.putInt(MessageLayout.HEADER_REQUEST, BackendRequest.CONFIG_CHANGE_MSG.id());
        bytes.putInt(MessageLayout.HEADER_FLAGS, MessageLayout.VERSION);
        bytes.putInt(MessageLayout.HEADER_SIZE, 0);
        return socket.send(memory, 0, MessageLayout.HEADER_BYTES, NO_FDS, 0) == MessageLayout.HEADER_BYTES;
    }
}
