package io.annulet.vring;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import io.annulet.memory.ArenaRegions;
import io.annulet.memory.GuestMemory;
import io.annulet.memory.Region;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * A split ring in a guest's memory that a test writes field by field, legal or not; owned by the test's thread.
 *
 * <p>The offsets are taken from the picture in VIRTIO 1.2, "Split Virtqueues", not from {@link SplitRing}. The ring lies
 * at the start of a region at {@link #GUEST_BASE}, as a driver would lay it out, and buffers may be anywhere behind it.
 */
public final class RawRing {

    public static final long GUEST_BASE = 0x10_0000;
    /** Bytes of the region that holds the ring. */
    public static final int REGION_BYTES = 1 << 20;

    public static final int NEXT = 1;
    public static final int WRITE = 2;
    public static final int INDIRECT = 4;

    private static final ValueLayout.OfShort U16 = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt U32 = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong U64 = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final int size;
    private final MemorySegment bytes = ArenaRegions.allocate(REGION_BYTES);
    private final GuestMemory memory;
    private final long avail;
    private final long used;
    private int nextAvailIndex;

    /** A ring whose guest has the ring's region alone. */
    public RawRing(int size) {
        this(size, List.of());
    }

    /** A ring whose guest has further regions. */
    public RawRing(int size, List<Region> furtherRegions) {
        this.size = size;
        this.avail = 16L * size;
        this.used = avail + 4 + 2L * size + 2 + 3 & -4L;
        List<Region> regions = new ArrayList<>(furtherRegions);
        regions.add(ArenaRegions.region(GUEST_BASE, REGION_BYTES, bytes));
        this.memory = GuestMemory.of(regions);
    }

    public int size() {
        return size;
    }

    public GuestMemory memory() {
        return memory;
    }

    public SplitRing ring() {
        return new SplitRing(bytes.address(), bytes.address() + avail, bytes.address() + used, size);
    }

    /** A device half with both ring features that starts at index 0. */
    public SplitDeviceHalf device() {
        return device(new RingFeatures(true, true));
    }

    public SplitDeviceHalf device(RingFeatures features) {
        return device(features, 0);
    }

    public SplitDeviceHalf device(RingFeatures features, int baseIndex) {
        return new SplitDeviceHalf(ring(), memory, features, baseIndex);
    }

    /** A driver half with {@code EVENT_IDX} or without that starts at an index. */
    public SplitDriverHalf driver(boolean eventIndex, int baseIndex) {
        return new SplitDriverHalf(ring(), new RingFeatures(eventIndex, true), baseIndex);
    }

    /** The first guest address behind the ring, at a multiple of 4,096. */
    public long buffers() {
        return GUEST_BASE + (usedEnd() + 4095 & -4096L);
    }

    public long descriptorTableGuestAddress() {
        return GUEST_BASE;
    }

    public long availGuestAddress() {
        return GUEST_BASE + avail;
    }

    public long usedGuestAddress() {
        return GUEST_BASE + used;
    }

    private long usedEnd() {
        return used + 4 + 8L * size + 2;
    }

    /** Where this process has a guest address of the ring's region. */
    public long hostAddress(long guestAddress) {
        return bytes.address() + (guestAddress - GUEST_BASE);
    }

    /** The ring's region, whose first byte is at {@link #GUEST_BASE}. */
    public MemorySegment bytes() {
        return bytes;
    }

    // What a driver writes.

    public RawRing descriptor(int descriptor, long address, long byteLength, int flags, int next) {
        return tableEntry(GUEST_BASE, descriptor, address, byteLength, flags, next);
    }

    /** An entry of an indirect table that lies in the ring's region. */
    public RawRing tableEntry(long table, int entry, long address, long byteLength, int flags, int next) {
        long at = table - GUEST_BASE + 16L * entry;
        bytes.set(U64, at, address);
        bytes.set(U32, at + 8, (int) byteLength);
        bytes.set(U16, at + 12, (short) flags);
        bytes.set(U16, at + 14, (short) next);
        return this;
    }

    /** Puts heads into the available ring and moves the index behind them. */
    public RawRing available(int... heads) {
        for (int head : heads) {
            availHead(nextAvailIndex, head);
            nextAvailIndex = nextAvailIndex + 1 & 0xffff;
        }
        return availIndex(nextAvailIndex);
    }

    public RawRing availIndex(int index) {
        nextAvailIndex = index & 0xffff;
        bytes.set(U16, avail + 2, (short) index);
        return this;
    }

    public RawRing availHead(int index, int head) {
        bytes.set(U16, avail + 4 + 2L * (index % size), (short) head);
        return this;
    }

    public RawRing availFlags(int flags) {
        bytes.set(U16, avail, (short) flags);
        return this;
    }

    public RawRing usedEvent(int index) {
        bytes.set(U16, avail + 4 + 2L * size, (short) index);
        return this;
    }

    public int availFlags() {
        return bytes.get(U16, avail) & 0xffff;
    }

    public int availIndex() {
        return bytes.get(U16, avail + 2) & 0xffff;
    }

    public int availHead(int index) {
        return bytes.get(U16, avail + 4 + 2L * (index % size)) & 0xffff;
    }

    public int usedEvent() {
        return bytes.get(U16, avail + 4 + 2L * size) & 0xffff;
    }

    // What a device writes.

    public int usedFlags() {
        return bytes.get(U16, used) & 0xffff;
    }

    public int usedIndex() {
        return bytes.get(U16, used + 2) & 0xffff;
    }

    public long usedHead(int index) {
        return bytes.get(U32, used + 4 + 8L * (index % size)) & 0xffff_ffffL;
    }

    public long usedByteLength(int index) {
        return bytes.get(U32, used + 8 + 8L * (index % size)) & 0xffff_ffffL;
    }

    public int availEvent() {
        return bytes.get(U16, used + 4 + 8L * size) & 0xffff;
    }

    /** A device that lies: what stands in the used ring, for tests of the driver's half. */
    public RawRing used(int index, long head, long byteLength) {
        bytes.set(U32, used + 4 + 8L * (index % size), (int) head);
        bytes.set(U32, used + 8 + 8L * (index % size), (int) byteLength);
        return this;
    }

    public RawRing usedIndex(int index) {
        bytes.set(U16, used + 2, (short) index);
        return this;
    }

    public RawRing usedFlags(int flags) {
        bytes.set(U16, used, (short) flags);
        return this;
    }

    public RawRing availEvent(int index) {
        bytes.set(U16, used + 4 + 8L * size, (short) index);
        return this;
    }

    /** A copy of everything from the descriptor table to the end of the used ring. */
    public byte[] ringBytes() {
        return bytes.asSlice(0, usedEnd()).toArray(JAVA_BYTE);
    }
}
