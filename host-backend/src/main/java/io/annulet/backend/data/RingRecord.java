package io.annulet.backend.data;

import io.annulet.memory.HostMemory;
import io.annulet.vring.DeviceHalf;
import io.annulet.vring.NotedHalf;
import io.annulet.vring.PackedDeviceHalf;
import io.annulet.vring.PackedRing;
import io.annulet.vring.Vring;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * What has to outlive this process of a started ring: where its device stands, and, of a transmit queue, what is about to
 * become of the burst that was taken from it. Written by the worker that works the queue, in a line of a mapped file of our
 * own; read by the control plane of the process that comes after.
 *
 * <pre>
 *    0                        8                            16              24                       32
 *    | positions              | intent                     | receiver's key | receiver's positions  |
 *    | from 16, to 16, noted  | start 16, chains 16,       |                | from 16, to 16,       |
 *    | elements 16, kept 16   | receiver's queue 16, kind  |                | chains passed 16      |
 * </pre>
 *
 * <p>A process may be killed between any two stores, and what it stored before is there after, in order. So the positions
 * before and after a publication are noted before it is made: the ring itself tells whether it was. The used elements of a
 * packed ring are noted too, since they take the place of what was available. A burst's frames reach
 * receivers before its sender has its buffers back; killed in between, the next process would send them again. So the first
 * publication of a burst to a receiver is noted in the sender's record before it is made, and the receiver's ring tells
 * whether it was: then the burst's chains are given back without being sent once more.
 *
 * <p>Chains that are lent to a port, see {@link CompletionWindow}, were passed on whatever becomes of the bursts after them.
 * How many come before a burst is noted with what is to become of it, and how many a publication leaves with it.
 */
public final class RingRecord {

    public static final int BYTES = HostMemory.LINE_BYTES;

    private static final int POSITIONS = 0;
    static final int INTENT = 8;
    private static final int RECEIVER_KEY = 16;
    private static final int RECEIVER_POSITIONS = 24;

    /** Used elements of one publication that are noted; of one with more, none. */
    static final int MOST_NOTED = 1024;

    /** Bytes of the notes. */
    public static final int NOTES_BYTES = MOST_NOTED * Long.BYTES;

    private static final long NO_NOTES = 0;
    private static final long NONE = 0;
    private static final long TO_RING = 1L << 48;
    private static final long OUTSIDE = 2L << 48;

    private final long address;
    private final long notes;
    private final long portKey;
    private final int queueIndex;
    private int start;
    private int lent;
    private int chains;
    private int taken;
    private boolean passed;
    private boolean intentIsNoted;

    /** Notes of the same chains that another back-end could go on with; null if there are none. */
    private @Nullable NotedHalf noted;

    /** Kept from being collected; null if someone else sees to that. */
    @SuppressWarnings("UnusedVariable")
    private final @Nullable MemorySegment own;

    /** A record that goes with its queue, where only {@link #noteIn other notes} outlive the process. */
    static RingRecord ofNothing() {
        MemorySegment own = Arena.ofAuto().allocate(BYTES, BYTES);
        return new RingRecord(HostMemory.addressOf(own), NO_NOTES, 0, 0, own);
    }

    /**
     * @param address of a line of memory of our own
     * @param notes likewise, of {@link #NOTES_BYTES}
     * @param portKey what stands for the port, in this process and the next
     */
    public RingRecord(long address, long notes, long portKey, int queueIndex) {
        this(address, notes, portKey, queueIndex, null);
    }

    private RingRecord(long address, long notes, long portKey, int queueIndex, @Nullable MemorySegment own) {
        this.own = own;
        this.address = address;
        this.notes = notes;
        this.portKey = portKey;
        this.queueIndex = queueIndex;
    }

    // The control plane, while no worker has the ring.

    /** A ring starts at a position: an index of a split ring, or see {@link io.annulet.vring.PackedPosition}. */
    public void start(int position) {
        HostMemory.storeLong(address + POSITIONS, position | (long) position << 16);
    }

    /** Whether all that was about to be published is noted, so that {@link #redo} can do it. */
    public boolean hasNotes() {
        return noted() > 0;
    }

    private int noted() {
        return Math.min((int) (HostMemory.loadLong(address + POSITIONS) >>> 32) & 0xffff, MOST_NOTED);
    }

    /** Nothing is about to become of any burst. */
    public void forgetIntent() {
        HostMemory.storeLong(address + INTENT, NONE);
    }

    /** Whether it is of a ring that stands at {@code position}, before or after the last publication. */
    public boolean isAt(int position) {
        return position == from() || position == to();
    }

    /** Where the last publication began. */
    public int from() {
        return (int) HostMemory.loadLong(address + POSITIONS) & 0xffff;
    }

