package io.annulet.backend.data;

import io.annulet.backend.port.PortListener;
import io.annulet.backend.stats.PortCounters;
import io.annulet.linux.EventFd;
import io.annulet.memory.GuestMemory;
import io.annulet.vring.ChainBurst;
import io.annulet.vring.DeviceHalf;
import io.annulet.vring.NotedHalf;
import org.jspecify.annotations.Nullable;

/**
 * What the kinds of queue of a guest have in common: a started ring and how to reach its driver; owned by its worker.
 * A receive queue may be lent to another worker, see {@link ReceiveQueue}.
 */
public abstract sealed class GuestQueue permits ReceiveQueue, TransmitQueue, ControlQueue {

    final int headerByteLength;
    final int offloads;

    /** What outlives this process of the ring, if anything is to. */
    final @Nullable RingRecord record;

    private final PortListener listener;
    private final Signal signal;
    private final MemoryWait memoryWait;
    private QueueSetup setup;
    private boolean enabled;
    private final boolean redone;
    private boolean brokenReported;
    private boolean callDue;
    final QueueStats stats = new QueueStats();
    private int shownFrames;
    DeviceHalf half;

    /** What the device writes is logged there; null if it is not. */
    @Nullable
    WriteLog log;

    /** Of the worker that works the queue at this moment, so that each counter has one writer. */
    PortCounters counters;

    GuestQueue(QueueSetup setup, PortCounters counters, PortListener listener) {
        this.setup = setup;
        this.counters = counters;
        this.listener = listener;
        this.headerByteLength = setup.headerByteLength();
        this.offloads = setup.offloads();
        RingRecord kept = setup.record();
        this.record = kept == null && setup.inflight() != null ? RingRecord.ofNothing() : kept;
        this.log = setup.log();
        this.enabled = setup.enabled();
        this.signal = new Signal(setup.calls(), setup.call(), setup.error());
        this.memoryWait = new MemoryWait(setup.queueIndex(), listener);
        int from = record == null ? 0 : record.from();
        this.redone = record != null && record.redo(setup.ring());
        if (record != null && redone && log != null) {
            log.published(from, record.to());
        }
        this.half = setup.newHalf();
        noteIn(half);
    }

    /** Whoever passes frames on notes in the same place which chains they came in. */
    private void noteIn(DeviceHalf current) {
        if (record != null) {
            record.noteIn(current instanceof NotedHalf noted ? noted : null);
        }
    }

    /**
     * Goes on where an earlier process died: gives so many chains back first whose frames were passed on already.
     *
     * @return whether {@link #callDriver} is due, for these or for what that process was about to show
     */
    public boolean recover(int passedChains) {
        return redone;
    }

    public final QueueSetup setup() {
        return setup;
    }

    public final boolean isEnabled() {
        return enabled;
    }

    public void enable(boolean on) {
        enabled = on;
    }

    public void replaceCall(@Nullable EventFd call) {
        signal.replaceCall(call);
    }

    public void replaceError(@Nullable EventFd error) {
        signal.replaceError(error);
    }

    /** The driver wants calls put off otherwise than before. */
    public void changeCalls(CallPolicy policy) {
        signal.changePolicy(policy, counters);
    }

    /** The driver kicked. */
    public final void kicked() {
        stats.notifications++;
    }

    /** What the queue has counted: see {@link QueueStats}. */
    public long[] stats() {
        stats.calls = signal.sent();
        return stats.copy();
    }

    /** Goes on in other memory: {@code moved} is this ring in a changed memory table. */
    public void move(QueueSetup moved) {
        setup = moved;
        log = moved.log();
        half = half.movedTo(moved.ring(), moved.memory());
        noteIn(half);
        memoryWait.end();
    }

    /** Addresses in descriptors mean something else from now on; the ring is where it was, and nothing taken is in use. */
    public void translateBy(GuestMemory memory) {
        half.goBy(memory);
        memoryWait.end();
    }

    /** Whether the next chain has memory that is not there: no chain is taken, and no kick is needed, until it may be. */
    final boolean waitsForMemory() {
        return memoryWait.isOn();
    }

    /** After memory was lost in the middle of a burst: what was not shown to the driver has not happened. */
    public void abandon() {
        half.abandon();
    }

    /** Ends the queue without touching guest memory; returns the index at which the next back-end goes on. */
    public int close() {
        enabled = false;
        signal.callIfOwed(counters);
        return half.base();
    }

    final PortListener listener() {
        return listener;
    }

    public final void suppressKicks() {
        half.suppressKicks();
        if (log != null) {
            log.suppression();
        }
    }

    /** Takes chains; a broken ring is reported once, and has none any more, and so is one that waits for memory. */
    final int take(ChainBurst chains, int max) {
        if (memoryWait.isOn()) {
            return 0;
        }
        int taken = half.take(chains, max);
        if (taken >= 0) {
            return taken;
        }
        if (taken == DeviceHalf.WAITS) {
            memoryWait.begin(half.awaited());
        } else if (!brokenReported) {
            brokenReported = true;
            counters.ringBroken();
            signal.reportBroken();
            listener.onRingBroken(setup.queueIndex(), half.fault());
        }
        return 0;
    }

    /** Chains taken from the ring that were passed on and stay where they are, whatever is shown to the driver. */
    int keptChains() {
        return 0;
    }

    /**
     * Shows the driver what was given back, so many frames.
     *
     * @return whether {@link #callDriver} became due
     */
    final boolean showUsed(int frames) {
        int from = half.publishedPosition();
        if (record != null) {
            record.publishing(half, keptChains());
        }
        boolean becameDue = half.showUsed() && !callDue;
        if (log != null) {
            log.published(from, half.publishedPosition());
        }
        callDue |= becameDue;
        shownFrames += frames;
        return becameDue;
    }

    /**
     * After a full fence: calls the driver if it wants to know of what was shown to it, or puts that off.
     *
     * @return whether a call is owed from now on: the worker adds the queue to its {@link OwedCalls}
     */
    public final boolean callDriver() {
        callDue = false;
        boolean wanted = half.wantsCall();
        if (signal.putsOff()) {
            int frames = shownFrames;
            shownFrames = 0;
            return signal.callDriverSoon(wanted, frames, System.nanoTime(), counters);
        }
        signal.callDriver(wanted, counters);
        return false;
    }

    /** When the call that is owed is due. */
    final long callDueNanos() {
        return signal.dueNanos();
    }

    /**
     * Makes the call that is owed, if it is due and still owed.
     *
     * @return false if another worker is in the queue
     */
    boolean callIfDue(long nowNanos, PortCounters mine) {
        signal.callIfDue(nowNanos, mine);
        return true;
    }
}
