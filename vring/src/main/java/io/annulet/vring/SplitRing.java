package io.annulet.vring;

import io.annulet.memory.HostMemory;

/**
 * The memory of one split virtqueue, field by field; stateless but for where it lies, so both halves use it.
 *
 * <pre>
 * descriptor table, 16 bytes an entry, aligned to 16
 *    0          8        12       14       16
 *    | address  | length | flags  | next   |
 * available ring, aligned to 2
 *    0       2       4                     4 + 2 * size
 *    | flags | idx   | head[size]          | used_event |
 * used ring, aligned to 4
 *    0       2       4                     4 + 8 * size
 *    | flags | idx   | id,length [size]    | avail_event |
 * </pre>
 *
 * <p>A descriptor is two 8-byte words, each loaded once: the address, and the detail with length, flags and next, which
 * the static methods take apart. Slots are masked here, so no value of a peer leads outside the ring.
 */
public final class SplitRing implements Vring {

    /** VIRTIO 1.2, "Split Virtqueues": a power of two, at most this. */
    public static final int MAX_SIZE = 32768;

    public static final int DESCRIPTOR_BYTES = 16;
    public static final int FLAG_NEXT = 1;
    public static final int FLAG_WRITE = 2;
    public static final int FLAG_INDIRECT = 4;
    public static final int AVAIL_FLAG_NO_INTERRUPT = 1;
    public static final int USED_FLAG_NO_NOTIFY = 1;

    private static final int HEADER_BYTES = 4;
    private static final int INDEX = 2;

    private final long descriptors;
    private final long avail;
    private final long used;
    private final int size;
    private final int mask;

    /** The bits that a head below the size has not, four times. */
    private final long beyondFour;

    /**
     * A ring at three host addresses whose whole extents are mapped and aligned; the caller checked both.
     *
     * @param size number of descriptors, a power of two up to {@link #MAX_SIZE}
     */
    public SplitRing(long descriptorAddress, long availAddress, long usedAddress, int size) {
        if (!isValidSize(size)) {
            throw new IllegalArgumentException("a split ring of " + size + " descriptors");
        }
        if ((descriptorAddress & 15) != 0 || (availAddress & 1) != 0 || (usedAddress & 3) != 0) {
            throw new IllegalArgumentException("a split ring that is not aligned");
        }
        this.descriptors = descriptorAddress;
        this.avail = availAddress;
        this.used = usedAddress;
        this.size = size;
        this.mask = size - 1;
        this.beyondFour = (0xffffL & ~mask) * 0x0001_0001_0001_0001L;
    }

    public static boolean isValidSize(long size) {
        return size >= 1 && size <= MAX_SIZE && Long.bitCount(size) == 1;
    }

    public static long descriptorTableBytes(int size) {
        return (long) DESCRIPTOR_BYTES * size;
    }

    /** With used_event behind the ring, whether or not EVENT_IDX is acknowledged. */
    public static long availBytes(int size) {
        return HEADER_BYTES + 2L * size + 2;
    }

    /** With avail_event behind the ring. */
    public static long usedBytes(int size) {
        return HEADER_BYTES + 8L * size + 2;
    }

    @Override
    public int size() {
        return size;
    }

    // Descriptors.

    /** A byte of a descriptor, of no use but that its cache line was asked for. */
    int touch(int descriptor) {
        return HostMemory.loadByte(descriptors + (long) DESCRIPTOR_BYTES * (descriptor & mask));
    }

    /** The first word of a descriptor: the guest address of its buffer. */
    long descriptorAddress(int descriptor) {
        return HostMemory.loadLong(descriptors + (long) DESCRIPTOR_BYTES * (descriptor & mask));
    }

    /** The second word of a descriptor: length, flags and next. */
    long descriptorDetail(int descriptor) {
        return HostMemory.loadLong(descriptors + (long) DESCRIPTOR_BYTES * (descriptor & mask) + 8);
    }

