package io.annulet.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * An eventfd: a counter in the kernel that one side raises and the other waits for. Kicks and calls are these. Any thread
 * may signal; nothing here allocates or throws once the object is made.
 */
public final class EventFd implements AutoCloseable {
    private static final int EFD_NONBLOCK = 0x800;
    private static final int EFD_CLOEXEC = 0x80000;
    private static final int RWF_NOWAIT = 0x8;
    private static final int MSG_DONTWAIT = 0x40;
    private static final int MSG_NOSIGNAL = 0x4000;
    private static final long NO_OFFSET = -1;
    private static final String LINK = "anon_inode:[eventfd]";

    /** Eight bytes that hold the number 1, for the kernel to read. They live as long as the process. */
    private static final MemorySegment ONE = Arena.global().allocateFrom(ValueLayout.JAVA_LONG, 1L);

    private final Fd fd;

    private final boolean isSocket;

    private EventFd(Fd fd, boolean isSocket) {
        this.fd = fd;
        this.isSocket = isSocket;
    }

    /** A new eventfd whose counter starts at {@code initial}. */
    public static EventFd create(boolean nonBlocking, int initial) {
        long number = Kernel.eventfd2(initial, EFD_CLOEXEC | (nonBlocking ? EFD_NONBLOCK : 0));
        return new EventFd(
                Fd.of((int)
                        LinuxException.check(number, "create an eventfd", "check the limit of open files (ulimit -n)")),
                false);
    }

    /** Takes ownership of an eventfd made elsewhere; ask {@link #isEventFd} first if a peer sent it. */
    public static EventFd adopt(Fd fd) {
        return new EventFd(fd, false);
    }

    /**
     * Takes ownership of a connected stream socket that a peer reads in place of an eventfd. A signal to it never waits,
     * whatever the peer does to its flags.
     */
    public static EventFd adoptSocket(Fd fd) {
        return new EventFd(fd, true);
    }

    /** Whether the descriptor is an eventfd. A peer may send anything in its place. */
    public static boolean isEventFd(Fd fd) {
        return FileDescriptors.link(fd).equals(LINK);
    }

    public Fd fd() {
        return fd;
    }

    /**
     * Raises the counter by one and so wakes whoever waits for it.
     *
     * <p>May wait for ever: a peer that shares the eventfd can clear its O_NONBLOCK and fill its counter at any time. A
     * {@link #drain} by another thread frees the caller.
     *
     * @return 0, or the negative error number: -EAGAIN when the counter is full and the eventfd does not block
     */
    public long signal() {
        long written = isSocket
                ? Kernel.send(fd.number(), ONE.address(), 8, MSG_DONTWAIT | MSG_NOSIGNAL)
                : Kernel.writeWhole(fd.number(), ONE.address(), 8);
        return written < 0 ? written : 0;
    }

    /** Raises the counter by {@code value}, 0 to 2^64 - 2 unsigned. Returns as {@link #signal} does. */
    public long add(long value) {
        Syscall.scratchWord(0, value);
        long written = Kernel.write(fd.number(), Syscall.scratchAddress(), 8);
        return written < 0 ? written : 0;
    }

    /**
     * Reads the counter and sets it to 0. Waits for a signal if the eventfd blocks.
     *
     * @return the count, at most {@code Long.MAX_VALUE}; 0 if there was no signal; or the negative error number
     */
    public long drain() {
        long read = Kernel.read(fd.number(), Syscall.scratchAddress(), 8);
        if (read < 0) {
            return read == -Errno.EAGAIN ? 0 : read;
        }
        long count = Syscall.scratchWord(0);
        return count < 0 ? Long.MAX_VALUE : count;
    }

    /** Whether the counter is so high that {@link #signal} would wait or fail. Nobody but an enemy lets it get there. */
    public boolean isFull() {
        return !FileDescriptors.awaitWritable(fd, 0);
    }

    /**
     * Like {@link #drain}, but never waits, whatever a peer does to the eventfd's flags meanwhile.
     *
     * @return as {@link #drain}; -EOPNOTSUPP before Linux 5.8
     */
    public long drainNow() {
        // One iovec in the words 1 and 2, for the word 0.
        Syscall.scratchWord(1, Syscall.scratchAddress());
        Syscall.scratchWord(2, 8);
        long read = Kernel.preadv2(fd.number(), Syscall.scratchAddress() + 8, 1, NO_OFFSET, RWF_NOWAIT);
        if (read < 0) {
            return read == -Errno.EAGAIN ? 0 : read;
        }
        long count = Syscall.scratchWord(0);
        return count < 0 ? Long.MAX_VALUE : count;
    }

    @Override
    public void close() {
        fd.close();
    }

    @Override
    public String toString() {
        return "eventfd, " + fd;
    }
}
