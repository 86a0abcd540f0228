package io.annulet.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** What can be asked of and done to any file descriptor, on the control path: failures throw {@link LinuxException}. */
public final class FileDescriptors {
    static final int F_SETFD = 2;
    static final int FD_CLOEXEC = 1;

    private static final int STATFS_BYTES = 120;
    private static final int F_GETFL = 3;
    private static final int F_SETFL = 4;
    private static final int F_DUPFD_CLOEXEC = 1030;
    private static final int O_WRONLY = 1;
    private static final int O_RDWR = 2;
    private static final int O_NONBLOCK = 0x800;
    private static final int O_CLOEXEC = 0x80000;

    private static final int SEEK_DATA = 3;
    private static final int SEEK_HOLE = 4;
    private static final int FALLOC_FL_KEEP_SIZE = 1;
    private static final int FALLOC_FL_PUNCH_HOLE = 2;

    private static final int AT_SYMLINK_NOFOLLOW = 0x100;
    private static final int AT_EMPTY_PATH = 0x1000;
    private static final int STATX_BASIC_STATS = 0x7ff;

    private static final short POLLIN = 1;
    private static final short POLLOUT = 4;
    private static final long NANOS_A_SECOND = 1_000_000_000;

    private FileDescriptors() {}

    /** A second descriptor of the same open file description, closed on exec. */
    public static Fd duplicate(Fd fd) {
        return Fd.of((int) LinuxException.check(
                Kernel.fcntl(fd.number(), F_DUPFD_CLOEXEC, 0),
                "duplicate " + fd,
                "check the limit of open files (ulimit -n)"));
    }

