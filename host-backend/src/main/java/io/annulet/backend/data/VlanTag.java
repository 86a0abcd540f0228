package io.annulet.backend.data;

import io.annulet.backend.offload.Offload;
import io.annulet.backend.policy.VlanRule;
import io.annulet.memory.HostMemory;

/**
 * The VLAN tag of a frame, in its snapshot; stateless. A tag is put in and taken out by moving the snapshot's bytes behind
 * it, so the frame's payload stays where its sender has it. IEEE 802.1Q-2018, "Tag format".
 *
 * <pre>
 *   | destination, 6 | source, 6 | 0x8100 | priority, 3 | eligible, 1 | VLAN, 12 | type ...
 *                                0        2                                      4
 * </pre>
 */
final class VlanTag {

    static final int BYTES = 4;

    /** The most bytes of a frame that has room for a tag. */
    static final int MAX_UNTAGGED_BYTES = FrameBurst.MAX_FRAME_BYTES - BYTES;

    private static final int ETHERTYPE_VLAN = 0x8100;
    private static final int ETHERTYPE_SERVICE_VLAN = 0x88a8;
    private static final int ETHERTYPE_QINQ = 0x9100;

    /** Where a tag is, behind the two addresses. */
    private static final int AT = 12;

    private static final int HEADER_LENGTH = 2;
    private static final int CHECKSUM_START = 6;

    private VlanTag() {}

    /**
     * The tag of a frame. One that has a second tag, or one of another kind, is refused: the second one would come to
     * light, and count, where the first is taken out.
     *
     * @return 16 bits, or {@link VlanRule#UNTAGGED} or {@link VlanRule#REFUSED}
     */
    static int of(FrameBurst burst, int frame) {
        long at = burst.snapshotAddress(frame) + NetHeader.BYTES + AT;
        int type = load16(at);
        if (!isTag(type)) {
            return VlanRule.UNTAGGED;
        }
        boolean single = type == ETHERTYPE_VLAN
                && burst.frameByteLength(frame) >= FrameBurst.ETHERNET_HEADER_BYTES + BYTES
                && !isTag(load16(at + BYTES));
        return single ? load16(at + 2) : VlanRule.REFUSED;
    }

    /** Bytes of the tags of a frame that has room for two. */
    static int byteLength(FrameBurst burst, int frame) {
        long at = burst.snapshotAddress(frame) + NetHeader.BYTES + AT;
        if (!isTag(load16(at))) {
            return 0;
        }
        return isTag(load16(at + BYTES)) ? 2 * BYTES : BYTES;
    }

    private static boolean isTag(int type) {
        return type == ETHERTYPE_VLAN || type == ETHERTYPE_SERVICE_VLAN || type == ETHERTYPE_QINQ;
    }

    /** Gives a frame a tag if it has none. */
    static void put(FrameBurst burst, int frame, int tag) {
        long at = burst.snapshotAddress(frame) + NetHeader.BYTES + AT;
        if (load16(at) == ETHERTYPE_VLAN) {
            HostMemory.storeShortUnaligned(at + 2, swap(tag));
            return;
        }
        // Words from the last to the first, each read before anything is stored over it.
        for (int i = (burst.snapshotFrameBytes(frame) - AT - 1) & -Long.BYTES; i >= 0; i -= Long.BYTES) {
            HostMemory.storeLong(at + BYTES + i, HostMemory.loadLong(at + i));
        }
        HostMemory.storeShortUnaligned(at, swap(ETHERTYPE_VLAN));
        HostMemory.storeShortUnaligned(at + 2, swap(tag));
        moved(burst, frame, BYTES);
    }

    /** Takes a frame's tag out if it has one. */
    static void takeOut(FrameBurst burst, int frame) {
        long at = burst.snapshotAddress(frame) + NetHeader.BYTES + AT;
        if (load16(at) != ETHERTYPE_VLAN) {
            return;
        }
        int left = burst.snapshotFrameBytes(frame) - AT - BYTES;
        for (int i = 0; i < left; i += Long.BYTES) {
            HostMemory.storeLong(at + i, HostMemory.loadLong(at + BYTES + i));
        }
        moved(burst, frame, -BYTES);
    }

    /** What counts bytes from the frame's begin counts them anew. */
    private static void moved(FrameBurst burst, int frame, int bytes) {
        burst.lengthen(frame, bytes);
        int needed = burst.offloads(frame);
        if ((needed & Offload.CHECKSUM) != 0) {
            add(burst.snapshotAddress(frame) + CHECKSUM_START, bytes);
        }
        if ((needed & Offload.LARGE) != 0) {
            add(burst.snapshotAddress(frame) + HEADER_LENGTH, bytes);
        }
    }

    private static void add(long field, int bytes) {
        HostMemory.storeShortUnaligned(field, HostMemory.loadShortUnaligned(field) + bytes);
    }

    private static int load16(long address) {
        return swap(HostMemory.loadShortUnaligned(address));
    }

    private static int swap(int value) {
        return (value & 0xff) << 8 | (value >>> 8 & 0xff);
    }
}