    void descriptor(int descriptor, long address, long detail) {
        long at = descriptors + (long) DESCRIPTOR_BYTES * (descriptor & mask);
        HostMemory.storeLong(at, address);
        HostMemory.storeLong(at + 8, detail);
    }

    static long detail(long byteLength, int flags, int next) {
        return (byteLength & 0xffffffffL) | (long) flags << 32 | (long) next << 48;
    }

    static long byteLength(long detail) {
        return detail & 0xffffffffL;
    }

    static int flags(long detail) {
        return (int) (detail >>> 32) & 0xffff;
    }

    static int next(long detail) {
        return (int) (detail >>> 48);
    }

    // Available ring, written by the driver.

    int availFlags() {
        return HostMemory.loadShort(avail);
    }

    void availFlags(int flags) {
        HostMemory.storeShort(avail, flags);
    }

    /** [A] Whoever sees this index sees the heads and descriptors before it. */
    int availIndexAcquire() {
        return HostMemory.loadShortAcquire(avail + INDEX);
    }

    /** [A] */
    void availIndexRelease(int index) {
        HostMemory.releaseFence();
        HostMemory.storeShort(avail + INDEX, index);
    }

    int availHead(int index) {
        return HostMemory.loadShort(avail + HEADER_BYTES + 2L * (index & mask));
    }

    /** Whether {@link #fourAvailHeads} may be asked for: the ring does not end before the fourth. */
    boolean hasFourAvailHeads(int index) {
        return (index & mask) + 4 <= size;
    }

    /** The heads at an index and the three after it, 16 bits each, the first one lowest. */
    long fourAvailHeads(int index) {
        return HostMemory.loadLong(avail + HEADER_BYTES + 2L * (index & mask));
    }

    /** Whether all of four heads are below the size. */
    boolean areDescriptors(long fourHeads) {
        return (fourHeads & beyondFour) == 0;
    }

    void availHead(int index, int head) {
        HostMemory.storeShort(avail + HEADER_BYTES + 2L * (index & mask), head);
    }

    int usedEvent() {
        return HostMemory.loadShort(avail + HEADER_BYTES + 2L * size);
    }

    void usedEvent(int index) {
        HostMemory.storeShort(avail + HEADER_BYTES + 2L * size, index);
    }

    // Used ring, written by the device.

    int usedFlags() {
        return HostMemory.loadShort(used);
    }

    void usedFlags(int flags) {
        HostMemory.storeShort(used, flags);
    }

    /** [B] Whoever sees this index sees the elements before it, and what was written into their buffers. */
    int usedIndexAcquire() {
        return HostMemory.loadShortAcquire(used + INDEX);
    }

    /** [B] */
    void usedIndexRelease(int index) {
        HostMemory.releaseFence();
        HostMemory.storeShort(used + INDEX, index);
    }

    /** Where the available index stands, for whoever reads it without touching the memory. */
    public long availIndexAddress() {
        return avail + INDEX;
    }

    /** This ring with other memory for its available ring. */
    SplitRing withAvail(long availAddress) {
        return new SplitRing(descriptors, availAddress, used, size);
    }

    /** Where the used index stands, for whoever goes on where an earlier device half ended. */
    public long usedIndexAddress() {
        return used + INDEX;
    }

    @Override
    public long descriptorsAddress() {
        return descriptors;
    }

    /** A used element as one word: the head in the low half, the bytes written in the high half. */
    long usedElement(int index) {
        return HostMemory.loadLong(used + HEADER_BYTES + 8L * (index & mask));
    }

    void usedElement(int index, int head, long writtenByteLength) {
        HostMemory.storeLong(used + HEADER_BYTES + 8L * (index & mask), (head & 0xffffffffL) | writtenByteLength << 32);
    }

    int availEvent() {
        return HostMemory.loadShort(used + HEADER_BYTES + 8L * size);
    }

    void availEvent(int index) {
        HostMemory.storeShort(used + HEADER_BYTES + 8L * size, index);
    }
}
