package io.annulet.backend.port;

import io.annulet.backend.data.FrameBurst;
import io.annulet.backend.data.FrameList;
import io.annulet.backend.data.GuestQueue;
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
 * A guest behind a vhost-user front-end; owned by its worker. The control plane makes it, and changes it through
 * {@link io.annulet.backend.data.WorkerProxy} only.
 *
 * <p>It has queue pairs: queue 2n is a receive queue, 2n + 1 a transmit queue, by the driver's view.
 */
public final class GuestPort implements Port {

    private final String name;
    private final PortCounters counters;
    private final PortListener listener;
    private final MemoryCheck memoryCheck;
    private final @Nullable GuestQueue[] queues;
    private final Readiness.@Nullable Watch[] kickWatches;
    private @Nullable Readiness readiness;
    private ReceiveQueue[] enabledReceiveQueues = new ReceiveQueue[0];
    private TransmitQueue[] openTransmitQueues = new TransmitQueue[0];
    private @Nullable TransmitQueue pulledFrom;
    private int nextTransmitQueue;
    private @Nullable MemorySegment injected;
    private boolean injectedWaits;

    /** Tells whether the memory that the front-end shared is still all there. Called on the worker after a fault. */
    @FunctionalInterface
    public interface MemoryCheck {
        boolean isWhole();
    }

    public GuestPort(
            String name, int queuePairs, PortCounters counters, PortListener listener, MemoryCheck memoryCheck) {
        this.name = name;
        this.counters = counters;
        this.listener = listener;
        this.memoryCheck = memoryCheck;
        this.queues = new @Nullable GuestQueue[2 * queuePairs];
        this.kickWatches = new Readiness.@Nullable Watch[2 * queuePairs];
    }

    @Override
    public String name() {
        return name;
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
            queue.finish(burst);
            pulledFrom = null;
        }
    }

    @Override
    public void push(FrameBurst burst, FrameList frames) {
        ReceiveQueue[] enabled = enabledReceiveQueues;
        int count = frames.count();
        if (enabled.length == 0) {
            for (int i = 0; i < count; i++) {
                counters.outDropped(DropReason.NOT_READY);
            }
            return;
        }
        // One flow stays on one queue, so its order holds.
        ReceiveQueue queue = enabled[enabled.length == 1 ? 0 : (burst.flow() >>> 1) % enabled.length];
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
        queue.flush();
        counters.out(delivered, bytes);
        counters.copied(bytes);
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
                ? new ReceiveQueue(setup, counters, listener)
                : new TransmitQueue(setup, counters, listener);
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
        return Integer.toUnsignedLong(queue.close());
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
        if (!memoryCheck.isWhole()) {
            memoryLost();
            return false;
        }
        for (ReceiveQueue queue : enabledReceiveQueues) {
            queue.abandon();
        }
        if (pulledFrom != null) {
            pulledFrom.abandon();
            pulledFrom = null;
        }
        return true;
    }

    @Override
    public void memoryLost() {
        pulledFrom = null;
        onCloseAllQueues();
        listener.onMemoryLost();
    }
}
