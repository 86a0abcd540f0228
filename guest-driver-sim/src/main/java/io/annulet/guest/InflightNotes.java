package io.annulet.guest;

import io.annulet.linux.Mapping;
import io.annulet.memory.HostMemory;

/**
 * What a back-end noted in an {@link InflightArea} of split rings; owned by the thread that plays the front-end. From
 * vhost-user, QEMU 10, "Inflight I/O tracking": a region for each queue, of a header and an entry for each descriptor.
 *
 * <p>The area is the back-end's, who may write anything there: a description that does not hold all regions is refused.
 */
public final class InflightNotes implements AutoCloseable {

    // QueueRegionSplit: features (8 bytes), version, desc_num, last_batch_head, used_idx (2 each), then the entries.
    static final int VERSION = 8;
    static final int DESCRIPTORS = 10;
    static final int USED_INDEX = 14;
    static final int ENTRIES = 16;

    private static final int PAGE_BYTES = 4096;

    // DescStateSplit: inflight (1 byte), padding, next (2), counter (8).
    static final int ENTRY_BYTES = 16;

    private final Mapping mapping;
    private final long address;
    private final int queues;
    private final int queueSize;
    private final long regionBytes;

    private InflightNotes(InflightArea area, long regionBytes) {
        // A mapping starts at a page; the area may start in the middle of one.
        long shift = area.fileOffset() % PAGE_BYTES;
        this.mapping = Mapping.map(
                area.file(), area.fileOffset() - shift, area.byteLength() + shift, Mapping.Protection.READ_WRITE);
        this.address = mapping.address() + shift;
        this.queues = area.queues();
        this.queueSize = area.queueSize();
        this.regionBytes = regionBytes;
    }

    /**
     * Maps the area.
     *
     * @throws FrontEndException if it is too small for its queues
     */
    public static InflightNotes map(InflightArea area) {
        long regionBytes = area.byteLength() / Math.max(1, area.queues());
        if (area.fileOffset() < 0 || regionBytes < ENTRIES + (long) ENTRY_BYTES * area.queueSize()) {
            throw new FrontEndException(
                    FrontEndException.Reason.WRONG_REPLY,
                    "an area of " + area.byteLength() + " bytes at " + area.fileOffset() + " does not hold "
                            + area.queues() + " queues of " + area.queueSize());
        }
        return new InflightNotes(area, regionBytes);
    }

    private long region(int queue) {
        if (queue < 0 || queue >= queues) {
            throw new IllegalArgumentException("queue " + queue + " of " + queues);
        }
        return address + queue * regionBytes;
    }

    /** 1 once the back-end has begun to note. */
    public int version(int queue) {
        return HostMemory.loadShort(region(queue) + VERSION);
    }

    /** The queue's size as the back-end knows it, in descriptors. */
    public int descriptors(int queue) {
        return HostMemory.loadShort(region(queue) + DESCRIPTORS);
    }

    /** The used index up to which all is noted. */
    public int usedIndex(int queue) {
        return HostMemory.loadShort(region(queue) + USED_INDEX);
    }

    /** How many chains the back-end has taken and not given back. */
    public int inFlight(int queue) {
        int found = 0;
        for (int head = 0; head < queueSize; head++) {
            found += HostMemory.loadByte(region(queue) + ENTRIES + (long) ENTRY_BYTES * head) != 0 ? 1 : 0;
        }
        return found;
    }

    @Override
    public void close() {
        mapping.close();
    }
}
