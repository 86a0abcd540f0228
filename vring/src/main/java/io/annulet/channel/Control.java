package io.annulet.channel;

import io.annulet.memory.HostMemory;

/**
 * An end's own page of shared memory and the other's; used by the end's thread.
 *
 * <pre>
 *    0  produced   how far the ring was written that this end writes
 *   64  consumed   how far the ring was read that this end reads
 *  128  asleep     1 while this end waits for its doorbell
 *  192  wish       counts how often this end wished for a new handshake
 * </pre>
 *
 * <p>Each word has a cache line of its own. None is authenticated: a forged one costs time, and never truth.
 */
final class Control {
    private static final int PRODUCED = 0;
    private static final int CONSUMED = 64;
    private static final int ASLEEP = 128;
    private static final int WISH = 192;

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

    /** Asks for the doorbell. The caller looks for work once more after this, and waits only if there is none. */
    void fallAsleep() {
        HostMemory.storeLong(mine + ASLEEP, 1);
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
