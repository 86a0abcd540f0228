package io.annulet.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * An AF_XDP socket: frames of one queue of an interface, in memory registered with the kernel, handed over through four
 * rings. Opened on the control path; the rings are used by one thread.
 *
 * <pre>
 *            fill ring: empty chunks  -->            --> receive ring: frames that came
 *   owner                                  kernel
 *            transmit ring: frames    -->            --> completion ring: frames that have left
 * </pre>
 *
 * <p>Source: Documentation/networking/af_xdp.rst and include/uapi/linux/if_xdp.h of Linux.
 */
public final class XdpSocket implements AutoCloseable {
    /** Bytes before each frame to be sent that are the kernel's to read: {@code struct xsk_tx_metadata}. */
    public static final int METADATA_BYTES = 24;

    /** In the first word of the metadata: complete the checksum. */
    public static final long METADATA_CHECKSUM = 2;

    /** Bytes of each chunk that lie before a frame that came. */
    public static final int RECEIVE_HEADROOM = 256;

    private static final int AF_XDP = 44;
    private static final int SOCK_RAW_CLOEXEC = 3 | 0x80000;
    private static final int SOL_XDP = 283;
    private static final int SOL_SOCKET = 1;
    private static final int SO_PREFER_BUSY_POLL = 69;
    private static final int SO_BUSY_POLL = 46;

    private static final int XDP_MMAP_OFFSETS = 1;
    private static final int XDP_RX_RING = 2;
    private static final int XDP_TX_RING = 3;
    private static final int XDP_UMEM_REG = 4;
    private static final int XDP_UMEM_FILL_RING = 5;
    private static final int XDP_UMEM_COMPLETION_RING = 6;
    private static final int XDP_STATISTICS = 7;
    private static final int XDP_OPTIONS = 8;
    private static final int XDP_MAX_TX_SKB_BUDGET = 9;

    private static final int OFFSETS_BYTES = 128;
    private static final int OFFSETS_OF_A_RING_BYTES = 32;
    private static final long MAP_RX = 0;
    private static final long MAP_TX = 0x8000_0000L;
    private static final long MAP_FILL = 0x1_0000_0000L;
    private static final long MAP_COMPLETION = 0x1_8000_0000L;

    private static final int UMEM_REG_BYTES = 32;
    private static final int UMEM_UNALIGNED = 1;
    private static final int UMEM_METADATA = 4;

    private static final int ADDRESS_BYTES = 16;
    private static final int BIND_NEED_WAKEUP = 8;
    private static final int BIND_SEVERAL_BUFFERS = 16;
    private static final int OPTION_ZEROCOPY = 1;
    private static final long BIND_NANOS = TimeUnit.SECONDS.toNanos(2);
    private static final long BIND_RETRY_NANOS = TimeUnit.MILLISECONDS.toNanos(2);
    private static final int MSG_DONTWAIT = 0x40;

    private final Fd fd;
    private final String interfaceName;
    private final XdpRing receiveRing;
    private final XdpRing fillRing;
    private final XdpRing transmitRing;
    private final XdpRing completionRing;
    private final MemorySegment statistics = Arena.ofAuto().allocate(XdpStatistic.BYTES, 8);
    private final MemorySegment statisticsByteLength = Arena.ofAuto().allocate(Integer.BYTES, 4);
    private boolean hasMetadata;
    private boolean hasSeveralBuffers;

    private XdpSocket(Fd fd, String interfaceName, int capacity, MemorySegment offsets) {
        this.fd = fd;
        this.interfaceName = interfaceName;
        receiveRing = XdpRing.map(fd, MAP_RX, ring(offsets, 0), capacity, XdpRing.DESCRIPTOR_BYTES);
        transmitRing = XdpRing.map(fd, MAP_TX, ring(offsets, 1), capacity, XdpRing.DESCRIPTOR_BYTES);
        fillRing = XdpRing.map(fd, MAP_FILL, ring(offsets, 2), capacity, XdpRing.ADDRESS_BYTES);
        completionRing = XdpRing.map(fd, MAP_COMPLETION, ring(offsets, 3), capacity, XdpRing.ADDRESS_BYTES);
    }

    private static MemorySegment ring(MemorySegment offsets, int number) {
        return offsets.asSlice((long) OFFSETS_OF_A_RING_BYTES * number, OFFSETS_OF_A_RING_BYTES);
    }

    /** Whether this kernel has such sockets. */
    public static boolean isKnown() {
        long number = Kernel.socket(AF_XDP, SOCK_RAW_CLOEXEC);
        if (number >= 0) {
            Fd.of((int) number).close();
        }
        return number != -Errno.EAFNOSUPPORT;
    }

    /**
     * Opens a socket, registers the memory and binds it to the interface's queue. No frame comes before the fill ring has
     * chunks and an {@link XdpProgram} names the socket.
     *
     * @throws LinuxException if it cannot be had; the message says what to check
     */
    public static XdpSocket open(NetworkInterface networkInterface, XdpSetup setup) {
        return over(create(networkInterface), networkInterface, setup);
    }

