package io.annulet.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * The requests of VFIO, one method each, on the control path. What belongs together, in what order and with what
 * remedies, is the business of whoever calls them.
 *
 * <p>Source: include/uapi/linux/vfio.h and Documentation/driver-api/vfio.rst of Linux.
 */
public final class Vfio {
    public static final int API_VERSION = 0;
    public static final int TYPE1_V2_IOMMU = 3;
    public static final int NO_IOMMU = 8;

    private static final long GET_API_VERSION = request(0);
    private static final long CHECK_EXTENSION = request(1);
    private static final long SET_IOMMU = request(2);
    private static final long GROUP_GET_STATUS = request(3);
    private static final long GROUP_SET_CONTAINER = request(4);
    private static final long GROUP_GET_DEVICE_FD = request(6);
    private static final long DEVICE_GET_INFO = request(7);
    private static final long DEVICE_GET_REGION_INFO = request(8);
    private static final long DEVICE_GET_IRQ_INFO = request(9);
    private static final long DEVICE_SET_IRQS = request(10);
    private static final long DEVICE_RESET = request(11);
    private static final long IOMMU_GET_INFO = request(12);
    private static final long IOMMU_MAP_DMA = request(13);
    private static final long IOMMU_UNMAP_DMA = request(14);

    private static final int GROUP_VIABLE = 1;
    private static final int DEVICE_CAN_RESET = 1;
    private static final int DEVICE_IS_PCI = 2;
    private static final int REGION_CAN_MAP = 4;
    private static final int IOMMU_HAS_CAPABILITIES = 2;
    private static final int CAPABILITY_IOVA_RANGES = 1;
    private static final int CAPABILITY_MAPPINGS_LEFT = 3;
    private static final int MAX_CAPABILITIES = 32;
    private static final int IRQ_NO_DATA = 1;
    private static final int IRQ_EVENTFDS = 4;
    private static final int IRQ_UNMASK = 0x10;
    private static final int IRQ_TRIGGER = 0x20;

    /** What an IOMMU can do for one container. */
    public record IommuInfo(long pageSizes, List<Range> iovaRanges, long mappingsLeft) {}

    /** Addresses from the first to the last, both unsigned and included. */
    public record Range(long first, long last) {}

    /** What VFIO tells of a device. */
    public record DeviceInfo(boolean canReset, boolean isPci, int regions, int irqs) {}

    /** A region of a device: its length, where it lies in the device's file, and whether it can be mapped. */
    public record RegionInfo(long byteLength, long fileOffset, boolean canMap) {}

    private Vfio() {}

    private static long request(int number) {
        return 0x3b64L + number;
    }

    // Containers and groups.

    public static long apiVersion(Fd container) {
        return Kernel.ioctl(container.number(), GET_API_VERSION, 0);
    }

    public static boolean hasExtension(Fd container, int extension) {
        return Kernel.ioctl(container.number(), CHECK_EXTENSION, extension) > 0;
    }

