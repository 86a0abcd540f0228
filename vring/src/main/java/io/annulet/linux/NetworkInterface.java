package io.annulet.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * A network interface of the network namespace that the calling thread is in, known by its name. Control path: failures
 * throw {@link LinuxException}.
 */
public final class NetworkInterface {
    private static final int SOCK_DGRAM_CLOEXEC = 2 | 0x80000;

    private static final int SIOCGIFFLAGS = 0x8913;
    private static final int SIOCSIFFLAGS = 0x8914;
    private static final int SIOCGIFMTU = 0x8921;
    private static final int SIOCSIFMTU = 0x8922;
    private static final int SIOCGIFHWADDR = 0x8927;
    private static final int SIOCGIFINDEX = 0x8933;
    private static final int SIOCETHTOOL = 0x8946;
    private static final int ETHTOOL_GDRVINFO = 3;
    private static final int DRIVER_INFO_BYTES = 196;
    private static final int DRIVER_INFO_NAME = 4;
    private static final int IFF_UP = 0x1;

    private final String name;

    private NetworkInterface(String name) {
        this.name = name;
    }

    /** The interface called {@code name}, whether it exists or not. */
    public static NetworkInterface named(String name) {
        return new NetworkInterface(name);
    }

    public String name() {
        return name;
    }

    public boolean exists() {
        try (Arena arena = Arena.ofConfined()) {
            return ask(SIOCGIFINDEX, new InterfaceRequest(arena, name)) != -Errno.ENODEV;
        }
    }

    /** The kernel's number of the interface. */
    public int index() {
        try (Arena arena = Arena.ofConfined()) {
            InterfaceRequest request = new InterfaceRequest(arena, name);
            check(ask(SIOCGIFINDEX, request), "find interface ");
            return request.intValue();
        }
    }

    public boolean isUp() {
        try (Arena arena = Arena.ofConfined()) {
            InterfaceRequest request = new InterfaceRequest(arena, name);
            check(ask(SIOCGIFFLAGS, request), "read the flags of ");
            return (request.flags() & IFF_UP) != 0;
        }
    }

    /** Brings the interface up. */
    public void up() {
        try (Arena arena = Arena.ofConfined()) {
            InterfaceRequest request = new InterfaceRequest(arena, name);
            check(ask(SIOCGIFFLAGS, request), "read the flags of ");
            request.flags(request.flags() | IFF_UP);
            check(ask(SIOCSIFFLAGS, request), "bring up ");
        }
    }

    /** The most bytes of a frame after its Ethernet header. */
    public int mtu() {
        try (Arena arena = Arena.ofConfined()) {
            InterfaceRequest request = new InterfaceRequest(arena, name);
            check(ask(SIOCGIFMTU, request), "read the MTU of ");
            return request.intValue();
        }
    }

    public void mtu(int mtu) {
        try (Arena arena = Arena.ofConfined()) {
            InterfaceRequest request = new InterfaceRequest(arena, name);
            request.intValue(mtu);
            check(ask(SIOCSIFMTU, request), "set MTU " + mtu + " on ");
        }
    }

    /** The name of the interface's driver, such as {@code veth}; empty if it does not say. */
    public String driver() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment info = arena.allocate(DRIVER_INFO_BYTES, 4);
            info.set(JAVA_INT, 0, ETHTOOL_GDRVINFO);
            InterfaceRequest request = new InterfaceRequest(arena, name);
            request.pointer(info.address());
            long result = ask(SIOCETHTOOL, request);
            if (result == -Errno.EOPNOTSUPP) {
                return "";
            }
            check(result, "ask for the driver of ");
            return info.getString(DRIVER_INFO_NAME);
        }
    }

    /** The six bytes of the hardware address. */
    public byte[] mac() {
        try (Arena arena = Arena.ofConfined()) {
            InterfaceRequest request = new InterfaceRequest(arena, name);
            check(ask(SIOCGIFHWADDR, request), "read the hardware address of ");
            return request.mac();
        }
    }

    private void check(long result, String action) {
        String remedy = switch ((int) -result) {
            case Errno.ENODEV -> "check that the interface exists (ip link)";
            case Errno.EPERM -> "check that this process is root or has CAP_NET_ADMIN";
            default -> "";
        };
        LinuxException.check(result, action + name, remedy);
    }

    /** Any socket will do to ask through. */
    private static long ask(int question, InterfaceRequest request) {
        long number = LinuxException.check(
                Kernel.socket(SocketAddress.AF_UNIX, SOCK_DGRAM_CLOEXEC),
                "create a socket",
                "check the limit of open files (ulimit -n)");
        try (Fd socket = Fd.of((int) number)) {
            return Kernel.ioctl(socket.number(), question, request.address());
        }
    }

    @Override
    public String toString() {
        return "interface " + name;
    }
}