    /** Where it ended, if it was made. */
    public int to() {
        return (int) (HostMemory.loadLong(address + POSITIONS) >>> 16) & 0xffff;
    }

    /**
     * How many chains from {@code position} on were about to be passed on; 0 if nothing is noted of that position, nor of the
     * one from which a publication has led there.
     */
    public int intendedChains(int position) {
        long intent = HostMemory.loadLong(address + INTENT);
        if (intent != NONE && (intent & 0xffff) == position) {
            return (int) (intent >>> 16) & 0xffff;
        }
        return intent != NONE && (intent & 0xffff) == from() && position == to() ? kept() : 0;
    }

    /** How many chains after the last publication, if it was made, stay with those whom they were passed on to. */
    private int kept() {
        return (int) (HostMemory.loadLong(address + POSITIONS) >>> 48);
    }

    /** How many of the intended chains were passed on, whatever became of the others. */
    public int surelyPassedChains() {
        return (int) (HostMemory.loadLong(address + RECEIVER_POSITIONS) >>> 32) & 0xffff;
    }

    /** Whether they were to go to a ring, which may tell whether they did. */
    public boolean isIntendedForRing() {
        return (HostMemory.loadLong(address + INTENT) & TO_RING) != 0;
    }

    public long receiverKey() {
        return HostMemory.loadLong(address + RECEIVER_KEY);
    }

    public int receiverQueue() {
        return (int) (HostMemory.loadLong(address + INTENT) >>> 32) & 0xffff;
    }

    /** Where the receiver stood unless the publication was made. */
    public int receiverFrom() {
        return (int) HostMemory.loadLong(address + RECEIVER_POSITIONS) & 0xffff;
    }

    // The worker.

    /** What was given back is about to be published; so many chains that were passed on stay where they are. */
    void publishing(DeviceHalf half, int kept) {
        int from = half.publishedPosition();
        int to = half.usedPosition();
        long noted = half.notePending(notes, notes == NO_NOTES ? 0 : MOST_NOTED);
        HostMemory.releaseFence();
        HostMemory.storeLong(address + POSITIONS, from | (long) to << 16 | noted << 32 | (long) kept << 48);
    }

    /**
     * Makes the publication that an earlier process was about to make, and may have begun; the ring goes on behind it.
     *
     * @return whether there was one
     */
    boolean redo(Vring ring) {
        int from = from();
        int to = to();
        if (from == to || !(ring instanceof PackedRing packed) || noted() == 0 || !packed.isAvailableAt(from)) {
            return false;
        }
        PackedDeviceHalf.redo(packed, from, notes, noted());
        int kept = intendedChains(to);
        if (kept > 0) {
            HostMemory.storeLong(address + INTENT, to | (long) kept << 16 | OUTSIDE);
        }
        start(to);
        return true;
    }

    /** That a burst is passed on is noted there too; null if nowhere else. */
    void noteIn(@Nullable NotedHalf half) {
        noted = half;
    }

    /** A burst was taken, behind so many chains that are lent. */
    void begin(int position, int lentBefore, int count) {
        start = position;
        lent = lentBefore;
        chains = lentBefore + count;
        taken = count;
        passed = false;
    }

    /** Frames of the burst are about to be published to a receiver. */
    void passTo(@Nullable RingRecord receiver, int from, int to) {
        if (receiver == null) {
            passOutside();
        } else if (!passed) {
            passing();
            HostMemory.storeLong(address + RECEIVER_KEY, receiver.portKey);
            HostMemory.storeLong(address + RECEIVER_POSITIONS, from | (long) to << 16 | (long) lent << 32);
            HostMemory.releaseFence();
            HostMemory.storeLong(
                    address + INTENT, start | (long) chains << 16 | (long) receiver.queueIndex << 32 | TO_RING);
        }
    }

    /** Frames of the burst are about to leave for where no ring tells whether they came. */
    void passOutside() {
        if (!passed) {
            passing();
            HostMemory.storeLong(address + INTENT, start | (long) chains << 16 | OUTSIDE);
            HostMemory.releaseFence();
        }
    }

    private void passing() {
        passed = true;
        intentIsNoted = true;
        if (noted != null) {
            noted.notePassing(taken);
        }
    }

    /** The burst has been given back. */
    void end() {
        passed = false;
        if (intentIsNoted) {
            intentIsNoted = false;
            forgetIntent();
        }
    }

    /** Frames of a burst are about to leave through a port that is no guest's. */
    public static void leaving(FrameBurst burst) {
        RingRecord source = burst.origin().record();
        if (source != null) {
            source.passOutside();
        }
    }
}
