package io.annulet.backend.port;

import io.annulet.backend.data.FrameBurst;
import io.annulet.memory.HostMemory;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Copies of frames on their way from one thread to another, or to a later duty cycle of the same one, in memory of our
 * own. One thread produces, one consumes; neither waits unless it asks to.
 *
 * <p>Each frame is a {@link PcapRecord}, one right behind the other, so that a stretch of them is a piece of a pcap file.
 * A record is never split: one that does not fit before the end of the memory begins at its start again, and a mark (or
 * less room than a mark takes) says so.
 *
 * <pre>
 *   start                released            published           end
 *   | record | record ...| free ...          | record | ... | skip |     after the producer has gone round
 * </pre>
 *
 * <p>Positions count bytes and never wrap. [A] The producer's release before {@link #published} is stored, the consumer's
 * acquire: whoever sees the position sees the records before it. [B] Likewise {@link #released}: the consumer is done with
 * the bytes before it, and they may be written again.
 */
public final class FrameRing {

    /** What the producer gets when there is no room, the consumer when there is no record. */
    public static final long NONE = 0;

    private static final long SKIP = -1;

    /** Bytes after which a visit ends, so that large frames do not keep the worker from other ports. */
    private static final int VISIT_BYTES = 64 * 1024;

    private final ByteBuffer memory;
    private final long start;
    private final int capacity;
    private final AtomicLong published = new AtomicLong();
    private final AtomicLong released = new AtomicLong();
    private final Waker consumerWaker = new Waker();
    private final Waker producerWaker = new Waker();

    // The producer's.
    private long claimed;
    private long knownReleased;

    // The consumer's.
    private long taken;
    private long knownPublished;
    private int runByteLength;

    /** @param byteCapacity a power of two */
    public FrameRing(int byteCapacity) {
        if (Integer.bitCount(byteCapacity) != 1) {
            throw new IllegalArgumentException("a ring of " + byteCapacity + " bytes");
        }
        memory = ByteBuffer.allocateDirect(byteCapacity);
        start = HostMemory.addressOf(MemorySegment.ofBuffer(memory));
        capacity = byteCapacity;
    }

    // Producer.

    /** Makes room for a frame: the address of its record, of which all is the caller's to write, or {@link #NONE}. */
    public long claim(int frameByteLength) {
        int needed = PcapRecord.HEADER_BYTES + frameByteLength;
        int toEnd = toEnd(claimed);
        int skipped = needed <= toEnd ? 0 : toEnd;
        if (!hasRoom(skipped + needed)) {
            return NONE;
        }
        if (skipped >= PcapRecord.HEADER_BYTES) {
            HostMemory.storeLong(address(claimed) + 8, SKIP);
        }
        claimed += skipped;
        long record = address(claimed);
        claimed += needed;
        return record;
    }

    /** Copies a frame that was seen at a time since 1970 into the ring; false if there is no room. */
    boolean add(FrameBurst burst, int frame, long epochNanos) {
        int length = burst.frameByteLength(frame);
        long record = claim(length);
        if (record == NONE) {
            return false;
        }
        PcapRecord.header(record, epochNanos, length);
        burst.copyFrame(frame, PcapRecord.frameAddress(record));
        return true;
    }

    private boolean hasRoom(int byteLength) {
        if (claimed + byteLength - knownReleased > capacity) {
            knownReleased = released.getAcquire(); // [B]
        }
        return claimed + byteLength - knownReleased <= capacity;
    }

    /** Shows the consumer all records that were claimed, and wakes it if it waits for them. */
    public void publish() {
        if (claimed != published.getPlain()) {
            published.setRelease(claimed); // [A]
            consumerWaker.moved(claimed);
        }
    }

    /** What was claimed and not published, since an access to memory failed, has not happened. */
    public void forget() {
        claimed = published.getPlain();
    }

    /** The producer sleeps until half of the ring is free; at most so long, or less for no reason. */
    void awaitRoom(long maxNanos) {
        producerWaker.sleepUntil(released, claimed - capacity / 2, maxNanos);
    }

    // Consumer.

    /** Takes the next record, which stays where it is until {@link #release}. */
    public long next() {
        long record = find();
        if (record != NONE) {
            taken += PcapRecord.byteLength(record);
        }
        return record;
    }

    /** Takes frames into an empty burst, with their snapshots; returns how many. */
    int pull(FrameBurst burst) {
        int frames = 0;
        int bytes = 0;
        while (frames < FrameBurst.CAPACITY && bytes < VISIT_BYTES) {
            long record = next();
            if (record == NONE) {
                break;
            }
            int length = PcapRecord.frameByteLength(record);
            burst.chains().addOwn(frames, PcapRecord.frameAddress(record), length);
            burst.snapshot(frames, 0);
            frames++;
            bytes += length;
        }
        burst.flow(1);
        return frames;
    }

    /** Takes as many records as lie one right behind the other, up to {@code maxBytes} or one record if it is longer. */
    long nextRun(int maxBytes) {
        long run = next();
        long end = run == NONE ? NONE : run + PcapRecord.byteLength(run);
        while (end != NONE && find() == end && end + PcapRecord.byteLength(end) - run <= maxBytes) {
            end += PcapRecord.byteLength(next());
        }
        runByteLength = (int) (end - run);
        return run;
    }

    /** Length of the run taken last. */
    int runByteLength() {
        return runByteLength;
    }

    /** The next record, without taking it, or {@link #NONE}. */
    public long peek() {
        return find();
    }

    /** Whether there is a record to take. */
    public boolean hasNext() {
        return find() != NONE;
    }

    private long find() {
        if (taken == knownPublished) {
            knownPublished = published.getAcquire(); // [A]
            if (taken == knownPublished) {
                return NONE;
            }
        }
        int toEnd = toEnd(taken);
        if (toEnd < PcapRecord.HEADER_BYTES || HostMemory.loadLong(address(taken) + 8) == SKIP) {
            // A skip is published together with the record behind it.
            taken += toEnd;
        }
        return address(taken);
    }

    /** Gives the room of all records that were taken back to the producer, and wakes it if it waits for that. */
    public void release() {
        if (taken != released.getPlain()) {
            released.setRelease(taken); // [B]
            producerWaker.moved(taken);
        }
    }

    /** The consumer sleeps until there are records of so many bytes; at most so long, or less for no reason. */
    public void awaitRecords(int byteLength, long maxNanos) {
        consumerWaker.sleepUntil(published, taken + byteLength, maxNanos);
    }

    /** The bytes at an address of this ring, to be handed to a channel. */
    ByteBuffer bytes(long address, int byteLength) {
        return memory.slice((int) (address - start), byteLength);
    }

    private int toEnd(long position) {
        return capacity - (int) (position & (capacity - 1));
    }

    private long address(long position) {
        return start + (position & (capacity - 1));
    }
}
