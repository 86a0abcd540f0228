package io.annulet.linux;

import static io.annulet.linux.IoUringLayout.*;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;

/**
 * An io_uring: requests for system calls that are submitted many at a time, and their completions. Used by one thread.
 *
 * <p>{@link #write} and its kind put a request into the ring; {@link #submit} hands all of them to the kernel in one
 * system call; {@link #nextCompletion} walks through what the kernel has finished, which costs no call. Requests finish in
 * any order, so each carries a tag of the caller's. Memory that a request names stays until it has completed. Nothing here
 * allocates or throws once the ring is made; the kernel's answers come as results of completions.
 *
 * <p>[U] The kernel's release of a ring's index and our acquire of it: whoever sees the index sees the entries before it.
 * [V] likewise the other way.
 */
public final class IoUring implements AutoCloseable {
    private static final String REMEDY = "check that the kernel allows it (/proc/sys/kernel/io_uring_disabled)";
    private static final VarHandle INT = JAVA_INT.varHandle();
    private static final long OWN_POSITION = -1;

    private final Fd fd;
    private final Mapping rings;
    private final Mapping requests;
    private final MemorySegment ring;
    private final MemorySegment sqes;
    private final int capacity;
    private final int mask;
    private final int completionMask;
    private final long sqHead;
    private final long sqTail;
    private final long cqHead;
    private final long cqTail;
    private final long cqes;
    private int fileFlags;
    private int tail;
    private int submittedTail;
    private int completionHead;
    private int completionTail;
    private long tag;
    private int result;
    private long enters;

    private IoUring(Fd fd, Mapping rings, Mapping requests, MemorySegment params) {
        this.fd = fd;
        this.rings = rings;
        this.requests = requests;
        this.ring = rings.segment();
        this.sqes = requests.segment();
        this.capacity = params.get(JAVA_INT, PARAMS_SQ_ENTRIES);
        this.mask = capacity - 1;
        this.completionMask = params.get(JAVA_INT, PARAMS_CQ_ENTRIES) - 1;
        this.sqHead = params.get(JAVA_INT, PARAMS_SQ_OFFSETS + OFFSET_HEAD);
        this.sqTail = params.get(JAVA_INT, PARAMS_SQ_OFFSETS + OFFSET_TAIL);
        this.cqHead = params.get(JAVA_INT, PARAMS_CQ_OFFSETS + OFFSET_HEAD);
        this.cqTail = params.get(JAVA_INT, PARAMS_CQ_OFFSETS + OFFSET_TAIL);
        this.cqes = params.get(JAVA_INT, PARAMS_CQ_OFFSETS + OFFSET_CQ_CQES);
        long array = params.get(JAVA_INT, PARAMS_SQ_OFFSETS + OFFSET_SQ_ARRAY);
        for (int i = 0; i < capacity; i++) {
            ring.set(JAVA_INT, array + 4L * i, i); // request i always lies in place i
        }
    }

