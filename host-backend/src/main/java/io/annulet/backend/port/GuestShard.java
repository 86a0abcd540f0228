package io.annulet.backend.port;

import io.annulet.backend.data.CallPolicy;
import io.annulet.backend.data.ControlQueue;
import io.annulet.backend.data.FrameBurst;
import io.annulet.backend.data.FrameList;
import io.annulet.backend.data.GuestQueue;
import io.annulet.backend.data.OwedCalls;
import io.annulet.backend.data.QueueSetup;
import io.annulet.backend.data.Readiness;
import io.annulet.backend.data.ReceiveQueue;
import io.annulet.backend.data.ReceiveRules;
import io.annulet.backend.data.RingStanding;
import io.annulet.backend.data.TransmitQueue;
import io.annulet.backend.stats.PortCounters;
import io.annulet.linux.EventFd;
import io.annulet.memory.GuestMemory;
import io.annulet.memory.HostMemory;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The part of a guest's port that one worker works: the queue pairs that belong to this worker, and its way to the others'
 * receive queues; owned by that worker. The control plane changes it through
 * {@link io.annulet.backend.data.WorkerProxy} only.
 */
public final class GuestShard implements Port {

    private static final long[] NO_STATS = {};

    private final GuestPort port;
    private final PortCounters counters;
    private final @Nullable GuestQueue[] queues;
    private final Readiness.@Nullable Watch[] kickWatches;

    private final CallsDue callsDue;
    private @Nullable Readiness readiness;
    private final Delivery delivery;
    private @Nullable ControlQueue controlQueue;
    private long nextTicket;
    private TransmitQueue[] openTransmitQueues = new TransmitQueue[0];
    private @Nullable TransmitQueue pulledFrom;
    private final OwedCalls owedCalls;
    private @Nullable ReturnedChains returnedChains;
    private int nextTransmitQueue;
    private final InjectedFrame injected = new InjectedFrame();
    private boolean held;

    GuestShard(GuestPort port, int worker, PortCounters counters) {
        this.port = port;
        this.counters = counters;
        this.delivery = new Delivery(port, worker, counters, this::callSoon);
        this.queues = new @Nullable GuestQueue[port.rings()];
        this.owedCalls = new OwedCalls(port.rings());
        this.callsDue = new CallsDue(port.rings(), owedCalls);
        this.kickWatches = new Readiness.@Nullable Watch[port.rings()];
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
        if (controlQueue != null && controlQueue.ask(nextTicket)) {
            nextTicket++;
        }
        if (returnedChains != null) {
            returnedChains.giveBack(openTransmitQueues);
        }
        if (injected.waits()) {
            return injected.pull(burst);
        }
        TransmitQueue[] open = openTransmitQueues;
        for (int i = 0; i < open.length; i++) {
            TransmitQueue queue = open[nextTransmitQueue];
            nextTransmitQueue = nextTransmitQueue + 1 == open.length ? 0 : nextTransmitQueue + 1;
            pulledFrom = queue; // before it pulls: an error of memory, perhaps another port's, may end that half-way
            if (queue.pull(burst) > 0) {
                return burst.count();
            }
        }
        pulledFrom = null;
        return 0;
    }

    @Override
    public void finish(FrameBurst burst) {
        TransmitQueue queue = pulledFrom;
        if (queue != null) {
            if (queue.finish(burst)) {
                callsDue.add(queue);
            }
            pulledFrom = null;
        }
    }

    @Override
    public int accepts() {
        return delivery.accepts();
    }

    @Override
    public void push(FrameBurst burst, FrameList frames) {
        delivery.push(burst, frames);
    }

    /** A queue that others use too may be gone later, so its driver is called at once. */
    private void callSoon(ReceiveQueue queue) {
        if (port.isShared()) {
            HostMemory.fullFence(); // [C]
            callsDue.call(queue);
        } else {
            callsDue.add(queue);
        }
    }

    @Override
    public void callDrivers() {
        callsDue.call();
    }

    /** From now on other ports may keep chains longer than their burst. Before the shard is attached. */
    public void lends() {
        returnedChains = new ReturnedChains(owedCalls);
    }

    /** Queues are about to be closed or moved: what other ports have of them is returned, and shown to the driver. */
    public void onRecall() {
        if (returnedChains != null) {
            returnedChains.recall(openTransmitQueues);
        }
    }

    // Sleeping.