    /** A socket that knows no memory and no interface yet; making one is what needs CAP_NET_RAW. */
    public static Fd create(NetworkInterface networkInterface) {
        return Fd.of((int) LinuxException.check(
                Kernel.socket(AF_XDP, SOCK_RAW_CLOEXEC),
                "open an XDP socket on " + networkInterface.name(),
                "check that the kernel has AF_XDP (5.10 or later), and that this process is root or has CAP_NET_RAW"));
    }

    /**
     * Registers the memory with such a socket and binds it.
     *
     * @param fd taken over; closed if this throws
     */
    public static XdpSocket over(Fd fd, NetworkInterface networkInterface, XdpSetup setup) {
        String action = "open an XDP socket on " + networkInterface.name();
        XdpSocket socket = null;
        boolean opened = false;
        try (Arena arena = Arena.ofConfined()) {
            boolean hasMetadata = registerMemory(fd, setup, arena);
            for (int option : new int[] {XDP_UMEM_FILL_RING, XDP_UMEM_COMPLETION_RING, XDP_RX_RING, XDP_TX_RING}) {
                LinuxException.check(
                        set(fd, SOL_XDP, option, setup.ringCapacity(), arena), "set up the rings: " + action);
            }
            MemorySegment offsets = arena.allocate(OFFSETS_BYTES, 8);
            MemorySegment byteLength = arena.allocateFrom(JAVA_INT, OFFSETS_BYTES);
            LinuxException.check(
                    Kernel.getsockopt(fd.number(), SOL_XDP, XDP_MMAP_OFFSETS, offsets.address(), byteLength.address()),
                    "find the rings: " + action);
            socket = new XdpSocket(fd, networkInterface.name(), setup.ringCapacity(), offsets);
            socket.hasMetadata = hasMetadata;
            socket.bind(networkInterface, setup, arena);
            opened = true;
            return socket;
        } finally {
            if (!opened) {
                if (socket == null) {
                    fd.close();
                } else {
                    socket.close();
                }
            }
        }
    }

    /** Returns whether the kernel takes requests before frames: Linux 6.8 and later. */
    private static boolean registerMemory(Fd fd, XdpSetup setup, Arena arena) {
        int flags = setup.isUnaligned() ? UMEM_UNALIGNED : 0;
        if (register(fd, setup, flags | UMEM_METADATA, arena) >= 0) {
            return true;
        }
        LinuxException.check(
                register(fd, setup, flags, arena),
                "register " + setup.memoryByteLength() + " bytes of memory for frames",
                "check the limit of locked memory (ulimit -l), and that the memory is no file on a disk");
        return false;
    }

    private static long register(Fd fd, XdpSetup setup, int flags, Arena arena) {
        MemorySegment request = arena.allocate(UMEM_REG_BYTES, 8);
        request.set(JAVA_LONG, 0, setup.memoryAddress());
        request.set(JAVA_LONG, 8, setup.memoryByteLength());
        request.set(JAVA_INT, 16, setup.chunkByteLength());
        request.set(JAVA_INT, 24, flags);
        request.set(JAVA_INT, 28, (flags & UMEM_METADATA) != 0 ? METADATA_BYTES : 0);
        return Kernel.setsockopt(fd.number(), SOL_XDP, XDP_UMEM_REG, request.address(), UMEM_REG_BYTES);
    }

    private static long set(Fd fd, int level, int option, int value, Arena arena) {
        MemorySegment word = arena.allocateFrom(JAVA_INT, value);
        return Kernel.setsockopt(fd.number(), level, option, word.address(), Integer.BYTES);
    }

    private void bind(NetworkInterface networkInterface, XdpSetup setup, Arena arena) {
        int flags = setup.copying().bindFlag() | BIND_NEED_WAKEUP;
        int index = networkInterface.index();
        long result = bindPatiently(index, setup.queue(), flags | BIND_SEVERAL_BUFFERS, arena);
        hasSeveralBuffers = result >= 0;
        if (result == -Errno.EINVAL || result == -Errno.EOPNOTSUPP) {
            result = bind(index, setup.queue(), flags, arena);
        }
        LinuxException.check(
                result,
                "bind an XDP socket to queue " + setup.queue() + " of " + interfaceName,
                remedyForBind((int) -result, setup));
    }

    /** The kernel frees the queue of a socket that was closed a while after it. */
    private long bindPatiently(int index, int queue, int flags, Arena arena) {
        long deadlineNanos = System.nanoTime() + BIND_NANOS;
        long result = bind(index, queue, flags, arena);
        while (result == -Errno.EBUSY && System.nanoTime() < deadlineNanos) {
            LockSupport.parkNanos(BIND_RETRY_NANOS);
            result = bind(index, queue, flags, arena);
        }
        return result;
    }

