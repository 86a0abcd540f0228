package io.annulet.cli.study.syscalls;

import io.annulet.cli.study.StudyFailure;
import io.annulet.linux.Errno;
import io.annulet.linux.IoUring;
import io.annulet.linux.IoVectors;
import io.annulet.linux.Tap;
import io.annulet.memory.HostMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/** Up to 64 messages of one length and the way they go through a tap; owned by the thread that measures. */
final class Messages implements AutoCloseable {

    static final int MOST = 64;

    private static final int HEADER_BYTES = 12;
    private static final int PIECES = 3;
    private static final int STRIDE = 2048;
    private static final int PAGE = 4096;

    private final Tap tap;
    private final Way way;
    private final int frameBytes;
    private final MemorySegment memory = Arena.ofAuto().allocate((long) MOST * STRIDE, PAGE);
    private final long address = HostMemory.addressOf(memory);
    private final IoVectors vectors = new IoVectors(MOST * PIECES);
    private final @Nullable IoUring ring;
    private final int file;
    private long calls;

    Messages(Tap tap, Way way, int frameBytes) {
        this.tap = tap;
        this.way = way;
        this.frameBytes = frameBytes;
        HostMemory.zero(address, memory.byteSize());
        int half = frameBytes / 2;
        for (int i = 0; i < MOST; i++) {
            // An address of a station of our own, and a type that no protocol has: the host takes it and drops it.
            HostMemory.storeLong(message(i) + HEADER_BYTES, 0x0002_0000_0000_0002L);
            HostMemory.storeLong(message(i) + HEADER_BYTES + 8, 0xb588_0100_0000L);
            vectors.set(PIECES * i, message(i), HEADER_BYTES);
            vectors.set(PIECES * i + 1, message(i) + HEADER_BYTES, half);
            vectors.set(PIECES * i + 2, message(i) + HEADER_BYTES + half, frameBytes - half);
        }
        ring = way.isUring() ? IoUring.create(MOST) : null;
        boolean registered = ring != null && way == Way.URING_FIXED;
        if (ring != null && registered) {
            ring.registerFiles(tap.fd().number());
            IoVectors all = new IoVectors(1);
            all.set(0, address, memory.byteSize());
            ring.registerBuffers(all, 1);
        }
        file = registered ? 0 : tap.fd().number();
    }

    private long message(int number) {
        return address + (long) STRIDE * number;
    }

    /** Where the frame of a message lies, without its virtio-net header. */
    long frame(int number) {
        return message(number) + HEADER_BYTES;
    }

    /** System calls made so far. */
    long calls() {
        return calls + (ring == null ? 0 : ring.enters());
    }

    /** Sends the first {@code count} messages. */
    void send(int count) {
        IoUring uring = ring;
        if (uring != null) {
            for (int i = 0; i < count; i++) {
                request(uring, i, true);
            }
            finish(uring, count, "write");
            return;
        }
        for (int i = 0; i < count; i++) {
            check(
                    way == Way.EACH
                            ? tap.write(message(i), HEADER_BYTES + frameBytes)
                            : tap.writev(vectors.address(PIECES * i), PIECES),
                    "write");
        }
        calls += count;
    }

    /** Receives {@code count} messages, which are there. */
    void receive(int count) {
        IoUring uring = ring;
        if (uring != null) {
            for (int i = 0; i < count; i++) {
                request(uring, i, false);
            }
            finish(uring, count, "read");
            return;
        }
        for (int i = 0; i < count; i++) {
            check(
                    way == Way.EACH
                            ? tap.read(message(i), HEADER_BYTES + frameBytes)
                            : tap.readv(vectors.address(PIECES * i), PIECES),
                    "read");
        }
        calls += count;
    }

    private void request(IoUring uring, int i, boolean write) {
        int byteLength = HEADER_BYTES + frameBytes;
        boolean taken = switch (way) {
            case URING_GATHER ->
                write
                        ? uring.writev(file, vectors.address(PIECES * i), PIECES, i)
                        : uring.readv(file, vectors.address(PIECES * i), PIECES, i);
            case URING_FIXED ->
                write
                        ? uring.writeFixed(file, message(i), byteLength, 0, i)
                        : uring.readFixed(file, message(i), byteLength, 0, i);
            default ->
                write ? uring.write(file, message(i), byteLength, i) : uring.read(file, message(i), byteLength, i);
        };
        if (!taken) {
            throw new StudyFailure("the io_uring has no room for " + MOST + " requests");
        }
    }

    private void finish(IoUring uring, int count, String action) {
        long submitted = uring.submit(count);
        if (submitted != count) {
            throw new StudyFailure("io_uring took " + submitted + " of " + count + " requests");
        }
        for (int i = 0; i < count; i++) {
            if (!uring.nextCompletion()) {
                throw new StudyFailure("io_uring completed " + i + " of " + count + " requests");
            }
            check(uring.result(), action);
        }
    }

    private void check(long result, String action) {
        if (result != HEADER_BYTES + frameBytes) {
            throw new StudyFailure("the tap answered a " + action + " of " + (HEADER_BYTES + frameBytes)
                    + " bytes with " + (result < 0 ? Errno.name((int) -result) : result));
        }
    }

    @Override
    public void close() {
        if (ring != null) {
            ring.close();
        }
    }
}
