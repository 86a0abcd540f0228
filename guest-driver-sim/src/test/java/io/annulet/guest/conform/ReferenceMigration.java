package io.annulet.guest.conform;

import io.annulet.guest.Payloads;
import io.annulet.linux.Fd;
import io.annulet.linux.FileDescriptors;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The state of the reference back-end that moves from place to place; used by the back-end's thread. */
final class ReferenceMigration implements AutoCloseable {

    private static final long NO_FD = 0x100;
    private static final long STATE_NANOS = 1_000_000_000;
    private static final byte[] STATE = "all there is".getBytes(StandardCharsets.US_ASCII);

    private final Set<Flaw> flaws;
    private @Nullable Fd held;
    private boolean loads;

    ReferenceMigration(Set<Flaw> flaws) {
        this.flaws = flaws;
    }

    /** SET_DEVICE_STATE_FD: writes all of the state at once, or reads it when it is asked how that went. */
    byte[] begin(ByteBuffer payload, Fd fd) {
        close();
        loads = payload.getInt(0) != 0;
        held = fd;
        if (!loads) {
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment bytes = arena.allocate(STATE.length);
                MemorySegment.copy(MemorySegment.ofArray(STATE), 0, bytes, 0, STATE.length);
                FileDescriptors.write(fd, bytes.address(), STATE.length);
            }
            if (!flaws.contains(Flaw.STATE_WITHOUT_END)) {
                close();
            }
        }
        return Payloads.u64(NO_FD);
    }

    /** CHECK_DEVICE_STATE. */
    byte[] check() {
        boolean fine = !loads || (isComplete() && !flaws.contains(Flaw.REFUSES_ITS_STATE));
        return Payloads.u64(fine ? 0 : 1);
    }

    private boolean isComplete() {
        Fd fd = held;
        if (fd == null || !FileDescriptors.awaitReadable(fd, STATE_NANOS)) {
            return false;
        }
        try (Arena arena = Arena.ofConfined()) {
            return FileDescriptors.read(fd, arena.allocate(2L * STATE.length)) == STATE.length;
        }
    }

    @Override
    public void close() {
        if (held != null) {
            held.close();
            held = null;
        }
    }
}
