package io.annulet.vring;

import io.annulet.memory.HostMemory;

/**
 * The memory of one packed virtqueue, field by field; stateless but for where it lies, so both halves use it. VIRTIO
 * 1.2, "Packed Virtqueues".
 *
 * <pre>
 * descriptor ring, 16 bytes an entry, aligned to 16, written by both sides
 *    0          8        12     14      16
 *    | address  | length | id   | flags |
 * driver area (written by the driver) and device area (by the device), aligned to 4
 *    0                        2       4
 *    | slot, 15 bits; wrap, 1 | flags |
 * </pre>
 *
 * <p>A descriptor is available when its AVAIL flag equals the driver's wrap counter and its USED flag does not; it is
 * used when both equal the device's wrap counter.
 */
public final class PackedRing implements Vring {

    /** VIRTIO 1.2: any size up to this, not only powers of two. */
    public static final int MAX_SIZE = 32768;

    public static final int EVENT_AREA_BYTES = 4;

    static final int FLAG_NEXT = 1;
    static final int FLAG_WRITE = 2;
    static final int FLAG_INDIRECT = 4;
    static final int FLAG_AVAIL = 1 << 7;
    static final int FLAG_USED = 1 << 15;

    /** Notify of everything. */
    static final int EVENT_ENABLE = 0;
    /** Notify of nothing. */
    static final int EVENT_DISABLE = 1;
    /** Notify when the descriptor that the area names is reached. With EVENT_IDX only. */
    static final int EVENT_DESCRIPTOR = 2;

    private static final int DESCRIPTOR_BYTES = 16;
    private static final int FLAGS = 14;
    private static final int DESCRIPTORS_A_LINE = HostMemory.LINE_BYTES / DESCRIPTOR_BYTES;

    private final long descriptors;
    private final long driverArea;
    private final long deviceArea;
    private final int size;

    /** Keeps the compiler from leaving {@link #touch} out. */
    int touched;

    /** A ring at three host addresses whose whole extents are mapped and aligned; the caller checked both. */
    public PackedRing(long descriptorAddress, long driverAreaAddress, long deviceAreaAddress, int size) {
        if (!isValidSize(size)) {
            throw new IllegalArgumentException("a packed ring of " + size + " descriptors");
        }
        if ((descriptorAddress & 15) != 0 || (driverAreaAddress & 3) != 0 || (deviceAreaAddress & 3) != 0) {
            throw new IllegalArgumentException("a packed ring that is not aligned");
        }
        this.descriptors = descriptorAddress;
        this.driverArea = driverAreaAddress;
        this.deviceArea = deviceAreaAddress;
        this.size = size;
    }

    public static boolean isValidSize(long size) {
        return size >= 1 && size <= MAX_SIZE;
    }

    public static long descriptorRingBytes(int size) {
        return (long) DESCRIPTOR_BYTES * size;
    }

    @Override
    public int size() {
        return size;
    }

    // Descriptors. A slot is below the size: it is our own count, never a peer's value.

    private long at(int slot) {
        return descriptors + (long) DESCRIPTOR_BYTES * slot;
    }

    /**
     * Loads a byte of each cache line in which {@code count} descriptors lie, and uses none of them: lines that come from
     * the driver's core come together then, and not one after the other.
     */
    void touch(int slot, int count) {
        int loaded = 0;
        int end = Math.min(slot + count, size);
        for (int i = slot; i < end; i += DESCRIPTORS_A_LINE) {
            loaded += HostMemory.loadByte(at(i) + FLAGS);
        }
        touched = loaded;
    }

    /** [A] [B] Whoever sees these flags sees the rest of the chain, or of the used element. */
    int flagsAcquire(int slot) {
        return HostMemory.loadShortAcquire(at(slot) + FLAGS);
    }

    long descriptorAddress(int slot) {
        return HostMemory.loadLong(at(slot));
    }

    /** The second word of a descriptor: length, id and flags. */
    long descriptorDetail(int slot) {
        return HostMemory.loadLong(at(slot) + 8);
    }

    void descriptorAddress(int slot, long address) {
        HostMemory.storeLong(at(slot), address);
    }

    void descriptorDetail(int slot, long detail) {
        HostMemory.storeLong(at(slot) + 8, detail);
    }

    /** [A] [B] */
    void descriptorDetailRelease(int slot, long detail) {
        HostMemory.releaseFence();
        HostMemory.storeLong(at(slot) + 8, detail);
    }

    static long detail(long byteLength, int id, int flags) {
        return (byteLength & 0xffffffffL) | (long) id << 32 | (long) flags << 48;
    }

    static long byteLength(long detail) {
        return detail & 0xffffffffL;
    }

    static int id(long detail) {
        return (int) (detail >>> 32) & 0xffff;
    }

    static int flags(long detail) {
        return (int) (detail >>> 48);
    }

    static boolean isAvailable(int flags, boolean wrap) {
        return ((flags & FLAG_AVAIL) != 0) == wrap && ((flags & FLAG_USED) != 0) != wrap;
    }

    static boolean isUsed(int flags, boolean wrap) {
        return ((flags & FLAG_AVAIL) != 0) == wrap && ((flags & FLAG_USED) != 0) == wrap;
    }

    static int availableFlags(boolean wrap) {
        return wrap ? FLAG_AVAIL : FLAG_USED;
    }

    static int usedFlags(boolean wrap) {
        return wrap ? FLAG_AVAIL | FLAG_USED : 0;
    }

    // Event suppression.

    int driverEventFlags() {
        return HostMemory.loadShort(driverArea + 2);
    }

    int driverEventPosition() {
        return HostMemory.loadShort(driverArea);
    }

    void driverEvent(int flags, int position) {
        HostMemory.storeShort(driverArea, position);
        HostMemory.releaseFence();
        HostMemory.storeShort(driverArea + 2, flags);
    }

    int deviceEventFlags() {
        return HostMemory.loadShort(deviceArea + 2);
    }

    int deviceEventPosition() {
        return HostMemory.loadShort(deviceArea);
    }

    void deviceEvent(int flags, int position) {
        HostMemory.storeShort(deviceArea, position);
        HostMemory.releaseFence();
        HostMemory.storeShort(deviceArea + 2, flags);
    }
}
