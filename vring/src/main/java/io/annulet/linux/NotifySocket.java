package io.annulet.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * The datagram socket at which a service manager wants to hear of this process, by the protocol of sd_notify(3). Any thread
 * may send; the owner closes it.
 */
public final class NotifySocket implements AutoCloseable {
    private static final int SOCK_DGRAM = 2;
    private static final int SOCK_CLOEXEC = 0x80000;
    private static final int MSG_DONTWAIT = 0x40;
    private static final int MSG_NOSIGNAL = 0x4000;

    private final Fd fd;

    private NotifySocket(Fd fd) {
        this.fd = fd;
    }

    /**
     * Connects to what the environment variable NOTIFY_SOCKET says: an absolute path, or an abstract name behind an @.
     *
     * @throws LinuxException if nobody is there
     */
    public static NotifySocket connect(String where) {
        String action = "connect to the service manager at " + where;
        try (Arena arena = Arena.ofConfined()) {
            SocketAddress address = where.startsWith("@")
                    ? SocketAddress.ofAbstractName(arena, where.substring(1))
                    : SocketAddress.of(arena, Path.of(where));
            Fd fd = Fd.of((int) LinuxException.check(
                    Kernel.socket(SocketAddress.AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC),
                    action,
                    "check the limit of open files (ulimit -n)"));
            long result = Kernel.connect(fd.number(), address.address(), address.byteLength());
            if (result < 0) {
                fd.close();
                throw new LinuxException(action, (int) -result, "check the variable NOTIFY_SOCKET");
            }
            return new NotifySocket(fd);
        }
    }

    /**
     * Sends assignments, such as {@code READY=1}, one a line, without waiting.
     *
     * @return whether they were taken
     */
    public boolean send(String assignments) {
        byte[] bytes = assignments.getBytes(StandardCharsets.UTF_8);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment message = arena.allocateFrom(JAVA_BYTE, bytes);
            return Kernel.send(fd.number(), message.address(), bytes.length, MSG_DONTWAIT | MSG_NOSIGNAL)
                    == bytes.length;
        }
    }

    /**
     * Sends assignments with a descriptor, such as {@code FDSTORE=1}, and waits for room.
     *
     * @return whether they were taken in time
     */
    public boolean send(String assignments, Fd passed, long limitNanos) {
        byte[] bytes = assignments.getBytes(StandardCharsets.UTF_8);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment text = arena.allocateFrom(JAVA_BYTE, bytes);
            SocketMessage message = new SocketMessage(arena, text.address(), bytes.length);
            message.attach(new int[] {passed.number()}, 1);
            FileDescriptors.awaitWritable(fd, limitNanos);
            return Kernel.sendmsg(fd.number(), message.address(), MSG_DONTWAIT | MSG_NOSIGNAL) == bytes.length;
        }
    }

    @Override
    public void close() {
        fd.close();
    }
}
