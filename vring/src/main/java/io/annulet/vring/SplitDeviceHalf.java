package io.annulet.vring;

import io.annulet.memory.GuestMemory;
import io.annulet.memory.HostMemory;

/**
 * The device's half of a split virtqueue; owned by the worker of its queue.
 *
 * <p>Takes chains in bursts, gives them back in the order they were taken, publishes once a burst. Everything the driver
 * wrote is hostile: it is read once, checked, used; the indexes are our own, and what stands in the used ring is never
 * read back.
 */
public final class SplitDeviceHalf implements DeviceHalf {

    private final SplitRing ring;
    private final RingFeatures features;
    private final SplitChainReader chains;
    private int takenIndex;
    private int knownAvailIndex;
    private int usedIndex;
    private int publishedUsedIndex;
    private int askedUsedIndex;
    private RingFault fault = RingFault.NONE;

    /**
     * @param features which of the ring features were acknowledged
     * @param baseIndex where to go on: the index of the next available entry to take, equal to the used index
     */
    public SplitDeviceHalf(SplitRing ring, GuestMemory memory, RingFeatures features, int baseIndex) {
        this.ring = ring;
        this.features = features;
        this.chains = new SplitChainReader(ring, memory, features.indirect());
        this.takenIndex = baseIndex;
        this.knownAvailIndex = baseIndex;
        this.usedIndex = baseIndex;
        this.publishedUsedIndex = baseIndex;
        this.askedUsedIndex = baseIndex;
    }

    @Override
    public DeviceHalf movedTo(Vring moved, GuestMemory memory) {
        SplitDeviceHalf half = new SplitDeviceHalf((SplitRing) moved, memory, features, takenIndex);
        half.usedIndex = usedIndex;
        half.publishedUsedIndex = publishedUsedIndex;
        half.askedUsedIndex = askedUsedIndex;
        half.fault = fault;
        return half;
    }

    @Override
    public void goBy(GuestMemory memory) {
        chains.goBy(memory);
    }

    @Override
    public int take(ChainBurst burst, int max) {
        int waiting = waiting(max);
        if (waiting <= 0) {
            return waiting;
        }
        int wanted = Math.min(Math.min(waiting, max), burst.capacity() - burst.count());
        int taken = chains.read(burst, takenIndex, wanted);
        takenIndex = Index16.plus(takenIndex, taken);
        return taken == 0 ? none() : taken;
    }

    /** No chain was taken: why not. */
    private int none() {
        if (chains.fault() != RingFault.NONE) {
            return broken(chains.fault());
        }
        return chains.awaited().isAny() ? WAITS : 0;
    }

    /** Takes chains that an earlier half had taken, from whoever reads them. */
    int takeAgain(SplitChainReader earlier, ChainBurst burst, int max) {
        if (fault != RingFault.NONE) {
            return BROKEN;
        }
        int taken = earlier.read(burst, takenIndex, Math.min(max, burst.capacity() - burst.count()));
        takenIndex = Index16.plus(takenIndex, taken);
        knownAvailIndex = takenIndex;
        return taken == 0 && earlier.fault() != RingFault.NONE ? broken(earlier.fault()) : taken;
    }

    /** How many chains are available, reading the index only if fewer than {@code enough} are known; or BROKEN. */
    private int waiting(int enough) {
        if (fault != RingFault.NONE) {
            return BROKEN;
        }
        int known = Index16.distance(takenIndex, knownAvailIndex);
        if (known >= enough) {
            return known;
        }
        int availIndex = ring.availIndexAcquire(); // [A]
        int waiting = Index16.distance(takenIndex, availIndex);
        // A chain that the driver has not seen used cannot be offered again, so all that is borrowed counts too: what
        // we hold is bounded by the ring, however fast a driver moves its index.
        if (waiting > ring.size() - Index16.distance(publishedUsedIndex, takenIndex)) {
            return broken(RingFault.AVAIL_INDEX_JUMP);
        }
        knownAvailIndex = availIndex;
        return waiting;
    }

    private int broken(RingFault why) {
        fault = why;
        return BROKEN;
    }

    @Override
    public RingFault fault() {
        return fault;
    }

    @Override
    public AwaitedMemory awaited() {
        return chains.awaited();
    }

    @Override
    public void untake(int count) {
        takenIndex = Index16.plus(takenIndex, -count);
    }

    @Override
    public int borrowed() {
        return Index16.distance(usedIndex, takenIndex);
    }

    @Override
    public int available() {
        return fault == RingFault.NONE
                ? Math.min(Index16.distance(takenIndex, ring.availIndexAcquire()), ring.size())
                : 0;
    }

    @Override
    public void giveBack(int head, long writtenByteLength) {
        ring.usedElement(usedIndex, head, writtenByteLength);
        usedIndex = Index16.plus(usedIndex, 1);
    }

    @Override
    public void giveBack(ChainBurst burst, int first, int count) {
        for (int i = 0; i < count; i++) {
            ring.usedElement(usedIndex + i, burst.head(first + i), burst.written(first + i));
        }
        usedIndex = Index16.plus(usedIndex, count);
    }

    @Override
    public void abandon() {
        usedIndex = publishedUsedIndex;
        takenIndex = publishedUsedIndex;
        knownAvailIndex = publishedUsedIndex;
    }

    @Override
    public boolean showUsed() {
        if (publishedUsedIndex == usedIndex) {
            return false;
        }
        ring.usedIndexRelease(usedIndex); // [B]
        publishedUsedIndex = usedIndex;
        return true;
    }

    @Override
    public boolean wantsCall() {
        int before = askedUsedIndex;
        askedUsedIndex = publishedUsedIndex;
        return features.eventIndex()
                ? Index16.passed(ring.usedEvent(), before, publishedUsedIndex)
                : (ring.availFlags() & SplitRing.AVAIL_FLAG_NO_INTERRUPT) == 0;
    }

    @Override
    public void suppressKicks() {
        if (!features.eventIndex()) {
            ring.usedFlags(SplitRing.USED_FLAG_NO_NOTIFY);
        }
        // With EVENT_IDX an avail_event that is never moved on suppresses by itself.
    }

    @Override
    public boolean requestKicks() {
        if (features.eventIndex()) {
            ring.availEvent(takenIndex);
        } else {
            ring.usedFlags(0);
        }
        HostMemory.fullFence(); // [D]
        return fault == RingFault.NONE && ring.availIndexAcquire() != takenIndex; // [A]
    }

    /** The index of the next available entry to take. */
    @Override
    public int base() {
        return takenIndex;
    }

    @Override
    public int usedPosition() {
        return usedIndex;
    }

    /** Nothing: an index that was written shows all before it, and one that was not shows none. */
    @Override
    public int notePending(long address, int most) {
        return 0;
    }

    @Override
    public int publishedPosition() {
        return publishedUsedIndex;
    }
}
