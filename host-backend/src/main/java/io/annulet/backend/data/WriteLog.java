package io.annulet.backend.data;

import io.annulet.memory.PageLog;
import io.annulet.vring.ChainBurst;
import io.annulet.vring.PackedPosition;
import io.annulet.vring.PackedRing;
import io.annulet.vring.SplitRing;
import io.annulet.vring.Vring;

/**
 * Logs what a queue's device writes, buffers and ring, while the guest moves to another machine; owned by whoever works the
 * queue. The front-end says under which address the used ring, or the device area of a packed ring, is logged.
 */
public final class WriteLog {

    /** The ring's own memory is not logged. */
    public static final long NO_RING = -1;

    private static final int USED_HEADER_BYTES = 4;
    private static final int USED_ELEMENT_BYTES = 8;
    private static final int DESCRIPTOR_BYTES = 16;

    private final PageLog pages;
    private final Vring ring;
    private final long ringAddress;

    /** @param ringAddress the address under which the ring is logged, or {@link #NO_RING} */
    public WriteLog(PageLog pages, Vring ring, long ringAddress) {
        this.pages = pages;
        this.ring = ring;
        this.ringAddress = ringAddress;
    }

    /** Chains from one to before another were written, each as far as it says. */
    void written(ChainBurst chains, int first, int end) {
        for (int chain = first; chain < end; chain++) {
            buffers(chains, chain, chains.written(chain));
        }
    }

    /** The first bytes of a chain's writable buffers were written. */
    void buffers(ChainBurst chains, int chain, int byteLength) {
        int left = byteLength;
        for (int segment = chains.firstWritable(chain); left > 0; segment++) {
            int here = Math.min(left, chains.segmentByteLength(segment));
            pages.wrote(chains.segmentAddress(segment), here);
            left -= here;
        }
    }

    /** Used elements from one position to another were written, and what shows them. */
    void published(int from, int to) {
        if (ringAddress == NO_RING) {
            return;
        }
        switch (ring) {
            case SplitRing split -> {
                int mask = split.size() - 1;
                elements(from & mask, to & mask, from != to);
                pages.wroteGuest(ringAddress, USED_HEADER_BYTES);
            }
            case PackedRing packed ->
                descriptors(packed, PackedPosition.slot(from), PackedPosition.slot(to), from != to);
        }
    }

    private void elements(int from, int to, boolean any) {
        if (from < to) {
            element(from, to - from);
        } else if (any) {
            element(from, ring.size() - from);
            element(0, to);
        }
    }

    private void element(int slot, int count) {
        if (count > 0) {
            pages.wroteGuest(
                    ringAddress + USED_HEADER_BYTES + (long) USED_ELEMENT_BYTES * slot,
                    (long) USED_ELEMENT_BYTES * count);
        }
    }

    private void descriptors(PackedRing packed, int from, int to, boolean any) {
        if (from < to) {
            descriptor(packed, from, to - from);
        } else if (any) {
            descriptor(packed, from, packed.size() - from);
            descriptor(packed, 0, to);
        }
    }

    private void descriptor(PackedRing packed, int slot, int count) {
        pages.wrote(packed.descriptorsAddress() + (long) DESCRIPTOR_BYTES * slot, (long) DESCRIPTOR_BYTES * count);
    }

    /** The device said whether it wants kicks. */
    void suppression() {
        if (ringAddress == NO_RING) {
            return;
        }
        if (ring instanceof SplitRing) {
            pages.wroteGuest(ringAddress, USED_HEADER_BYTES);
            element(ring.size(), 1); // where avail_event lies
        } else {
            pages.wroteGuest(ringAddress, PackedRing.EVENT_AREA_BYTES);
        }
    }
}
