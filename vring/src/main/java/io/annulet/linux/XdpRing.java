package io.annulet.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;

/**
 * One of the four rings that an XDP socket shares with the kernel; used by the thread that owns the socket. We are the
 * producer of the fill and transmit rings, and the consumer of the receive and completion rings.
 *
 * <pre>
 *   producer, u32 | consumer, u32 | flags, u32 | entries: 8 bytes (an address) or 16 (address, length u32, options u32)
 * </pre>
 *
 * <p>Indexes run freely and are masked by the ring's size. Addresses are offsets into the registered memory.
 *
 * <p>[X] The producer's release of its index and the consumer's acquire of it: whoever sees the index sees the entries
 * before it. [Y] likewise the other way: whoever sees the consumer's index may write over what it passed.
 *
 * <p>Source: include/uapi/linux/if_xdp.h and Documentation/networking/af_xdp.rst of Linux.
 */
public final class XdpRing {
    static final int ADDRESS_BYTES = 8;
    static final int DESCRIPTOR_BYTES = 16;

    /** In a descriptor's options: the frame goes on in the next descriptor. */
    public static final int CONTINUES = 1;

    /** In a descriptor's options: a request to the kernel lies before the frame. */
    public static final int HAS_METADATA = 2;

    private static final int NEEDS_WAKE_UP = 1;
    private static final VarHandle INT = JAVA_INT.varHandle();

    private final Mapping mapping;
    private final MemorySegment ring;
    private final long producer;
    private final long consumer;
    private final long flags;
    private final long entries;
    private final int capacity;
    private final int mask;
    private final int entryBytes;
    private int own;
    private int seen;

    private XdpRing(Mapping mapping, MemorySegment offsets, int capacity, int entryBytes) {
        this.mapping = mapping;
        this.ring = mapping.segment();
        this.producer = offsets.get(JAVA_LONG, 0);
        this.consumer = offsets.get(JAVA_LONG, 8);
        this.entries = offsets.get(JAVA_LONG, 16);
        this.flags = offsets.get(JAVA_LONG, 24);
        this.capacity = capacity;
        this.mask = capacity - 1;
        this.entryBytes = entryBytes;
    }

    /** @param offsets four words, as the kernel gives them: where producer, consumer, entries and flags lie */
    static XdpRing map(Fd fd, long fileOffset, MemorySegment offsets, int capacity, int entryBytes) {
        long byteLength = offsets.get(JAVA_LONG, 16) + (long) capacity * entryBytes;
        Mapping mapping =
                Mapping.map(fd, fileOffset, byteLength, Mapping.Protection.READ_WRITE, Mapping.Option.POPULATE);
        return new XdpRing(mapping, offsets, capacity, entryBytes);
    }

    public int capacity() {
        return capacity;
    }

    // As the producer.

    /** How many entries can be put into the ring now, as far as {@code wanted} asks. */
    public int free(int wanted) {
        int free = capacity - (own - seen);
        if (free < wanted) {
            seen = (int) INT.getAcquire(ring, consumer); // [Y]
            free = capacity - (own - seen);
        }
        return Math.min(free, wanted);
    }

    /** Puts an address into a ring of addresses; there is room. */
    public void put(long address) {
        ring.set(JAVA_LONG, entries + (long) ADDRESS_BYTES * (own++ & mask), address);
    }

    /** Puts a descriptor into a ring of descriptors; there is room. */
    public void put(long address, int byteLength, int options) {
        long at = entries + (long) DESCRIPTOR_BYTES * (own++ & mask);
        ring.set(JAVA_LONG, at, address);
        ring.set(JAVA_LONG, at + 8, Integer.toUnsignedLong(byteLength) | (long) options << 32);
    }

    /** Takes back the last {@code count} entries, which were not published yet. */
    public void unput(int count) {
        own -= count;
    }

    /** Shows the kernel what was put into the ring. */
    public void publish() {
        VarHandle.releaseFence(); // [X]
        ring.set(JAVA_INT, producer, own);
    }

    /** Whether the kernel has to be told that something was published. The caller made a full fence in between. */
    public boolean needsWakeUp() {
        return (ring.get(JAVA_INT, flags) & NEEDS_WAKE_UP) != 0;
    }

    /** Entries that the kernel has not taken yet. */
    public int untaken() {
        seen = (int) INT.getAcquire(ring, consumer); // [Y]
        return own - seen;
    }

    /** As {@link #untaken}, for any thread. */
    public int pending() {
        return ring.get(JAVA_INT, producer) - (int) INT.getAcquire(ring, consumer); // [Y]
    }

    /** The address in one of the last entries that were put, counted back from 1. */
    public long lastAddress(int back) {
        return ring.get(JAVA_LONG, entries + (long) DESCRIPTOR_BYTES * ((own - back) & mask));
    }

    /**
     * Makes one of the last descriptors one that the kernel skips; it was published and not taken, and nobody but this
     * thread has the kernel take any meanwhile.
     */
    public void cancel(int back) {
        ring.set(JAVA_LONG, entries + (long) DESCRIPTOR_BYTES * ((own - back) & mask) + 8, 0);
    }

    // As the consumer.

    /** How many entries can be read now, as far as {@code wanted} asks. */
    public int available(int wanted) {
        int available = seen - own;
        if (available < wanted) {
            seen = (int) INT.getAcquire(ring, producer); // [X]
            available = seen - own;
        }
        return Math.min(available, wanted);
    }

    /** The address in the i-th available entry. */
    public long address(int i) {
        return ring.get(JAVA_LONG, entries + (long) entryBytes * ((own + i) & mask));
    }

    /** The length in the i-th available descriptor. */
    public int byteLength(int i) {
        return ring.get(JAVA_INT, entries + (long) DESCRIPTOR_BYTES * ((own + i) & mask) + 8);
    }

    /** The options of the i-th available descriptor. */
    public int options(int i) {
        return ring.get(JAVA_INT, entries + (long) DESCRIPTOR_BYTES * ((own + i) & mask) + 12);
    }

    /** Gives the first {@code count} available entries back to the kernel. */
    public void release(int count) {
        own += count;
        VarHandle.releaseFence(); // [Y]
        ring.set(JAVA_INT, consumer, own);
    }

    void close() {
        mapping.close();
    }

    @Override
    public String toString() {
        return "XDP ring of " + capacity;
    }
}
