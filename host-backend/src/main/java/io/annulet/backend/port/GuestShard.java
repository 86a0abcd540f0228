package io.annulet.backend.port;

import io.annulet.backend.data.FrameBurst;
import io.annulet.backend.data.FrameList;
import io.annulet.backend.data.GuestQueue;
import io.annulet.backend.data.OwedCalls;
import io.annulet.backend.data.QueueSetup;
import io.annulet.backend.data.Readiness;
import io.annulet.backend.data.ReceiveQueue;
import io.annulet.backend.data.TransmitQueue;
import io.annulet.backend.stats.DropReason;
import io.annulet.backend.stats.PortCounters;
import io.annulet.linux.EventFd;
import io.annulet.memory.HostMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The part of a guest's port that one worker works: the queue pairs that belong to this worker, and its way to the others'
 * receive queues; owned by that worker. The control plane changes it through
 * {@link io.annulet.backend.data.WorkerProxy} only.
 */
public final class GuestShard implements Port {

    private final GuestPort port;
    private final int worker;
    private final PortCounters counters;
    private final @Nullable GuestQueue[] queues;
    private final Readiness.@Nullable Watch[] kickWatches;

    /** Queues, each at most once, whose drivers were shown something and not called yet. */
    private final @Nullable GuestQueue[] callsDue;

    private int callsDueCount;
    private @Nullable Readiness readiness;
    private ReceiveQueue[] enabledReceiveQueues = new ReceiveQueue[0];
    private TransmitQueue[] openTransmitQueues = new TransmitQueue[0];
    private @Nullable TransmitQueue pulledFrom;
    private @Nullable ReceiveQueue entered;
    private final OwedCalls owedCalls;
    private int nextTransmitQueue;
    private @Nullable MemorySegment injected;
    private boolean injectedWaits;

    GuestShard(GuestPort port, int worker, PortCounters counters) {
        this.port = port;
        this.worker = worker;
        this.counters = counters;
        this.queues = new @Nullable GuestQueue[2 * port.queuePairs()];
        this.callsDue = new @Nullable GuestQueue[2 * port.queuePairs()];
        this.owedCalls = new OwedCalls(2 * port.queuePairs());
        this.kickWatches = new Readiness.@Nullable Watch[2 * port.queuePairs()];
    }

    @Override
    public String name() {
        return port.name();
    }

    @Override
    public PortCounters counters() {
        return counters;
    }

    @Override
    public void attached(Readiness worker) {
        readiness = worker;
    }

    @Override
    public void detached() {
        onCloseAllQueues();
        readiness = null;
    }

    // Frames.

    @Override
    public int pull(FrameBurst burst) {
        if (!owedCalls.isEmpty()) {
            owedCalls.fire(System.nanoTime(), counters);
        }
        if (injectedWaits && injected != null) {
            return pullInjected(burst, injected);
        }
        TransmitQueue[] open = openTransmitQueues;
        for (int i = 0; i < open.length; i++) {
            TransmitQueue queue = open[nextTransmitQueue];
            nextTransmitQueue = nextTransmitQueue + 1 == open.length ? 0 : nextTransmitQueue + 1;
            int frames = queue.pull(burst);
            if (frames > 0) {
                pulledFrom = queue;
                return frames;
            }
        }
        return 0;
    }

    private int pullInjected(FrameBurst burst, MemorySegment frame) {
        injectedWaits = false;
        burst.chains().addOwn(0, frame.address(), (int) frame.byteSize());
        burst.snapshot(0, 0);
        return 1;
    }

    @Override
    public void finish(FrameBurst burst) {
        TransmitQueue queue = pulledFrom;
        if (queue != null) {
            if (queue.finish(burst)) {
                callsDue[callsDueCount++] = queue;
            }
            pulledFrom = null;
        }
    }

    @Override
    public int accepts() {
        ReceiveQueue[] own = enabledReceiveQueues;
        return own.length > 0 ? own[0].setup().offloads() : port.accepts();
    }

    @Override
    public void push(FrameBurst burst, FrameList frames) {
        ReceiveQueue queue = receiveQueue(burst.flow());
        entered = queue;
        DropReason closed = queue == null ? DropReason.NOT_READY : queue.enter(counters);
        if (queue == null || closed != null) {
            drop(frames, closed == null ? DropReason.NOT_READY : closed);
            return;
        }
        boolean flushed = false;
        try {
            // Not so only of a borrowed queue that was opened anew, for other features, since accepts() was asked.
            if ((burst.offloads() & ~queue.setup().offloads()) == 0) {
                deliver(queue, burst, frames);
            } else {
                drop(frames, DropReason.NOT_READY);
            }
            flushed = true;
        } finally {
            queue.leave(flushed);
        }
    }

    private void drop(FrameList frames, DropReason why) {
        for (int i = frames.count(); i > 0; i--) {
            counters.outDropped(why);
        }
    }

    /** One flow stays on one queue, so its order holds. Null if no receive queue is enabled. */
    private @Nullable ReceiveQueue receiveQueue(int flow) {
        ReceiveQueue[] own = enabledReceiveQueues;
        if (own.length == 1) {
            return own[0];
        }
        if (!port.isShared()) {
            return own.length == 0 ? null : own[(flow >>> 1) % own.length];
        }
        // The flows of one worker are those of every n-th queue.
        int number = (flow >>> 1) / port.shards().size();
        return own.length == 0 ? port.borrow(number + worker) : own[number % own.length];
    }

    private void deliver(ReceiveQueue queue, FrameBurst burst, FrameList frames) {
        int count = frames.count();
        int delivered = 0;
        long bytes = 0;
        for (int i = 0; i < count; i++) {
            int frame = frames.frame(i);
            DropReason why = queue.deliver(burst, frame);
            if (why == null) {
                delivered++;
                bytes += burst.frameByteLength(frame);
            } else {
                counters.outDropped(why);
            }
        }
        if (queue.flush(delivered)) {
            callSoon(queue);
        }
        counters.out(delivered, bytes);
        counters.copied(bytes);
    }

