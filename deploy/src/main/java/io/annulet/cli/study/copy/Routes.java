package io.annulet.cli.study.copy;

import io.annulet.cli.study.QuietTap;
import io.annulet.cli.study.StudyFailure;
import io.annulet.linux.Errno;
import io.annulet.linux.Fd;
import io.annulet.linux.FileDescriptors;
import io.annulet.linux.IoVectors;
import io.annulet.linux.Pipe;
import io.annulet.memory.HostMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Carries payloads by every route but those through rings; owned by the measuring thread. */
final class Routes implements AutoCloseable {

    private static final int HEADER_BYTES = QuietTap.HEADER_BYTES;
    /** What is copied of each frame before anything is decided; the kernel gathers the rest from the guest. */
    private static final int SNAPSHOT_BYTES = 64;

    private static final int ALIGNMENT = 4096;
    private static final int PIPE_BYTES = 1 << 20;

    private final @Nullable QuietTap tap;
    private final Fd sink = FileDescriptors.openForWriting(Path.of("/dev/null"));
    private final Pipe pipe = Pipe.create(PIPE_BYTES);
    private final IoVectors vectors = new IoVectors(2);
    private final MemorySegment memory = Arena.ofAuto().allocate(Buffers.MOST_BYTES + 2L * SNAPSHOT_BYTES, ALIGNMENT);
    private final long privateCopy = HostMemory.addressOf(memory);

    Routes(@Nullable QuietTap tap) {
        this.tap = tap;
    }

    /** Carries one payload by a route that is not through rings. */
    void carry(Route route, Buffers buffers, int byteLength) {
        long from = buffers.sender();
        switch (route) {
            case TWO -> {
                HostMemory.copy(from, privateCopy, byteLength);
                HostMemory.copy(privateCopy, buffers.receiver(), byteLength);
            }
            case ONE -> HostMemory.copy(from, buffers.receiver(), byteLength);
            case WRITE_NULL -> write(sink, byteLength);
            case GATHER_NULL -> gather(sink, from, byteLength);
            case COPY_NULL -> {
                HostMemory.copy(from, privateCopy + HEADER_BYTES, byteLength);
                write(sink, byteLength);
            }
            case GATHER_TAP -> gather(tap(), from, byteLength);
            case COPY_TAP -> {
                HostMemory.copy(from, privateCopy + HEADER_BYTES, byteLength);
                write(tap(), byteLength);
            }
            case COPY_PIPE -> {
                check(pipe.write(from, byteLength), byteLength, "write into a pipe");
                check(pipe.moveTo(sink, PIPE_BYTES), byteLength, "move out of a pipe");
            }
            case LEND -> {
                vectors.set(0, from, byteLength);
                check(pipe.lend(vectors.address(), 1), byteLength, "lend pages to a pipe");
                check(pipe.moveTo(sink, PIPE_BYTES), byteLength, "move out of a pipe");
            }
            case BACKEND, BACKEND_TWO -> throw new IllegalArgumentException("this route leads through rings");
        }
    }

    private Fd tap() {
        QuietTap open = tap;
        if (open == null) {
            throw new IllegalStateException("there is no tap");
        }
        return open.tap().fd();
    }

    private void write(Fd file, int byteLength) {
        check(FileDescriptors.write(file, privateCopy, HEADER_BYTES + byteLength), HEADER_BYTES + byteLength, "write");
    }

    /** As a tap port does it: header and first bytes from the snapshot, the rest from the sender. */
    private void gather(Fd file, long from, int byteLength) {
        int first = Math.min(byteLength, SNAPSHOT_BYTES - HEADER_BYTES);
        HostMemory.copy(from, privateCopy + HEADER_BYTES, first);
        vectors.set(0, privateCopy, HEADER_BYTES + first);
        vectors.set(1, from + first, byteLength - first);
        check(
                FileDescriptors.writev(file, vectors.address(), byteLength > first ? 2 : 1),
                HEADER_BYTES + byteLength,
                "writev");
    }

    private static void check(long result, long expected, String action) {
        if (result != expected) {
            throw new StudyFailure("the kernel answered a " + action + " of " + expected + " bytes with "
                    + (result < 0 ? Errno.name((int) -result) : result));
        }
    }

    @Override
    public void close() {
        pipe.close();
        sink.close();
        if (tap != null) {
            tap.close();
        }
    }
}
