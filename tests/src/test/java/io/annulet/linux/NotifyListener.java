package io.annulet.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** What a service manager has: a datagram socket at a path, at which its services tell how they are. Used by one thread. */
public final class NotifyListener implements AutoCloseable {
    private static final int SOCK_DGRAM_CLOEXEC = 2 | 0x80000;
    private static final int MOST_BYTES = 4096;

    private final Fd fd;

    private NotifyListener(Fd fd) {
        this.fd = fd;
    }

    public static NotifyListener at(Path path) {
        try (Arena arena = Arena.ofConfined()) {
            return bind(SocketAddress.of(arena, path));
        }
    }

    /** At a name that is no file. */
    public static NotifyListener atAbstractName(String name) {
        try (Arena arena = Arena.ofConfined()) {
            return bind(SocketAddress.ofAbstractName(arena, name));
        }
    }

    private static NotifyListener bind(SocketAddress address) {
        Fd fd = Fd.of(
                (int) LinuxException.check(Kernel.socket(SocketAddress.AF_UNIX, SOCK_DGRAM_CLOEXEC), "make a socket"));
        LinuxException.check(Kernel.bind(fd.number(), address.address(), address.byteLength()), "bind a socket");
        return new NotifyListener(fd);
    }

    /** The assignments of messages up to one that has this among them, or of all that came in time. */
    public List<String> awaitAssignment(String wanted, Duration limit) {
        List<String> heard = new ArrayList<>();
        long deadlineNanos = System.nanoTime() + limit.toNanos();
        while (!heard.contains(wanted) && deadlineNanos - System.nanoTime() > 0) {
            if (FileDescriptors.awaitReadable(fd, deadlineNanos - System.nanoTime())) {
                heard.addAll(receive());
            }
        }
        return heard;
    }

    private List<String> receive() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment message = arena.allocate(MOST_BYTES + 1);
            long received = FileDescriptors.read(fd, message.asSlice(0, MOST_BYTES));
            LinuxException.check(received, "receive");
            return message.getString(0).lines().toList();
        }
    }

    @Override
    public void close() {
        fd.close();
    }
}
