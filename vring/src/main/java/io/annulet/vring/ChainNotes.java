package io.annulet.vring;

/**
 * Notes in in-flight memory of the chains that a {@link NotedHalf} has taken and not given back; owned by the worker of its
 * queue, but for the memory, which is shared with a peer and never read here. From vhost-user, QEMU 10, "Inflight I/O
 * tracking".
 *
 * <p>Chains are counted from when the ring was started, by wrapping numbers, in the order of taking:
 *
 * <pre>
 *      shown                 taken        noted
 *   ...  | chain | chain | ... | chain | ... |
 *        taken, and in flight  | put back: they will be taken again, and stay noted
 * </pre>
 *
 * <p>What is put back stays noted, so that putting back touches no shared memory. It is in flight only for whoever comes
 * after, and would be taken next anyway.
 */
abstract sealed class ChainNotes permits SplitChainNotes, PackedChainNotes {

    final InflightWords words;
    final long region;
    final int size;
    final int mask;
    int taken;
    int shown;
    int noted;
    long counter;

    /** Chains of the publication under way; 0 if none is. */
    private int publishing;

    private int positionBefore;
    private int shownAfter;

    ChainNotes(InflightWords words, long region, int size) {
        this.words = words;
        this.region = region;
        this.size = size;
        this.mask = Integer.highestOneBit(2 * size - 1) - 1;
    }

    final int place(int number) {
        return number & mask;
    }

    /** Begins with a region that is to be in use; touches shared memory. */
    abstract void begin(int position);

    /** Likewise with what was read of one that is, whose chains will be taken first. */
    abstract void goOn(InflightChains chains);

    /** Chains behind those that are given back first have still to be passed on. */
    final void forgetPassedBehind(int passed) {
        for (int number = passed; number < noted; number++) {
            words.octet(entry(number) + InflightLayout.PASSED, 0);
        }
    }

    /** The half has added chains to the burst, from {@code first} on; its position before was {@code position}. */
    final void took(DeviceHalf half, ChainBurst burst, int first, int count, int position) {
        note(half, burst, first, count, position);
        taken += count;
        if (taken - noted > 0) {
            noted = taken;
        }
    }

    /** Notes chains from number {@link #taken} on, unless they are noted already as they are. */
    abstract void note(DeviceHalf half, ChainBurst burst, int first, int count, int position);

    final void untook(int count) {
        taken -= count;
    }

    /** The frames of the last so many chains are about to be passed on. */
    final void passing(int count) {
        for (int number = taken - count; number != taken; number++) {
            words.octet(entry(number) + InflightLayout.PASSED, 1);
        }
    }

    /** Address of the entry that has a chain's state. */
    abstract long entry(int number);

    /** So many chains are about to be shown to the driver. */
    final void publish(DeviceHalf half, int count) {
        positionBefore = half.publishedPosition();
        shownAfter = shown + count;
        publishing = count;
        link(count, half.usedPosition());
    }

    /** Has whoever comes after know the chains of this publication, and where it leads, if it is made. */
    abstract void link(int count, int position);

    /** After a publication, or after one was broken off by an error: it was made if the half says so. */
    final void settle(DeviceHalf half) {
        int count = publishing;
        if (count != 0) {
            if (half.publishedPosition() != positionBefore) {
                unlink(count);
                shown = shownAfter;
            }
            publishing = 0;
        }
    }

    /** Those chains are in flight no more. */
    abstract void unlink(int count);

    /** All that was taken and not shown will be taken again; touches no shared memory. */
    final void abandon(DeviceHalf half) {
        boolean isMade = publishing != 0 && half.publishedPosition() != positionBefore;
        taken = isMade ? shownAfter : shown;
    }
}
