package io.annulet.vring;

/**
 * Where the fields of the memory lie in which a device notes what it has taken and not given back, for whoever comes after
 * it: a region for each queue, one behind the other. From vhost-user, QEMU 10, "Inflight I/O tracking".
 *
 * <pre>
 * split     0          8         10         12                16         32
 *           | features | version | desc_num | last_batch_head | entry 0  | entry 1 ...
 *                                           |    used_idx     |
 *   entry   0          1         6      8         16
 *           | inflight | padding | next | counter |
 * packed    0          8         10         12          14              16         18             20         22   32
 *           | features | version | desc_num | free_head | old_free_head | used_idx | old_used_idx | wrap 1,  |    | entry 0 ...
 *                                                                                                 | old 1    |
 *   entry   0          1         2      4      6     8         16   18      20    24        32
 *           | inflight | padding | next | last | num | counter | id | flags | len | address |
 * </pre>
 *
 * <p>The text does not say where the next region begins. DPDK and libvhost-user let it begin at the next multiple of 64, and
 * so does this. The first byte of an entry's padding is {@link #PASSED}, of which others know nothing.
 *
 * <p>Fields that have to change together lie in one aligned word, and are stored with it: a process that is killed has
 * changed all of them or none.
 */
public final class InflightLayout {

    /** What a region begins with once it is in use; 0 before. */
    static final int VERSION = 1;

    static final int FEATURES = 0;

    /** Version, number of descriptors, and two fields that depend on the layout. */
    static final int HEAD = 8;

    /** Of packed rings: positions and wrap counters, now and before the publication under way. */
    static final int POSITIONS = 16;

    static final int SPLIT_ENTRIES = 16;
    static final int SPLIT_ENTRY_BYTES = 16;
    static final int PACKED_ENTRIES = 32;
    static final int PACKED_ENTRY_BYTES = 32;

    // Of an entry.
    static final int INFLIGHT = 0;

    /** The frames of this chain were about to be passed on, and may be with others already. */
    static final int PASSED = 1;

    static final int COUNTER = 8;
    static final int SPLIT_NEXT = 6;
    static final int PACKED_NEXT = 2;
    static final int PACKED_LAST = 4;
    static final int PACKED_NUM = 6;
    static final int PACKED_DETAIL = 16;
    static final int PACKED_ADDRESS = 24;

    private static final int ALIGNMENT = 64;

    private InflightLayout() {}

    /** Bytes from one region to the next, of rings of {@code size} descriptors. */
    public static long regionBytes(boolean packed, int size) {
        long bytes = packed
                ? PACKED_ENTRIES + (long) PACKED_ENTRY_BYTES * size
                : SPLIT_ENTRIES + (long) SPLIT_ENTRY_BYTES * size;
        return (bytes + ALIGNMENT - 1) & -ALIGNMENT;
    }

    /** What makes a region one that is not in use: zeros from here on, so many. */
    public static final int FORGET_OFFSET = HEAD;

    public static final int FORGET_BYTES = Long.BYTES;

    static long head(int size, int third, int fourth) {
        return VERSION | (long) size << 16 | (long) third << 32 | (long) fourth << 48;
    }

    /** Of two {@link PackedPosition}s. */
    static long positions(int used, int oldUsed) {
        return PackedPosition.slot(used)
                | (long) PackedPosition.slot(oldUsed) << 16
                | (PackedPosition.wrap(used) ? 1L << 32 : 0)
                | (PackedPosition.wrap(oldUsed) ? 1L << 40 : 0);
    }

    /** The second word of a descriptor, as an entry has it. */
    static long entryDetail(long detail) {
        return PackedRing.id(detail) | (long) PackedRing.flags(detail) << 16 | PackedRing.byteLength(detail) << 32;
    }

    /** The second word of a descriptor whose entry is this. */
    static long descriptorDetail(long entryDetail) {
        return entryDetail >>> 32 | (entryDetail & 0xffff) << 32 | (entryDetail >>> 16 & 0xffff) << 48;
    }
}