    /** Whether all devices of the group can be given to user space now. */
    public static boolean isViable(Fd group) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment status = struct(arena, 8);
            check(Kernel.ioctl(group.number(), GROUP_GET_STATUS, status.address()), "read the status of a group", "");
            return (status.get(JAVA_INT, 4) & GROUP_VIABLE) != 0;
        }
    }

    public static void setContainer(Fd group, Fd container, String remedy) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment number = arena.allocateFrom(JAVA_INT, container.number());
            check(
                    Kernel.ioctl(group.number(), GROUP_SET_CONTAINER, number.address()),
                    "put a group into a container",
                    remedy);
        }
    }

    public static void setIommu(Fd container, int type, String remedy) {
        check(Kernel.ioctl(container.number(), SET_IOMMU, type), "set up the IOMMU of a container", remedy);
    }

    public static Fd openDevice(Fd group, String address, String remedy) {
        try (Arena arena = Arena.ofConfined()) {
            long name = arena.allocateFrom(address).address();
            return Fd.of((int)
                    check(Kernel.ioctl(group.number(), GROUP_GET_DEVICE_FD, name), "open device " + address, remedy));
        }
    }

    // The IOMMU.

    public static IommuInfo iommuInfo(Fd container) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment info = struct(arena, 4096);
            check(Kernel.ioctl(container.number(), IOMMU_GET_INFO, info.address()), "ask what the IOMMU can do", "");
            int at = (info.get(JAVA_INT, 4) & IOMMU_HAS_CAPABILITIES) != 0 ? info.get(JAVA_INT, 16) : 0;
            List<Range> ranges = new ArrayList<>();
            long left = Long.MAX_VALUE;
            for (int i = 0; i < MAX_CAPABILITIES && at >= 24 && at <= 4096 - 16; i++) {
                int id = info.get(JAVA_INT, at) & 0xffff;
                if (id == CAPABILITY_IOVA_RANGES) {
                    readRanges(info, at, ranges);
                } else if (id == CAPABILITY_MAPPINGS_LEFT) {
                    left = Integer.toUnsignedLong(info.get(JAVA_INT, at + 8));
                }
                at = info.get(JAVA_INT, at + 4);
            }
            return new IommuInfo(info.get(JAVA_LONG, 8), List.copyOf(ranges), left);
        }
    }

    private static void readRanges(MemorySegment info, int at, List<Range> ranges) {
        int count = info.get(JAVA_INT, at + 8);
        for (int i = 0; i < count && at + 16 + 16 * (i + 1) <= 4096; i++) {
            long range = at + 16 + 16L * i;
            ranges.add(new Range(
                    info.get(JAVA_LONG.withByteAlignment(4), range),
                    info.get(JAVA_LONG.withByteAlignment(4), range + 8)));
        }
    }

    /**
     * Lets devices of the container reach memory of this process; its pages are pinned.
     *
     * @param readable whether devices may read it
     * @param writable whether devices may write it
     */
    public static void mapDma(
            Fd container, long address, long iova, long byteLength, boolean readable, boolean writable, String remedy) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment map = struct(arena, 32);
            map.set(JAVA_INT, 4, (readable ? 1 : 0) | (writable ? 2 : 0));
            map.set(JAVA_LONG, 8, address);
            map.set(JAVA_LONG, 16, iova);
            map.set(JAVA_LONG, 24, byteLength);
            check(
                    Kernel.ioctl(container.number(), IOMMU_MAP_DMA, map.address()),
                    String.format("let the device reach %d bytes at 0x%x", byteLength, iova),
                    remedy);
        }
    }

    /** Takes memory from the devices again, all of what one call of {@link #mapDma} gave; returns the bytes taken. */
    public static long unmapDma(Fd container, long iova, long byteLength) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment unmap = struct(arena, 24);
            unmap.set(JAVA_LONG, 8, iova);
            unmap.set(JAVA_LONG, 16, byteLength);
            check(
                    Kernel.ioctl(container.number(), IOMMU_UNMAP_DMA, unmap.address()),
                    String.format("take %d bytes at 0x%x from the device", byteLength, iova),
                    "");
            return unmap.get(JAVA_LONG, 16);
        }
    }

    // Devices.

    public static DeviceInfo deviceInfo(Fd device) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment info = struct(arena, 24);
            check(Kernel.ioctl(device.number(), DEVICE_GET_INFO, info.address()), "ask what the device is", "");
            int flags = info.get(JAVA_INT, 4);
            return new DeviceInfo(
                    (flags & DEVICE_CAN_RESET) != 0,
                    (flags & DEVICE_IS_PCI) != 0,
                    info.get(JAVA_INT, 8),
                    info.get(JAVA_INT, 12));
        }
    }

    public static RegionInfo regionInfo(Fd device, int index) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment info = struct(arena, 32);
            info.set(JAVA_INT, 8, index);
            check(
                    Kernel.ioctl(device.number(), DEVICE_GET_REGION_INFO, info.address()),
                    "ask for region " + index + " of the device",
                    "");
            return new RegionInfo(
                    info.get(JAVA_LONG, 16), info.get(JAVA_LONG, 24), (info.get(JAVA_INT, 4) & REGION_CAN_MAP) != 0);
        }
    }

    /** How many interrupts of a kind the device has; 0 if it has none, or the kernel does not know the kind. */
    public static int irqCount(Fd device, int index) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment info = struct(arena, 16);
            info.set(JAVA_INT, 8, index);
            return Kernel.ioctl(device.number(), DEVICE_GET_IRQ_INFO, info.address()) < 0 ? 0 : info.get(JAVA_INT, 12);
        }
    }

    /** Has interrupts 0 and up of a kind raise these eventfds. */
    public static void setIrqs(Fd device, int index, List<EventFd> events, String remedy) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment set = irqs(arena, index, IRQ_EVENTFDS | IRQ_TRIGGER, events.size());
            for (int i = 0; i < events.size(); i++) {
                set.set(JAVA_INT, 20 + 4L * i, events.get(i).fd().number());
            }
            check(
                    Kernel.ioctl(device.number(), DEVICE_SET_IRQS, set.address()),
                    "have " + events.size() + " interrupts of kind " + index + " raise eventfds",
                    remedy);
        }
    }

    /** The kernel masks a level-triggered interrupt when it raises it; this lets the next one through. */
    public static long unmaskIrq(Fd device, int index) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment set = irqs(arena, index, IRQ_NO_DATA | IRQ_UNMASK, 1);
            return Kernel.ioctl(device.number(), DEVICE_SET_IRQS, set.address());
        }
    }

    private static MemorySegment irqs(Arena arena, int index, int flags, int count) {
        MemorySegment set = struct(arena, 20 + 4 * ((flags & IRQ_EVENTFDS) == 0 ? 0 : count));
        set.set(JAVA_INT, 4, flags);
        set.set(JAVA_INT, 8, index);
        set.set(JAVA_INT, 16, count);
        return set;
    }

    /** Resets the device; returns 0 or the negative error number. */
    public static long reset(Fd device) {
        return Kernel.ioctl(device.number(), DEVICE_RESET, 0);
    }

    /** Reads from where a region lies in the device's file; returns as {@link FileDescriptors#readAt}. */
    public static long read(Fd device, long fileOffset, int byteLength) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment value = arena.allocate(8, 8);
            check(
                    Kernel.pread(device.number(), value.address(), byteLength, fileOffset),
                    "read the device's configuration",
                    "check that the device is still there (lspci)");
            return value.get(JAVA_LONG, 0);
        }
    }

    /** Writes the low bytes of a value, as many as {@code byteLength} says. */
    public static void write(Fd device, long fileOffset, int byteLength, long value) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment bytes = arena.allocateFrom(JAVA_LONG, value);
            check(
                    Kernel.pwrite(device.number(), bytes.address(), byteLength, fileOffset),
                    "write the device's configuration",
                    "check that the device is still there (lspci)");
        }
    }

    /** A zeroed structure that begins with its own length, as all of VFIO's do. */
    private static MemorySegment struct(Arena arena, int byteLength) {
        MemorySegment struct = arena.allocate(byteLength, 8);
        struct.set(JAVA_INT, 0, byteLength);
        return struct;
    }

    private static long check(long result, String action, String remedy) {
        return LinuxException.check(result, action, remedy);
    }
}
