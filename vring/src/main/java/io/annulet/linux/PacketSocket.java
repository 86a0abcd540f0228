package io.annulet.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * A socket that sends whole Ethernet frames out of one interface of the host: AF_PACKET. Out of a tap they come to whoever
 * has the tap open. It receives nothing. Used by one thread.
 */
public final class PacketSocket implements AutoCloseable {
    private static final int AF_PACKET = 17;
    private static final int SOCK_RAW_NONBLOCK_CLOEXEC = 3 | 0x800 | 0x80000;
    private static final int ADDRESS_BYTES = 20;
    private static final int ADDRESS_INTERFACE = 4;

    private final Fd fd;

    private PacketSocket(Fd fd) {
        this.fd = fd;
    }

    /** A socket on an interface of the network namespace that the calling thread is in. */
    public static PacketSocket open(NetworkInterface networkInterface) {
        String action = "send frames out of " + networkInterface.name();
        Fd fd = Fd.of((int) LinuxException.check(
                Kernel.socket(AF_PACKET, SOCK_RAW_NONBLOCK_CLOEXEC),
                action,
                "check that this process is root or has CAP_NET_RAW"));
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment address = arena.allocate(ADDRESS_BYTES, 4);
            address.set(JAVA_SHORT, 0, (short) AF_PACKET);
            address.set(JAVA_INT, ADDRESS_INTERFACE, networkInterface.index());
            long result = Kernel.bind(fd.number(), address.address(), ADDRESS_BYTES);
            if (result < 0) {
                fd.close();
            }
            LinuxException.check(result, action);
            return new PacketSocket(fd);
        }
    }

    /** Sends the frame at {@code address}; returns its length or the negative error number: -ENOBUFS when a queue is full. */
    public long send(long address, long byteLength) {
        return Kernel.write(fd.number(), address, byteLength);
    }

    @Override
    public void close() {
        fd.close();
    }
}
