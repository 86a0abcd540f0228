package io.annulet.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The program in the kernel that hands the frames of an interface's queues to XDP sockets, and lets the host have those of
 * queues that no socket was named for. Opened and closed on the control path.
 *
 * <p>It is attached by a link, which the kernel undoes when its last descriptor is closed: by {@link #close}, and also if
 * this process is killed. While the link is there nobody else can replace the program.
 *
 * <pre>
 *   r2 = context.rx_queue_index
 *   r1 = sockets
 *   r3 = XDP_PASS
 *   return bpf_redirect_map(r1, r2, r3)
 * </pre>
 *
 * <p>Source: include/uapi/linux/bpf.h of Linux.
 */
public final class XdpProgram implements AutoCloseable {
    private static final int MAP_CREATE = 0;
    private static final int MAP_UPDATE_ELEM = 2;
    private static final int PROG_LOAD = 5;
    private static final int LINK_CREATE = 28;

    private static final int MAP_TYPE_XSKMAP = 17;
    private static final int PROG_TYPE_XDP = 6;
    private static final int ATTACH_XDP = 37;
    private static final int PROG_HAS_FRAGS = 1 << 5;
    private static final int ATTRIBUTES_BYTES = 128;

    private static final int REDIRECT_MAP = 51;
    private static final int PASS = 2;

    /** How the program runs. */
    public enum Mode {
        /** In the interface's driver, before the kernel has made anything of the frame. */
        DRIVER(4),
        /** In the kernel's common code, for every interface. */
        GENERIC(2),
        /** As libxdp saw fit. */
        BY_LIBXDP(0);

        private final int flag;

        Mode(int flag) {
            this.flag = flag;
        }
    }

    private final String interfaceName;
    private final Fd map;

    /** Null with libxdp, which has none. */
    private final @Nullable Fd link;

    private final int interfaceIndex;
    private final Mode mode;

    private XdpProgram(String interfaceName, Fd map, @Nullable Fd link, int interfaceIndex, Mode mode) {
        this.interfaceName = interfaceName;
        this.map = map;
        this.link = link;
        this.interfaceIndex = interfaceIndex;
        this.mode = mode;
    }

    /** Whether {@link #attachByLibxdp} can work here. */
    public static boolean hasLibxdp() {
        return Libxdp.isInstalled();
    }

    /**
     * Has libxdp attach its program for sockets, beside those of others if the kernel can do that. Nothing takes it away
     * with this process: see {@link #detachByLibxdp}.
     *
     * @throws LinuxException if that cannot be done; the message says what to check
     */
    public static XdpProgram attachByLibxdp(NetworkInterface networkInterface) {
        String name = networkInterface.name();
        int index = networkInterface.index();
        String action = "attach libxdp's program to " + name;
        LinuxException.check(Libxdp.isInstalled() ? 0 : -Errno.ENOENT, action, "install libxdp (Debian: libxdp1)");
        LinuxException.check(
                Libxdp.isAttached(index) ? -Errno.EBUSY : 0,
                action,
                "it is there already, and somebody else's: end that program, or say program=own");
        int map = (int) LinuxException.check(
                Libxdp.attach(index),
                action,
                "another XDP program may be there (ip link show " + name + ") that was not attached by libxdp's"
                        + " dispatcher: take it away with ip link set " + name + " xdp off, and check that"
                        + " /sys/fs/bpf is mounted");
        return new XdpProgram(name, Fd.of(map), null, index, Mode.BY_LIBXDP);
    }

    /** Takes libxdp's program away from an interface, whoever attached it; programs of others stay. */
    public static void detachByLibxdp(int interfaceIndex) {
        Libxdp.detach(interfaceIndex);
    }

    /**
     * Loads the program and attaches it, in the driver if it can be there.
     *
     * @param queues sockets can be named for queues below this number
     * @throws LinuxException if that cannot be done; the message says what to check
     */
    public static XdpProgram attach(NetworkInterface networkInterface, int queues) {
        String name = networkInterface.name();
        int index = networkInterface.index();
        Fd map = null;
        Fd program = null;
        boolean attached = false;
        try (Arena arena = Arena.ofConfined()) {
            map = makeMap(queues, arena);
            program = load(map, arena);
            Mode mode = Mode.DRIVER;
            long link = link(program, index, mode, arena);
            if (link < 0 && link != -Errno.EBUSY) {
                mode = Mode.GENERIC;
                link = link(program, index, mode, arena);
            }
            String remedy = link == -Errno.EBUSY || link == -Errno.EEXIST
                    ? "another XDP program is there (ip link show " + name + "): take it away with ip link set " + name
                            + " xdp off"
                    : "";
            Fd attachment = Fd.of((int) LinuxException.check(link, "attach an XDP program to " + name, remedy));
            attached = true;
            return new XdpProgram(name, map, attachment, index, mode);
        } finally {
            if (program != null) {
                program.close(); // the link holds it
            }
            if (!attached && map != null) {
                map.close();
            }
        }
    }

    private static Fd makeMap(int queues, Arena arena) {
        MemorySegment attributes = attributes(arena);
        attributes.set(JAVA_INT, 0, MAP_TYPE_XSKMAP);
        attributes.set(JAVA_INT, 4, Integer.BYTES);
        attributes.set(JAVA_INT, 8, Integer.BYTES);
        attributes.set(JAVA_INT, 12, queues);
        return Fd.of((int) LinuxException.check(
                bpf(MAP_CREATE, attributes),
                "make a map of XDP sockets",
                "check that this process is root or has CAP_BPF and CAP_NET_ADMIN"));
    }

    private static Fd load(Fd map, Arena arena) {
        MemorySegment instructions = instructions(map, arena);
        MemorySegment attributes = attributes(arena);
        attributes.set(JAVA_INT, 0, PROG_TYPE_XDP);
        attributes.set(JAVA_INT, 4, (int) (instructions.byteSize() / Long.BYTES));
        attributes.set(JAVA_LONG, 8, instructions.address());
        attributes.set(JAVA_LONG, 16, arena.allocateFrom("Apache-2.0").address());
        attributes.set(JAVA_INT, 44, PROG_HAS_FRAGS);
        MemorySegment name = arena.allocateFrom("annulet");
        MemorySegment.copy(name, JAVA_BYTE, 0, attributes, JAVA_BYTE, 48, name.byteSize());
        attributes.set(JAVA_INT, 68, ATTACH_XDP);
        long program = bpf(PROG_LOAD, attributes);
        if (program == -Errno.EINVAL) { // before Linux 5.18 no program is told of frames in several buffers
            attributes.set(JAVA_INT, 44, 0);
            program = bpf(PROG_LOAD, attributes);
        }
        return Fd.of((int) LinuxException.check(
                program, "load an XDP program", "check that this process is root or has CAP_BPF and CAP_NET_ADMIN"));
    }

    /** Each is code u8, destination and source register 4 bits each, offset s16, immediate s32. */
    private static MemorySegment instructions(Fd map, Arena arena) {
        long[] words = {
            instruction(0x61, 2, 1, 16, 0), // r2 = *(u32 *) (r1 + 16)
            instruction(0x18, 1, 1, 0, map.number()), // r1 = map, in two words
            0,
            instruction(0xb7, 3, 0, 0, PASS), // r3 = XDP_PASS
            instruction(0x85, 0, 0, 0, REDIRECT_MAP),
            instruction(0x95, 0, 0, 0, 0), // exit
        };
        return arena.allocateFrom(JAVA_LONG, words);
    }

    private static long instruction(int code, int destination, int source, int offset, int immediate) {
        return code | (long) destination << 8 | (long) source << 12 | (long) offset << 16 | (long) immediate << 32;
    }

    private static long link(Fd program, int index, Mode mode, Arena arena) {
        MemorySegment attributes = attributes(arena);
        attributes.set(JAVA_INT, 0, program.number());
        attributes.set(JAVA_INT, 4, index);
        attributes.set(JAVA_INT, 8, ATTACH_XDP);
        attributes.set(JAVA_INT, 12, mode.flag);
        return bpf(LINK_CREATE, attributes);
    }

    private static MemorySegment attributes(Arena arena) {
        return arena.allocate(ATTRIBUTES_BYTES, 8);
    }

    private static long bpf(int command, MemorySegment attributes) {
        return Kernel.bpf(command, attributes.address(), ATTRIBUTES_BYTES);
    }

    /**
     * Goes on with a program that was attached elsewhere.
     *
     * @param map of its sockets, taken over
     * @param link that holds it, likewise
     */
    public static XdpProgram adopt(NetworkInterface networkInterface, Fd map, Fd link, Mode mode) {
        return new XdpProgram(networkInterface.name(), map, link, 0, mode);
    }

    public Fd map() {
        return map;
    }

    /** What holds the program at the interface; libxdp's has none. */
    public Fd link() {
        return Objects.requireNonNull(link);
    }

    /** From now on the frames of the queue go to the socket, which was bound to it. */
    public void name(int queue, Fd socket) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment attributes = attributes(arena);
            attributes.set(JAVA_INT, 0, map.number());
            attributes.set(JAVA_LONG, 8, arena.allocateFrom(JAVA_INT, queue).address());
            attributes.set(
                    JAVA_LONG, 16, arena.allocateFrom(JAVA_INT, socket.number()).address());
            LinuxException.check(
                    bpf(MAP_UPDATE_ELEM, attributes),
                    "name " + socket + " for queue " + queue + " of " + interfaceName);
        }
    }

    /** The kernel's number of the interface. */
    public int interfaceIndex() {
        return interfaceIndex;
    }

    public Mode mode() {
        return mode;
    }

    /** Takes the program away from the interface. */
    @Override
    public void close() {
        if (link != null) {
            link.close();
        } else {
            Libxdp.detach(interfaceIndex);
        }
        map.close();
    }

    @Override
    public String toString() {
        return "XDP program on " + interfaceName;
    }
}
