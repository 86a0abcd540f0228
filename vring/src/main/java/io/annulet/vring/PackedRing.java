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
    public static final int FLAG_USED = 1 << 15;

    /** Notify of everything. */
    static final int EVENT_ENABLE = 0;
    /** Notify of nothing. */
    static final int EVENT_DISABLE = 1;
    /** Notify when the descriptor that the area names is reached. With EVENT_IDX only. */
    static final int EVENT_DESCRIPTOR = 2;

    private static final int DESCRIPTOR_BYTES = 16;
    private static final int FLAGS = 14;
    private static final int FLAGS_SHIFT = 48;
    private static final int BOTH = FLAG_AVAIL | FLAG_USED;

    private final long descriptors;
    private final long driverArea;
    private final long deviceArea;
    private final int size;

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

    /** Where the flags of the first descriptor are: for those who read them without touching the memory. */
    public long firstFlagsAddress() {
        return descriptors + FLAGS;
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
     * [A] How many descriptors in a row are available from {@code slot} on, of {@code most} that do not go past the ring's
     * end. Whoever sees their flags sees the rest of them. The loads do not wait for each other, so lines that come from
     * the driver's core come together.
     */
    int availableAcquire(int slot, int most, boolean wrap) {
        int wanted = availableFlags(wrap);
        int count = 0;
        while (count < most && (HostMemory.loadShort(at(slot + count) + FLAGS) & BOTH) == wanted) {
            count++;
        }
        HostMemory.acquireFence();
        return count;
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

    /** Flags in their place in the second word of a descriptor. */
    static long detailFlags(int flags) {
        return (long) flags << FLAGS_SHIFT;
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
        return (byteLength & 0xffffffffL) | (long) id << 32 | detailFlags(flags);
    }

    /** The second word of a descriptor with the flags of one that is available. */
    static long available(long detail, boolean wrap) {
        return (detail & ~detailFlags(BOTH)) | detailFlags(availableFlags(wrap));
    }

    static long byteLength(long detail) {
        return detail & 0xffffffffL;
    }

    static int id(long detail) {
        return (int) (detail >>> 32) & 0xffff;
    }

    static int flags(long detail) {
        return (int) (detail >>> FLAGS_SHIFT);
    }

    static boolean isAvailable(int flags, boolean wrap) {
        return (flags & BOTH) == availableFlags(wrap);
    }

    static boolean isUsed(int flags, boolean wrap) {
        return (flags & BOTH) == usedFlags(wrap);
    }

    static int availableFlags(boolean wrap) {
        return wrap ? FLAG_AVAIL : FLAG_USED;
    }

    static int usedFlags(boolean wrap) {
        return wrap ? BOTH : 0;
    }

    // For whoever looks at a copy of the ring, to find where a device stopped.

    /** Whether the chain at a position is the driver's offer, not used yet. */
    public boolean isAvailableAt(int position) {
        return isAvailable(flagsAcquire(PackedPosition.slot(position)), PackedPosition.wrap(position));
    }

    /**
     * Whether the ring shows that a device has used something of it. It does not after the driver has cleared it; nor does one
     * whose device has come around just now, and stands where it began.
     */
    public boolean isWorked() {
        for (int slot = 0; slot < size; slot++) {
            if ((flagsAcquire(slot) & FLAG_USED) != 0) {
                return true;
            }
        }
        return false;
    }

    @Override
    public long descriptorsAddress() {
        return descriptors;
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
