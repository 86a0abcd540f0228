package io.annulet.guest.conform;

import io.annulet.linux.Errno;
import io.annulet.linux.Fd;
import io.annulet.linux.ReceivedFds;
import io.annulet.linux.UnixSocket;
import io.annulet.memory.HostMemory;
import io.annulet.vhostuser.MessageLayout;
import io.annulet.vhostuser.Payload;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Puts messages together from whatever pieces a stream socket gives; used by the back-end's thread. */
final class ReferenceInput {

    private static final int MOST_BYTES = MessageLayout.HEADER_BYTES + Payload.MAX_BYTES;

    private final UnixSocket socket;
    private final Set<Flaw> flaws;
    private final MemorySegment buffer = Arena.ofAuto().allocate(MOST_BYTES, Long.BYTES);
    private final ReceivedFds fds = new ReceivedFds(MessageLayout.MAX_FDS);
    private int filled;
    private boolean ended;

    /** One message as it came. */
    static final class Incoming {
        final int request;
        final int flags;
        final ByteBuffer payload;
        final List<Fd> fds;

        Incoming(int request, int flags, byte[] payload, List<Fd> fds) {
            this.request = request;
            this.flags = flags;
            this.payload = ByteBuffer.wrap(payload).order(ByteOrder.LITTLE_ENDIAN);
            this.fds = fds;
        }
    }

    ReferenceInput(UnixSocket socket, Set<Flaw> flaws) {
        this.socket = socket;
        this.flaws = flaws;
    }

    boolean hasEnded() {
        return ended;
    }

    boolean hasHalfMessage() {
        return filled > 0;
    }

    /** The next message, or null if it is not complete yet or the connection has ended. */
    @Nullable
    Incoming poll() {
        if (flaws.contains(Flaw.ONE_MESSAGE_A_READ)) {
            int read = read(MOST_BYTES);
            return read > 0 ? take() : null;
        }
        while (filled < MessageLayout.HEADER_BYTES) {
            int read = read(MessageLayout.HEADER_BYTES - filled);
            if (read <= 0) {
                return null;
            }
            ended |= flaws.contains(Flaw.WANTS_WHOLE_HEADERS) && filled < MessageLayout.HEADER_BYTES;
        }
        int whole = MessageLayout.HEADER_BYTES + header(MessageLayout.HEADER_SIZE);
        while (filled < whole) {
            boolean first = filled == MessageLayout.HEADER_BYTES;
            int read = read(whole - filled);
            if (read <= 0) {
                ended |= first && flaws.contains(Flaw.WANTS_PAYLOAD_WITH_HEADER);
                return null;
            }
            ended |= filled < whole && flaws.contains(Flaw.WANTS_WHOLE_PAYLOADS);
        }
        return take();
    }

    private int read(int byteLength) {
        if (ended) {
            return 0;
        }
        long read = socket.receive(buffer, filled, byteLength, fds);
        if (read == 0 || (read < 0 && read != -Errno.EAGAIN)) {
            ended = true;
            return 0;
        }
        if (read > 0) {
            filled += (int) read;
        }
        return (int) read;
    }

    private int header(int offset) {
        return ByteBuffer.wrap(HostMemory.copyOut(buffer.address(), MessageLayout.HEADER_BYTES))
                .order(ByteOrder.LITTLE_ENDIAN)
                .getInt(offset);
    }

    private Incoming take() {
        byte[] payload =
                HostMemory.copyOut(buffer.address() + MessageLayout.HEADER_BYTES, header(MessageLayout.HEADER_SIZE));
        List<Fd> taken = new ArrayList<>();
        for (int i = 0; i < fds.count(); i++) {
            taken.add(fds.take(i));
        }
        fds.close();
        filled = 0;
        return new Incoming(header(MessageLayout.HEADER_REQUEST), header(MessageLayout.HEADER_FLAGS), payload, taken);
    }
}