    /** A queue that others use too may be gone later, so its driver is called at once. */
    private void callSoon(ReceiveQueue queue) {
        if (port.isShared()) {
            HostMemory.fullFence(); // [C]
            callDriver(queue);
        } else {
            callsDue[callsDueCount++] = queue;
        }
    }

    @Override
    public void callDrivers() {
        int count = callsDueCount;
        callsDueCount = 0;
        for (int i = 0; i < count; i++) {
            GuestQueue queue = callsDue[i];
            if (queue != null) {
                callDriver(queue);
            }
        }
    }

    private void callDriver(GuestQueue queue) {
        if (queue.callDriver()) {
            owedCalls.add(queue);
        }
    }

    // Sleeping.

    @Override
    public boolean awaitWork() {
        boolean work = false;
        for (TransmitQueue queue : openTransmitQueues) {
            work |= queue.requestKicks() || queue.mustBePolled();
        }
        return work;
    }

    @Override
    public long sleepNanos() {
        return owedCalls.isEmpty() ? Port.super.sleepNanos() : owedCalls.nanosLeft(System.nanoTime());
    }

    @Override
    public void stopAwaiting() {
        for (TransmitQueue queue : openTransmitQueues) {
            queue.suppressKicks();
        }
    }

    // Queues.

    /** A ring was started; from now on it is worked. */
    public void onOpenQueue(QueueSetup setup) {
        int index = setup.queueIndex();
        onCloseQueue(index);
        queues[index] = setup.isReceive()
                ? new ReceiveQueue(setup, counters, port.listener(), port.isShared())
                : new TransmitQueue(setup, counters, port.listener());
        if (!setup.isReceive()) {
            watchKicks(setup);
        }
        listQueues();
    }

    private void watchKicks(QueueSetup setup) {
        EventFd kick = setup.kick();
        if (kick != null && readiness != null) {
            kickWatches[setup.queueIndex()] = readiness.watch(kick.fd(), () -> {});
        }
    }

    /** A ring was stopped; returns its base as 32 bits unsigned, or -1 if it was not open. */
    public long onCloseQueue(int queueIndex) {
        Readiness.Watch watch = kickWatches[queueIndex];
        if (watch != null) {
            watch.close();
            kickWatches[queueIndex] = null;
        }
        GuestQueue queue = queues[queueIndex];
        if (queue == null) {
            return -1;
        }
        queues[queueIndex] = null;
        listQueues();
        forgetCall(queue);
        return Integer.toUnsignedLong(queue.close());
    }

    private void forgetCall(GuestQueue queue) {
        for (int i = 0; i < callsDueCount; i++) {
            if (callsDue[i] == queue) {
                callsDue[i] = callsDue[--callsDueCount];
            }
        }
    }

    public void onCloseAllQueues() {
        for (int i = 0; i < queues.length; i++) {
            onCloseQueue(i);
        }
    }

    public void onEnableQueue(int queueIndex, boolean enabled) {
        GuestQueue queue = queues[queueIndex];
        if (queue != null) {
            queue.enable(enabled);
            listQueues();
        }
    }

    public void onReplaceCall(int queueIndex, @Nullable EventFd call) {
        GuestQueue queue = queues[queueIndex];
        if (queue != null) {
            queue.replaceCall(call);
        }
    }

    public void onReplaceError(int queueIndex, @Nullable EventFd error) {
        GuestQueue queue = queues[queueIndex];
        if (queue != null) {
            queue.replaceError(error);
        }
    }

    /** Open queues go on as {@code moved} tells; those without an entry are closed. */
    public void onReplaceMemory(List<QueueSetup> moved) {
        boolean[] kept = new boolean[queues.length];
        for (QueueSetup setup : moved) {
            GuestQueue queue = queues[setup.queueIndex()];
            if (queue != null) {
                queue.move(setup);
                kept[setup.queueIndex()] = true;
            }
        }
        for (int i = 0; i < kept.length; i++) {
            if (!kept[i]) {
                onCloseQueue(i);
            }
        }
    }

    private void listQueues() {
        enabledReceiveQueues = Arrays.stream(queues)
                .filter(queue -> queue instanceof ReceiveQueue && queue.isEnabled())
                .toArray(ReceiveQueue[]::new);
        openTransmitQueues = Arrays.stream(queues)
                .filter(queue -> queue instanceof TransmitQueue)
                .toArray(TransmitQueue[]::new);
        nextTransmitQueue = 0;
        port.lend(worker, enabledReceiveQueues);
    }

    /** A frame of our own is pulled next, as if the guest had sent it; one that still waits gives way to it. */
    public void onInjectFrame(byte[] frame) {
        MemorySegment copy = Arena.ofAuto().allocate(frame.length);
        HostMemory.copyIn(MemorySegment.ofArray(frame), HostMemory.addressOf(copy));
        injected = copy;
        injectedWaits = true;
    }

    // Faults.

    @Override
    public boolean recoverFromMemoryLoss() {
        if (entered != null) {
            entered.leaveAfterFault();
            entered = null;
        }
        int epoch = port.epoch();
        if (!port.isMemoryWhole()) {
            memoryLost(epoch);
            return false;
        }
        if (pulledFrom != null) {
            pulledFrom.abandon();
            pulledFrom = null;
        }
        return true;
    }

    @Override
    public void memoryLost() {
        memoryLost(port.epoch());
    }

    private void memoryLost(int epoch) {
        pulledFrom = null;
        onCloseAllQueues();
        port.memoryLost(epoch);
    }
}