    @Override
    public boolean awaitWork() {
        boolean work = injected.waits() || (controlQueue != null && controlQueue.requestKicks());
        for (TransmitQueue queue : openTransmitQueues) {
            work |= queue.requestKicks() || queue.mustBePolled() || queue.hasReturned();
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
        if (controlQueue != null) {
            controlQueue.suppressKicks();
        }
    }

    // Queues.

    /** A ring was started; from now on it is worked. */
    public void onOpenQueue(QueueSetup setup) {
        onCloseQueue(setup.queueIndex());
        GuestQueue queue = switch (setup.kind()) {
            case RECEIVE -> new ReceiveQueue(setup, counters, port.listener(), port.isShared());
            case TRANSMIT -> new TransmitQueue(setup, counters, port.listener());
            case CONTROL -> new ControlQueue(setup, counters, port.listener());
        };
        queues[setup.queueIndex()] = queue;
        watchKicks(setup, queue);
        if (!held) {
            recover(queue, setup.passedChains());
        }
        listQueues();
    }

    private void recover(GuestQueue queue, int passedChains) {
        if (queue.recover(passedChains)) {
            HostMemory.fullFence(); // [C]
            callsDue.call(queue);
        }
    }

    /** Transmit queues are not worked while they are held. Once they are released, each gives so many chains back first. */
    public void onHoldQueues(boolean hold, int[] passedChains) {
        held = hold;
        for (GuestQueue queue : queues) {
            if (!hold && queue != null) {
                recover(queue, passedChains[queue.setup().queueIndex()]);
            }
        }
        listQueues();
    }

    private void watchKicks(QueueSetup setup, GuestQueue queue) {
        EventFd kick = setup.kick();
        if (kick != null && readiness != null && setup.kind() != QueueSetup.Kind.RECEIVE) {
            kickWatches[setup.queueIndex()] = readiness.watch(kick.fd(), queue::kicked);
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
        callsDue.forget(queue);
        return Integer.toUnsignedLong(queue.close());
    }

    public void onCloseAllQueues() {
        for (int i = 0; i < queues.length; i++) {
            onCloseQueue(i);
        }
        onChangeRules(ReceiveRules.NONE);
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

    /** Addresses in descriptors mean something else from now on. */
    public void onTranslateBy(GuestMemory memory) {
        for (GuestQueue queue : queues) {
            if (queue != null) {
                queue.translateBy(memory);
            }
        }
    }

    private void listQueues() {
        delivery.queues(Arrays.stream(queues)
                .filter(queue -> queue instanceof ReceiveQueue receive
                        && receive.isEnabled()
                        && delivery.rules().uses(receive))
                .toArray(ReceiveQueue[]::new));
        controlQueue = Arrays.stream(queues)
                .filter(queue -> queue instanceof ControlQueue)
                .map(ControlQueue.class::cast)
                .findFirst()
                .orElse(null);
        openTransmitQueues = Arrays.stream(queues)
                .filter(queue -> queue instanceof TransmitQueue && !held)
                .toArray(TransmitQueue[]::new);
        nextTransmitQueue = 0;
    }

    // What the guest told by its control queue.

    /** From now on frames go to the guest as it wants them. */
    public void onChangeRules(ReceiveRules rules) {
        delivery.rules(rules);
        listQueues();
    }

    /** The guest wants calls of one queue put off otherwise. */
    public void onChangeCalls(int queueIndex, CallPolicy policy) {
        GuestQueue queue = queues[queueIndex];
        if (queue != null) {
            queue.changeCalls(policy);
        }
    }

    /** What one queue has counted since it was opened; empty if it is not open. */
    public long[] onReadStats(int queueIndex) {
        GuestQueue queue = queues[queueIndex];
        return queue == null ? NO_STATS : queue.stats();
    }

    /** Where the rings of this shard stand that are open. */
    public List<RingStanding> onReadRings() {
        return RingStanding.of(queues);
    }

    /** The control plane has done what a command asked for, or has refused to. */
    public void onAnswerCommand(long ticket, byte[] answer) {
        if (controlQueue != null) {
            controlQueue.answer(ticket, answer);
        }
    }

    /** A frame of our own is pulled next, as if the guest had sent it; one that still waits gives way to it. */
    public void onInjectFrame(byte[] frame) {
        injected.set(frame);
    }

    // Faults.

    @Override
    public boolean recoverFromMemoryLoss() {
        delivery.recover();
        if (controlQueue != null) {
            controlQueue.recover();
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
        for (TransmitQueue queue : openTransmitQueues) {
            queue.recoverReturned();
        }
        return true;
    }

    @Override
    public boolean mayLackPages() {
        return port.mayLackPages();
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