    /** Opens an existing file for writing without waiting, such as {@code /dev/null}. */
    public static Fd openForWriting(Path path) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment name = arena.allocateFrom(path.toString());
            return Fd.of((int) LinuxException.check(
                    Kernel.openat(Kernel.AT_FDCWD, name.address(), O_WRONLY | O_NONBLOCK | O_CLOEXEC),
                    "open " + path + " for writing"));
        }
    }

    /**
     * Opens a device for reading and writing.
     *
     * @throws LinuxException with this remedy
     */
    public static Fd openDevice(Path path, String remedy) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment name = arena.allocateFrom(path.toString());
            return Fd.of((int) LinuxException.check(
                    Kernel.openat(Kernel.AT_FDCWD, name.address(), O_RDWR | O_CLOEXEC), "open " + path, remedy));
        }
    }

    /** Opens an existing file for reading. */
    public static Fd openForReading(Path path) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment name = arena.allocateFrom(path.toString());
            return Fd.of((int) LinuxException.check(
                    Kernel.openat(Kernel.AT_FDCWD, name.address(), O_CLOEXEC),
                    "open " + path,
                    "check that it is there, and its rights"));
        }
    }

    /**
     * Opens the file again, for writing without waiting. Unlike with a duplicate, no other holder of {@code fd} can change
     * that. Opening has effects of its own on some devices: ask for the type first. Impossible for anonymous files.
     */
    public static Fd reopenForWriting(Fd fd) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment path = arena.allocateFrom("/proc/self/fd/" + fd.number());
            return Fd.of((int) LinuxException.check(
                    Kernel.openat(Kernel.AT_FDCWD, path.address(), O_WRONLY | O_NONBLOCK | O_CLOEXEC),
                    "open " + fd + " again for writing",
                    "check that /proc is mounted and that this process may write the file"));
        }
    }

    /** What kind of file this is, where it lives and how large it is. */
    public static FileStatus status(Fd fd) {
        try (Arena arena = Arena.ofConfined()) {
            String action = "read the status of " + fd;
            MemorySegment status = arena.allocate(256, 8);
            MemorySegment empty = arena.allocateFrom("");
            LinuxException.check(
                    Kernel.statx(fd.number(), empty.address(), AT_EMPTY_PATH, STATX_BASIC_STATS, status.address()),
                    action);
            MemorySegment fileSystem = arena.allocate(STATFS_BYTES, 8);
            LinuxException.check(Kernel.fstatfs(fd.number(), fileSystem.address()), action);
            return statusOf(status, fileSystem);
        }
    }

    /** The status of the file at {@code path} itself, links not followed, without its file system; null if there is none. */
    static @Nullable FileStatus statusAt(Path path) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment status = arena.allocate(256, 8);
            long result = Kernel.statx(
                    Kernel.AT_FDCWD,
                    arena.allocateFrom(path.toString()).address(),
                    AT_SYMLINK_NOFOLLOW,
                    STATX_BASIC_STATS,
                    status.address());
            if (result == -Errno.ENOENT) {
                return null;
            }
            LinuxException.check(result, "look at " + path);
            return statusOf(status, arena.allocate(STATFS_BYTES, 8));
        }
    }

    /** Decodes {@code struct statx} of linux/stat.h, which unlike {@code struct stat} is equal on all architectures. */
    private static FileStatus statusOf(MemorySegment statx, MemorySegment statfs) {
        int mode = Short.toUnsignedInt(statx.get(JAVA_SHORT, 28));
        long device = ((long) statx.get(JAVA_INT, 136) << 32) | Integer.toUnsignedLong(statx.get(JAVA_INT, 140));
        return new FileStatus(
                FileStatus.Type.ofMode(mode),
                mode & 0xfff,
                statx.get(JAVA_LONG, 40),
                statx.get(JAVA_LONG, 32),
                device,
                statx.get(JAVA_LONG, 48),
                statx.get(JAVA_INT, 20),
                statx.get(JAVA_INT, 24),
                statfs.get(JAVA_LONG, 0),
                statfs.get(JAVA_LONG, 8),
                statfs.get(JAVA_LONG, 16),
                statfs.get(JAVA_LONG, 32));
    }

    /** What {@code /proc/self/fd} says the descriptor is, such as {@code anon_inode:[eventfd]} or a path. */
    public static String link(Fd fd) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment path = arena.allocateFrom("/proc/self/fd/" + fd.number());
            MemorySegment target = arena.allocate(4097);
            LinuxException.check(
                    Kernel.readlinkat(Kernel.AT_FDCWD, path.address(), target.address(), 4096),
                    "read the link of " + fd,
                    "check that /proc is mounted");
            return target.getString(0);
        }
    }

    /** Whether reads and writes return EAGAIN where they would wait. Shared with everyone who holds the same description. */
    public static boolean isNonBlocking(Fd fd) {
        return (statusFlags(fd) & O_NONBLOCK) != 0;
    }

    public static void setNonBlocking(Fd fd, boolean nonBlocking) {
        int flags = (statusFlags(fd) & ~O_NONBLOCK) | (nonBlocking ? O_NONBLOCK : 0);
        LinuxException.check(Kernel.fcntl(fd.number(), F_SETFL, flags), "set the status flags of " + fd);
    }

    private static int statusFlags(Fd fd) {
        return (int) LinuxException.check(Kernel.fcntl(fd.number(), F_GETFL, 0), "read the status flags of " + fd);
    }

    /** Makes the file {@code byteLength} bytes long. */
    public static void truncate(Fd fd, long byteLength) {
        LinuxException.check(
                Kernel.ftruncate(fd.number(), byteLength), "truncate " + fd + " to " + byteLength + " bytes");
    }

    /**
     * Reads up to the length of {@code buffer} from {@code offset} of a file. Where a mapping of the file faults because
     * the file has become shorter, this reads less.
     *
     * @param buffer native memory
     * @return the bytes read, 0 at or behind the end of the file, or the negative error number
     */
    public static long readAt(Fd fd, long offset, MemorySegment buffer) {
        return Kernel.pread(fd.number(), buffer.address(), buffer.byteSize(), offset);
    }

    /**
     * Writes what is in {@code buffer} to {@code offset} of a file.
     *
     * @param buffer native memory
     * @return the bytes written, or the negative error number
     */
    public static long writeAt(Fd fd, long offset, MemorySegment buffer) {
        return Kernel.pwrite(fd.number(), buffer.address(), buffer.byteSize(), offset);
    }

    /**
     * Reads up to the length of {@code buffer} from a pipe, a socket or where a file stands.
     *
     * @param buffer native memory
     * @return the bytes read, 0 at the end, or the negative error number
     */
    public static long read(Fd fd, MemorySegment buffer) {
        return Kernel.read(fd.number(), buffer.address(), buffer.byteSize());
    }

    /** Writes bytes of native memory; returns how many, or the negative error number. */
    public static long write(Fd fd, long address, long byteLength) {
        return Kernel.write(fd.number(), address, byteLength);
    }

    /** As {@link #write}, gathered from {@code count} buffers: {@link IoVectors#address}. */
    public static long writev(Fd fd, long iovecAddress, int count) {
        return Kernel.writev(fd.number(), iovecAddress, count);
    }

    /** Gives the range's pages back; it reads as zeros afterwards and the file keeps its length. */
    public static void punchHole(Fd fd, long offset, long byteLength) {
        LinuxException.check(
                Kernel.fallocate(fd.number(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, byteLength),
                "punch a hole of " + byteLength + " bytes into " + fd);
    }

    /**
     * Where the first hole from an offset on begins, {@code offset} if there is one; the end of a file counts as one. Moves the
     * offset that all holders of the file share. {@code offset} as well if that cannot be told.
     */
    public static long holeFrom(Fd fd, long offset) {
        long hole = Kernel.lseek(fd.number(), offset, SEEK_HOLE);
        return hole < 0 ? offset : hole;
    }

    /** Likewise the first bytes that are there; {@link Long#MAX_VALUE} if none are. */
    public static long dataFrom(Fd fd, long offset) {
        long data = Kernel.lseek(fd.number(), offset, SEEK_DATA);
        return data < 0 ? Long.MAX_VALUE : data;
    }

    /** Waits until a read would not wait, or the peer is gone, or the time is over; true unless the time was over. */
    public static boolean awaitReadable(Fd fd, long timeoutNanos) {
        return await(fd, POLLIN, timeoutNanos);
    }

    /** Waits until a write would not wait, or the peer is gone, or the time is over; true unless the time was over. */
    public static boolean awaitWritable(Fd fd, long timeoutNanos) {
        return await(fd, POLLOUT, timeoutNanos);
    }

    private static boolean await(Fd fd, short events, long timeoutNanos) {
        long deadlineNanos = System.nanoTime() + timeoutNanos;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment pollFd = arena.allocate(8, 4);
            MemorySegment timespec = arena.allocate(16, 8);
            pollFd.set(JAVA_INT, 0, fd.number());
            pollFd.set(JAVA_SHORT, 4, events);
            while (true) {
                long leftNanos = Math.max(0, deadlineNanos - System.nanoTime());
                timespec.set(JAVA_LONG, 0, leftNanos / NANOS_A_SECOND);
                timespec.set(JAVA_LONG, 8, leftNanos % NANOS_A_SECOND);
                long ready = Kernel.ppoll(pollFd.address(), 1, timespec.address());
                if (ready != -Errno.EINTR) {
                    return LinuxException.check(ready, "wait for " + fd) > 0;
                }
            }
        }
    }

    /** How many descriptors this process has open. */
    public static int openCount() {
        try (Stream<Path> entries = Files.list(Path.of("/proc/self/fd"))) {
            // One of them is the descriptor that this listing itself holds.
            return (int) entries.count() - 1;
        } catch (IOException e) {
            throw new UncheckedIOException("list /proc/self/fd; check that /proc is mounted", e);
        }
    }
}
