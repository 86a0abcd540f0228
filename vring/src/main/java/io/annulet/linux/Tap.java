package io.annulet.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * One queue of a tap: a network interface of the host whose frames this process writes and reads, one frame a call.
 * Opened on the control path; read and written by one thread, the worker that owns the queue.
 */
public final class Tap implements AutoCloseable {
    private static final String DEVICE = "/dev/net/tun";
    private static final int O_RDWR = 0x2;
    private static final int O_NONBLOCK = 0x800;
    private static final int O_CLOEXEC = 0x80000;

    private static final long TUNSETIFF = 0x400454caL;
    private static final long TUNGETIFF = 0x800454d2L;
    private static final long TUNSETOFFLOAD = 0x400454d0L;
    private static final long TUNSETVNETHDRSZ = 0x400454d8L;

    private static final int IFF_TAP = 0x0002;
    private static final int IFF_MULTI_QUEUE = 0x0100;
    private static final int IFF_PERSIST = 0x0800;
    private static final int IFF_NO_PI = 0x1000;
    private static final int IFF_VNET_HDR = 0x4000;
    private static final int IFF_TUN_EXCL = 0x8000;

    private final Fd fd;
    private final NetworkInterface networkInterface;
    private final TapOptions options;
    private final boolean created;

    Tap(Fd fd, String name, TapOptions options, boolean created) {
        this.fd = fd;
        this.networkInterface = NetworkInterface.named(name);
        this.options = options;
        this.created = created;
    }

    /**
     * Opens the first queue of the tap {@code name}.
     *
     * @throws LinuxException if it cannot be had; the message says what to check
     */
    public static Tap open(String name, TapOptions options) {
        Fd fd = openDevice(options);
        boolean opened = false;
        try {
            Tap tap = attach(fd, name, options);
            tap.configure();
            opened = true;
            return tap;
        } finally {
            if (!opened) {
                fd.close();
            }
        }
    }

    /**
     * Goes on with a queue that was opened elsewhere.
     *
     * @param fd taken over
     * @param options with which it was opened
     */
    public static Tap adopt(Fd fd, String name, TapOptions options, boolean created) {
        return new Tap(fd, name, options, created);
    }

    /** Opens a further queue of this tap, which must have been opened with {@code multiQueue}. */
    public Tap openQueue() {
        return open(name(), options.presence(TapOptions.Presence.ATTACH));
    }

    private static Fd openDevice(TapOptions options) {
        try (Arena arena = Arena.ofConfined()) {
            int flags = O_RDWR | O_CLOEXEC | (options.nonBlocking() ? O_NONBLOCK : 0);
            long number =
                    Kernel.openat(Kernel.AT_FDCWD, arena.allocateFrom(DEVICE).address(), flags);
            return Fd.of((int) LinuxException.check(
                    number, "open " + DEVICE, "check that the device exists and that this process may use it"));
        }
    }

    private static Tap attach(Fd fd, String name, TapOptions options) {
        TapOptions.Presence presence = options.presence();
        if (presence == TapOptions.Presence.ATTACH
                && !NetworkInterface.named(name).exists()) {
            throw new LinuxException("attach to tap " + name, Errno.ENODEV, "check that the tap exists (ip tuntap)");
        }
        try (Arena arena = Arena.ofConfined()) {
            InterfaceRequest request = new InterfaceRequest(arena, name);
            if (presence != TapOptions.Presence.ATTACH) {
                long result = setInterface(fd, request, flags(options) | IFF_TUN_EXCL);
                if (result >= 0) {
                    return new Tap(fd, request.name(), options, true);
                }
                if (result != -Errno.EBUSY || presence == TapOptions.Presence.CREATE) {
                    throw new LinuxException("create tap " + name, (int) -result, remedyForCreate((int) -result));
                }
            }
            long result = setInterface(fd, request, flags(options));
            LinuxException.check(result, "attach to tap " + name, remedyForAttach((int) -result));
            return new Tap(fd, request.name(), options, false);
        }
    }

    private static long setInterface(Fd fd, InterfaceRequest request, int flags) {
        request.flags(flags);
        return Kernel.ioctl(fd.number(), TUNSETIFF, request.address());
    }

