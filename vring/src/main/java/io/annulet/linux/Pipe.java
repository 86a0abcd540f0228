package io.annulet.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * A pipe of this process, into which bytes are copied or whose pages are lent to it. Neither end waits. Used by one thread
 * at each end.
 */
public final class Pipe implements AutoCloseable {
    private static final int O_NONBLOCK = 0x800;
    private static final int O_CLOEXEC = 0x80000;
    private static final int SPLICE_F_NONBLOCK = 2;
    private static final int F_SETPIPE_SZ = 1031;

    private final Fd readEnd;
    private final Fd writeEnd;

    private Pipe(Fd readEnd, Fd writeEnd) {
        this.readEnd = readEnd;
        this.writeEnd = writeEnd;
    }

    /** A pipe with room for {@code byteLength} bytes at least; each range that is lent takes a page of it, however short. */
    public static Pipe create(int byteLength) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment numbers = arena.allocate(8, 4);
            LinuxException.check(
                    Kernel.pipe2(numbers.address(), O_NONBLOCK | O_CLOEXEC),
                    "create a pipe",
                    "check the limit of open files (ulimit -n)");
            Pipe pipe = new Pipe(Fd.of(numbers.get(JAVA_INT, 0)), Fd.of(numbers.get(JAVA_INT, 4)));
            long size = Kernel.fcntl(pipe.writeEnd.number(), F_SETPIPE_SZ, byteLength);
            if (size < 0) {
                pipe.close();
            }
            LinuxException.check(
                    size, "make a pipe " + byteLength + " bytes large", "check /proc/sys/fs/pipe-max-size");
            return pipe;
        }
    }

    public Fd readEnd() {
        return readEnd;
    }

    public Fd writeEnd() {
        return writeEnd;
    }

    /** Copies bytes in; returns how many, or the negative error number: -EAGAIN when it is full. */
    public long write(long address, long byteLength) {
        return Kernel.write(writeEnd.number(), address, byteLength);
    }

    /**
     * Lends the pages behind {@code count} buffers to the pipe, which pins them until its reader has used them up: the
     * reader sees what is in them then.
     *
     * @return bytes lent, or the negative error number
     */
    public long lend(long iovecAddress, int count) {
        return Kernel.vmsplice(writeEnd.number(), iovecAddress, count, SPLICE_F_NONBLOCK);
    }

    /** Moves what is in the pipe to a file, without a copy where the file can take pages; returns as {@link #write} does. */
    public long moveTo(Fd file, long byteLength) {
        return Kernel.splice(readEnd.number(), file.number(), byteLength, SPLICE_F_NONBLOCK);
    }

    /**
     * Moves what is in someone else's pipe into this one, which makes neither wait: a flag of the other one's open file would
     * not be ours alone.
     *
     * @return the bytes moved, 0 at its end, or the negative error number: -EAGAIN when there is nothing now
     */
    public long moveFrom(Fd otherReadEnd, long byteLength) {
        return Kernel.splice(otherReadEnd.number(), writeEnd.number(), byteLength, SPLICE_F_NONBLOCK);
    }

    @Override
    public void close() {
        readEnd.close();
        writeEnd.close();
    }
}