    /**
     * A ring for at least {@code entries} requests at a time.
     *
     * @throws LinuxException if the kernel has no io_uring, is older than 5.6, or does not allow it
     */
    public static IoUring create(int entries) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment params = arena.allocate(PARAMS_BYTES, 8);
            params.set(JAVA_INT, PARAMS_FLAGS, SETUP_SUBMIT_ALL);
            long number = Kernel.ioUringSetup(entries, params.address());
            if (number == -Errno.EINVAL) {
                params.fill((byte) 0);
                number = Kernel.ioUringSetup(entries, params.address());
            }
            Fd fd = Fd.of((int) LinuxException.check(number, "create an io_uring of " + entries, REMEDY));
            boolean mapped = false;
            try {
                IoUring uring = map(fd, params);
                mapped = true;
                return uring;
            } finally {
                if (!mapped) {
                    fd.close();
                }
            }
        }
    }

    private static IoUring map(Fd fd, MemorySegment params) {
        int needed = FEATURE_SINGLE_MMAP | FEATURE_CURRENT_POSITION;
        if ((params.get(JAVA_INT, PARAMS_FEATURES) & needed) != needed) {
            throw new LinuxException("create an io_uring", Errno.EOPNOTSUPP, "Linux 5.6 or later is needed");
        }
        int sqEntries = params.get(JAVA_INT, PARAMS_SQ_ENTRIES);
        long sqEnd = params.get(JAVA_INT, PARAMS_SQ_OFFSETS + OFFSET_SQ_ARRAY) + 4L * sqEntries;
        long cqEnd = params.get(JAVA_INT, PARAMS_CQ_OFFSETS + OFFSET_CQ_CQES)
                + (long) CQE_BYTES * params.get(JAVA_INT, PARAMS_CQ_ENTRIES);
        Mapping rings = map(fd, MAP_RINGS, Math.max(sqEnd, cqEnd));
        boolean mapped = false;
        try {
            Mapping requests = map(fd, MAP_SQES, (long) SQE_BYTES * sqEntries);
            mapped = true;
            return new IoUring(fd, rings, requests, params);
        } finally {
            if (!mapped) {
                rings.close();
            }
        }
    }

    private static Mapping map(Fd fd, long offset, long byteLength) {
        return Mapping.map(fd, offset, byteLength, Mapping.Protection.READ_WRITE, Mapping.Option.POPULATE);
    }

    /** Requests that fit at a time: a power of two. */
    public int capacity() {
        return capacity;
    }

    /** Requests that can be put into the ring now. */
    public int free() {
        return capacity - (tail - (int) INT.getAcquire(ring, sqHead)); // [U]
    }

    /** Requests that were put into the ring since the last {@link #submit}. */
    public int unsubmitted() {
        return tail - submittedTail;
    }

    /** System calls made for this ring: submitting and waiting. */
    public long enters() {
        return enters;
    }

    // Requests. Each returns whether there was room; the file is a descriptor's number, or after registerFiles an
    // index.

    /** A request that does nothing but complete. */
    public boolean nop(long requestTag) {
        return request(OP_NOP, -1, 0, 0, 0, requestTag);
    }

    public boolean read(int file, long address, int byteLength, long requestTag) {
        return request(OP_READ, file, address, byteLength, 0, requestTag);
    }

    public boolean write(int file, long address, int byteLength, long requestTag) {
        return request(OP_WRITE, file, address, byteLength, 0, requestTag);
    }

    /** Scatters into {@code count} buffers: {@link IoVectors#address}. */
    public boolean readv(int file, long iovecAddress, int count, long requestTag) {
        return request(OP_READV, file, iovecAddress, count, 0, requestTag);
    }

    /** Gathers from {@code count} buffers. */
    public boolean writev(int file, long iovecAddress, int count, long requestTag) {
        return request(OP_WRITEV, file, iovecAddress, count, 0, requestTag);
    }

    /** As {@link #read}, into a place in buffer {@code bufferIndex} of those registered. */
    public boolean readFixed(int file, long address, int byteLength, int bufferIndex, long requestTag) {
        return request(OP_READ_FIXED, file, address, byteLength, bufferIndex, requestTag);
    }

    /** As {@link #write}, from a place in buffer {@code bufferIndex} of those registered. */
    public boolean writeFixed(int file, long address, int byteLength, int bufferIndex, long requestTag) {
        return request(OP_WRITE_FIXED, file, address, byteLength, bufferIndex, requestTag);
    }

    private boolean request(int opcode, int file, long address, int length, int bufferIndex, long requestTag) {
        if (free() == 0) {
            return false;
        }
        long at = (long) SQE_BYTES * (tail & mask);
        sqes.set(JAVA_LONG, at + SQE_OPCODE, 0); // flags and priority with it
        sqes.set(JAVA_BYTE, at + SQE_OPCODE, (byte) opcode);
        sqes.set(JAVA_BYTE, at + SQE_FLAGS, (byte) (opcode == OP_NOP ? 0 : fileFlags));
        sqes.set(JAVA_INT, at + SQE_FD, file);
        sqes.set(JAVA_LONG, at + SQE_OFFSET, opcode == OP_NOP ? 0 : OWN_POSITION);
        sqes.set(JAVA_LONG, at + SQE_ADDRESS, address);
        sqes.set(JAVA_LONG, at + SQE_LENGTH, Integer.toUnsignedLong(length));
        sqes.set(JAVA_LONG, at + SQE_TAG, requestTag);
        sqes.set(JAVA_LONG, at + SQE_BUFFER_INDEX, 0);
        sqes.set(JAVA_SHORT, at + SQE_BUFFER_INDEX, (short) bufferIndex);
        sqes.set(JAVA_LONG, at + 48, 0);
        sqes.set(JAVA_LONG, at + 56, 0);
        tail++;
        return true;
    }

    /**
     * Hands all requests to the kernel, in one system call, and waits until {@code completions} of those in the ring have
     * completed: 0 not to wait.
     *
     * @return requests taken by the kernel, or the negative error number
     */
    public long submit(int completions) {
        VarHandle.releaseFence(); // [V]
        ring.set(JAVA_INT, sqTail, tail);
        enters++;
        long taken = Kernel.ioUringEnter(
                fd.number(), tail - submittedTail, completions, completions > 0 ? ENTER_GETEVENTS : 0);
        if (taken > 0) {
            submittedTail += (int) taken;
        }
        return taken;
    }

    /** Goes on to the next completion; false if there is none yet. {@link #tag} and {@link #result} tell of it. */
    public boolean nextCompletion() {
        if (completionHead == completionTail) {
            completionTail = (int) INT.getAcquire(ring, cqTail); // [U]
            if (completionHead == completionTail) {
                return false;
            }
        }
        long at = cqes + (long) CQE_BYTES * (completionHead & completionMask);
        tag = ring.get(JAVA_LONG, at + CQE_TAG);
        result = ring.get(JAVA_INT, at + CQE_RESULT);
        completionHead++;
        VarHandle.releaseFence(); // [V]
        ring.set(JAVA_INT, cqHead, completionHead);
        return true;
    }

    /** The tag of the request that completed. */
    public long tag() {
        return tag;
    }

    /** What its system call returned: bytes, or the negative error number. */
    public int result() {
        return result;
    }

    // What the kernel looks up once and not with each request.

    /** From now on requests name files by their place in {@code files}, and no descriptor is looked up. Once. */
    public void registerFiles(int... files) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment numbers = arena.allocateFrom(JAVA_INT, files);
            LinuxException.check(
                    Kernel.ioUringRegister(fd.number(), REGISTER_FILES, numbers.address(), files.length),
                    "register " + files.length + " files");
            fileFlags = SQE_FLAG_FIXED_FILE;
        }
    }

    /** Pins the first {@code count} buffers in memory until the ring is closed, for {@link #writeFixed}. Once. */
    public void registerBuffers(IoVectors buffers, int count) {
        LinuxException.check(
                Kernel.ioUringRegister(fd.number(), REGISTER_BUFFERS, buffers.address(), count),
                "register " + count + " buffers",
                "check the limit of locked memory (ulimit -l)");
    }

    /** Gives the ring back. Requests under way go on until the kernel has cancelled or finished them. */
    @Override
    public void close() {
        fd.close();
        requests.close();
        rings.close();
    }

    @Override
    public String toString() {
        return "io_uring of " + capacity + ", " + fd;
    }
}