    private long bind(int index, int queue, int flags, Arena arena) {
        MemorySegment address = arena.allocate(ADDRESS_BYTES, 4);
        address.set(JAVA_SHORT, 0, (short) AF_XDP);
        address.set(JAVA_SHORT, 2, (short) flags);
        address.set(JAVA_INT, 4, index);
        address.set(JAVA_INT, 8, queue);
        return Kernel.bind(fd.number(), address.address(), ADDRESS_BYTES);
    }

    private String remedyForBind(int errno, XdpSetup setup) {
        return switch (errno) {
            case Errno.EBUSY -> "check that no other socket has this queue, or choose another with queue=";
            case Errno.EINVAL, Errno.EOPNOTSUPP ->
                setup.copying() == XdpSetup.Copying.ZEROCOPY
                        ? "the interface's driver has no zero copy: use mode=auto"
                        : "check that the interface has that queue (ethtool -l)";
            case Errno.ENETDOWN -> "bring the interface up (ip link set " + interfaceName + " up)";
            case Errno.EPERM -> "check that this process is root or has CAP_NET_RAW";
            default -> "";
        };
    }

    public Fd fd() {
        return fd;
    }

    /** Frames that came. */
    public XdpRing receiveRing() {
        return receiveRing;
    }

    /** Chunks for frames that will come. */
    public XdpRing fillRing() {
        return fillRing;
    }

    /** Frames to be sent. */
    public XdpRing transmitRing() {
        return transmitRing;
    }

    /** Frames that were sent. */
    public XdpRing completionRing() {
        return completionRing;
    }

    /** Whether the kernel reads {@link #METADATA_BYTES} before a frame whose descriptor says so. */
    public boolean hasMetadata() {
        return hasMetadata;
    }

    /** Whether a frame may lie in several chunks, both ways. */
    public boolean hasSeveralBuffers() {
        return hasSeveralBuffers;
    }

    /** Whether the device itself reads and writes the registered memory. */
    public boolean isZeroCopy() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment options = arena.allocate(Integer.BYTES, 4);
            MemorySegment byteLength = arena.allocateFrom(JAVA_INT, Integer.BYTES);
            LinuxException.check(
                    Kernel.getsockopt(fd.number(), SOL_XDP, XDP_OPTIONS, options.address(), byteLength.address()),
                    "read the options of " + this);
            return (options.get(JAVA_INT, 0) & OPTION_ZEROCOPY) != 0;
        }
    }

    /**
     * Asks the kernel to work the device in our calls instead of in interrupts, for so long a call.
     *
     * @return whether this kernel, and this process's rights, allow it
     */
    public boolean preferBusyPoll(int micros) {
        try (Arena arena = Arena.ofConfined()) {
            return set(fd, SOL_SOCKET, SO_PREFER_BUSY_POLL, 1, arena) >= 0
                    && set(fd, SOL_SOCKET, SO_BUSY_POLL, micros, arena) >= 0;
        }
    }

    /** Asks the kernel to take so many frames a call: Linux 6.17 and later; before, it takes 32. */
    public boolean framesPerCall(int frames) {
        try (Arena arena = Arena.ofConfined()) {
            return set(fd, SOL_XDP, XDP_MAX_TX_SKB_BUDGET, frames, arena) >= 0;
        }
    }

    // The data path: no exceptions, nothing allocated.

    /**
     * Tells the kernel that the transmit ring has something.
     *
     * @return 0, or the negative error number: -EAGAIN if it did not take all of it, -ENOBUFS if the device is full,
     *     -ENETDOWN while the interface is down, -ENXIO once it is gone
     */
    public long wakeTransmit() {
        return Kernel.sendNothing(fd.number(), MSG_DONTWAIT);
    }

    /** Tells the kernel that the fill ring has something. */
    public long wakeFill() {
        return Kernel.receiveNothing(fd.number(), MSG_DONTWAIT);
    }

    /** Asks the kernel what it has counted; false if it does not tell. */
    public boolean readStatistics() {
        statisticsByteLength.set(JAVA_INT, 0, XdpStatistic.BYTES);
        return Kernel.getsockopt(
                        fd.number(), SOL_XDP, XDP_STATISTICS, statistics.address(), statisticsByteLength.address())
                >= 0;
    }

    /** What it had counted by the last {@link #readStatistics}. */
    public long statistic(XdpStatistic which) {
        return statistics.get(JAVA_LONG, (long) Long.BYTES * which.ordinal());
    }

    /** Gives the queue back. The registered memory may be unmapped after it. */
    @Override
    public void close() {
        fd.close();
        receiveRing.close();
        fillRing.close();
        transmitRing.close();
        completionRing.close();
    }

    @Override
    public String toString() {
        return "XDP socket on " + interfaceName + ", " + fd;
    }
}
