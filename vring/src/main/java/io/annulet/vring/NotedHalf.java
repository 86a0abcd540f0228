package io.annulet.vring;

import io.annulet.memory.GuestMemory;
import org.jspecify.annotations.Nullable;

/**
 * A device's half whose chains are noted in in-flight memory while it has them, for another device that may have to go on;
 * owned by the worker of its queue. What an earlier device had taken and not given back it takes first, in the same order.
 *
 * <p>Queues whose chains are not noted have the plain half, and no part in this.
 */
public final class NotedHalf implements DeviceHalf {

    private final DeviceHalf half;
    private final ChainNotes notes;

    /** Until the last of them has been given back. */
    private @Nullable EarlierChains earlier;

    NotedHalf(DeviceHalf half, ChainNotes notes, @Nullable EarlierChains earlier) {
        this.half = half;
        this.notes = notes;
        this.earlier = earlier;
    }

    @Override
    public void goBy(GuestMemory memory) {
        half.goBy(memory);
    }

    @Override
    public AwaitedMemory awaited() {
        return half.awaited();
    }

    @Override
    public DeviceHalf movedTo(Vring moved, GuestMemory memory) {
        if (notes instanceof PackedChainNotes packed) {
            packed.movedTo((PackedRing) moved);
        }
        EarlierChains rest = earlier;
        return new NotedHalf(half.movedTo(moved, memory), notes, rest == null ? null : rest.movedTo(moved, memory));
    }

    /** The frames of the last so many chains that were taken are about to be passed on: they are not to be sent again. */
    public void notePassing(int count) {
        notes.passing(count);
    }

    @Override
    public int take(ChainBurst burst, int max) {
        notes.settle(half);
        int first = burst.count();
        int position = half.base();
        EarlierChains before = earlier;
        int taken = before == null ? half.take(burst, max) : takeEarlier(before, burst, max);
        if (taken > 0) {
            notes.took(half, burst, first, taken, position);
        }
        return taken;
    }

    private int takeEarlier(EarlierChains before, ChainBurst burst, int max) {
        int left = before.count - notes.taken;
        if (left > 0) {
            return before.take(half, burst, Math.min(left, max));
        }
        if (before.count - notes.shown <= 0) {
            earlier = null;
        }
        return half.take(burst, max);
    }

    @Override
    public RingFault fault() {
        return half.fault();
    }

    @Override
    public void untake(int count) {
        half.untake(count);
        notes.untook(count);
    }

    @Override
    public int borrowed() {
        return half.borrowed();
    }

    @Override
    public int available() {
        return half.available();
    }

    @Override
    public void giveBack(int head, long writtenByteLength) {
        half.giveBack(head, writtenByteLength);
    }

    @Override
    public void giveBack(ChainBurst burst, int first, int count) {
        half.giveBack(burst, first, count);
    }

    @Override
    public void abandon() {
        notes.abandon(half);
        half.abandon();
    }

    @Override
    public boolean showUsed() {
        notes.settle(half);
        int count = notes.taken - notes.shown - half.borrowed();
        if (count == 0) {
            return false;
        }
        notes.publish(half, count);
        boolean shown = half.showUsed();
        notes.settle(half);
        return shown;
    }

    @Override
    public boolean wantsCall() {
        return half.wantsCall();
    }

    @Override
    public void suppressKicks() {
        half.suppressKicks();
    }

    @Override
    public boolean requestKicks() {
        EarlierChains before = earlier;
        boolean work = half.requestKicks();
        return work || (before != null && before.count - notes.taken > 0 && fault() == RingFault.NONE);
    }

    @Override
    public int usedPosition() {
        return half.usedPosition();
    }

    @Override
    public int publishedPosition() {
        return half.publishedPosition();
    }

    @Override
    public int notePending(long address, int most) {
        return half.notePending(address, most);
    }

    @Override
    public int base() {
        return half.base();
    }
}
