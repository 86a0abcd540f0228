package io.annulet.channel;

import io.annulet.memory.HostMemory;

/**
 * An end's own page of shared memory and the other's; used by the end's thread.
 *
 * <pre>
 *    0  produced   how far the ring was written that this end writes
 *   64  consumed   how far the ring was read that this end reads
 *  128  asleep     1 while this end waits for its doorbell, 3 if it also waits for room in its ring
 *  192  wish       counts how often this end wished for a new handshake
 *  256  number     of this end's doorbell, and 1; 0 if it has none
 * </pre>
 *
 * <p>Each word has a cache line of its own. None is authenticated: a forged one costs time, and never truth.
 */
final class Control {
    private static final int PRODUCED = 0;
    private static final int CONSUMED = 64;
    private static final int ASLEEP = 128;
    private static final int WISH = 192;
    private static final int NUMBER = 256;

    private static final long AWAITS_RECORDS = 1;
    private static final long AWAITS_ROOM = 2;

    private final long mine;
    private final long theirs;
    private long wishes;
    private long seenWishes;

    Control(ChannelLayout layout, int end) {
        this.mine = layout.controlAddress(end);
        this.theirs = layout.controlAddress(1 - end);
        this.wishes = HostMemory.loadLong(mine + WISH);
        this.seenWishes = HostMemory.loadLong(theirs + WISH);
    }

    static RingWriter writer(ChannelLayout layout, int end) {
        return new RingWriter(
                layout.ringAddress(end),
                layout.ringByteLength(),
                layout.controlAddress(end) + PRODUCED,
                layout.controlAddress(1 - end) + CONSUMED);
    }

    static RingReader reader(ChannelLayout layout, int end) {
        return new RingReader(
                layout.ringAddress(1 - end),
                layout.ringByteLength(),
                layout.controlAddress(1 - end) + PRODUCED,
                layout.controlAddress(end) + CONSUMED);
    }

    /** Tells the other end how this one is rung. */
    void tellNumber(int number) {
        HostMemory.storeLong(mine + NUMBER, number + 1L);
    }

    /** The number of the other end's doorbell; negative if it has none, or says what is none. */
    int peerNumber() {
        long said = HostMemory.loadLong(theirs + NUMBER);
        return said <= 0 || said > Doorbell.MAX_NUMBERS ? Doorbell.NO_NUMBER : (int) said - 1;
    }

    /**
     * Asks for the doorbell. The caller looks for work once more after this, and waits only if there is none.
     *
     * @param forRoom whether it is to ring for room in this end's ring as well
     */
    void fallAsleep(boolean forRoom) {
        HostMemory.storeLong(mine + ASLEEP, forRoom ? AWAITS_RECORDS | AWAITS_ROOM : AWAITS_RECORDS);
        HostMemory.fullFence(); // C
    }

    void wakeUp() {
        HostMemory.storeLong(mine + ASLEEP, 0);
    }

    /** Whether the other end waits for its doorbell; asked after an index was stored. */
    boolean isPeerAsleep() {
        HostMemory.fullFence(); // C
        return HostMemory.loadLong(theirs + ASLEEP) != 0;
    }

    /** Whether the other end waits for room; asked after it was given some. */
    boolean isPeerAwaitingRoom() {
        HostMemory.fullFence(); // C
        return (HostMemory.loadLong(theirs + ASLEEP) & AWAITS_ROOM) != 0;
    }

    /** Lets the other end know that this one would like a new handshake. */
    void wish() {
        HostMemory.storeLong(mine + WISH, ++wishes);
    }

    /** Whether the other end has wished for a new handshake since the last call. */
    boolean hasPeerWished() {
        long seen = HostMemory.loadLong(theirs + WISH);
        boolean hasWished = seen != seenWishes;
        seenWishes = seen;
        return hasWished;
    }
}