    private static int flags(TapOptions options) {
        return IFF_TAP
                | IFF_NO_PI
                | (options.hasHeader() ? IFF_VNET_HDR : 0)
                | (options.multiQueue() ? IFF_MULTI_QUEUE : 0);
    }

    private static String remedyForCreate(int errno) {
        return switch (errno) {
            case Errno.EPERM -> "check that this process is root or has CAP_NET_ADMIN";
            case Errno.EBUSY -> "check that no interface of this name exists (ip link)";
            case Errno.EINVAL -> "check that the name can be that of an interface";
            default -> "";
        };
    }

    private static String remedyForAttach(int errno) {
        return switch (errno) {
            case Errno.EPERM ->
                "check that this process is root, has CAP_NET_ADMIN, or owns the tap (ip tuntap add ... user)";
            case Errno.EBUSY -> "check that no other process has the tap open";
            case Errno.EINVAL -> "check that it is a tap, and with or without multi_queue as asked for (ip -d tuntap)";
            default -> "";
        };
    }

    private void configure() {
        if (options.hasHeader()) {
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment byteLength = arena.allocateFrom(JAVA_INT, options.headerByteLength());
                LinuxException.check(
                        Kernel.ioctl(fd.number(), TUNSETVNETHDRSZ, byteLength.address()),
                        "set the header length of tap " + name());
            }
            offloads(options.offloads());
        }
    }

    /** Sets which frames the kernel may hand over unfinished: a set of the {@code OFFLOAD_} bits of {@link TapOptions}. */
    public void offloads(int offloads) {
        LinuxException.check(
                Kernel.ioctl(fd.number(), TUNSETOFFLOAD, offloads),
                String.format("set offloads 0x%x on tap %s", offloads, name()),
                "check that this kernel knows them");
    }

    public Fd fd() {
        return fd;
    }

    /** The interface's name, as the kernel completed it: {@code vm%d} becomes {@code vm0}. */
    public String name() {
        return networkInterface.name();
    }

    /** The interface, for its addresses, MTU and state. */
    public NetworkInterface networkInterface() {
        return networkInterface;
    }

    /** Whether opening made the interface. If not, it existed before. */
    public boolean isCreated() {
        return created;
    }

    /** Whether the interface stays when its last descriptor is closed. One that was created here does not. */
    public boolean isPersistent() {
        try (Arena arena = Arena.ofConfined()) {
            InterfaceRequest request = new InterfaceRequest(arena, name());
            LinuxException.check(
                    Kernel.ioctl(fd.number(), TUNGETIFF, request.address()), "read the flags of tap " + name());
            return (request.flags() & IFF_PERSIST) != 0;
        }
    }

    public void up() {
        networkInterface.up();
    }

    public void mtu(int mtu) {
        networkInterface.mtu(mtu);
    }

    /** The hardware address of the host's side. */
    public byte[] mac() {
        return networkInterface.mac();
    }

    /**
     * Reads one frame, its header first, into {@code count} buffers: {@link IoVectors#address}.
     *
     * @return the bytes read, or the negative error number: -EAGAIN when there is no frame. A frame that is longer than
     *     the buffers is cut off.
     */
    public long readv(long iovecAddress, int count) {
        return Kernel.readv(fd.number(), iovecAddress, count);
    }

    /**
     * Writes one frame, its header first, gathered from {@code count} buffers, of which the kernel reads each once.
     *
     * @return the bytes written, or the negative error number: -EINVAL for a header that the kernel refuses, -EFAULT for a
     *     buffer that is not there (any more), -EIO while the interface is down
     */
    public long writev(long iovecAddress, int count) {
        return Kernel.writev(fd.number(), iovecAddress, count);
    }

    /** As {@link #readv}, into one buffer. */
    public long read(long address, long byteLength) {
        return Kernel.read(fd.number(), address, byteLength);
    }

    /** As {@link #writev}, from one buffer. */
    public long write(long address, long byteLength) {
        return Kernel.write(fd.number(), address, byteLength);
    }

    @Override
    public void close() {
        fd.close();
    }

    @Override
    public String toString() {
        return "tap " + name() + ", " + fd;
    }
}
