package io.annulet.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * What the kernel tells of its devices (uevents, by netlink); used by one thread, closed by any once that is through.
 *
 * <p>The words of an event: {@code ACTION@PATH} and then assignments such as {@code ACTION=change}, each ended by a zero.
 * Only what the kernel itself sent is handed out.
 */
public final class KernelEvents implements AutoCloseable {
    /** What stands for events that came faster than they were read, and are lost. */
    public static final List<String> LOST = List.of("lost");

    private static final int AF_NETLINK = 16;
    private static final int NETLINK_KOBJECT_UEVENT = 15;
    private static final int SOCK_DGRAM_CLOEXEC = 2 | 0x80000;
    private static final int MSG_DONTWAIT = 0x40;
    private static final int ADDRESS_BYTES = 12;
    private static final int SENDER = 4;
    private static final int GROUPS = 8;

    /** Of the kernel's own events; others belong to programs. */
    private static final int KERNEL_GROUP = 1;

    private static final int MOST_BYTES = 8192;

    private final Fd fd;

    private KernelEvents(Fd fd) {
        this.fd = fd;
    }

    /** Empty where this process may not listen. */
    public static Optional<KernelEvents> listen() {
        long opened = Kernel.socket(AF_NETLINK, SOCK_DGRAM_CLOEXEC, NETLINK_KOBJECT_UEVENT);
        if (opened < 0) {
            return Optional.empty();
        }
        Fd fd = Fd.of((int) opened);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment address = arena.allocate(ADDRESS_BYTES, 4);
            address.set(JAVA_SHORT, 0, (short) AF_NETLINK);
            address.set(JAVA_INT, GROUPS, KERNEL_GROUP);
            if (Kernel.bind(fd.number(), address.address(), ADDRESS_BYTES) < 0) {
                fd.close();
                return Optional.empty();
            }
            return Optional.of(new KernelEvents(fd));
        }
    }

    /** The next event's words, none if none comes in time; {@link #LOST} if some were lost. */
    public List<String> next(long limitNanos) {
        if (!FileDescriptors.awaitReadable(fd, limitNanos)) {
            return List.of();
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment event = arena.allocate(MOST_BYTES);
            MemorySegment sender = arena.allocate(ADDRESS_BYTES, 4);
            MemorySegment senderBytes = arena.allocateFrom(JAVA_INT, ADDRESS_BYTES);
            long received = Kernel.recvfrom(
                    fd.number(), event.address(), MOST_BYTES, MSG_DONTWAIT, sender.address(), senderBytes.address());
            if (received == -Errno.ENOBUFS) {
                return LOST;
            }
            if (received <= 0 || sender.get(JAVA_INT, SENDER) != 0) {
                return List.of();
            }
            byte[] bytes = event.asSlice(0, received).toArray(JAVA_BYTE);
            return Arrays.asList(new String(bytes, UTF_8).split("\0"));
        }
    }

    @Override
    public void close() {
        fd.close();
    }
}
