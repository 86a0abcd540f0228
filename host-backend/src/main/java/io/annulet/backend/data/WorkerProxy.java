package io.annulet.backend.data;

import io.annulet.backend.port.GuestShard;
import io.annulet.backend.port.Port;
import io.annulet.backend.port.XdpLane;
import io.annulet.backend.port.XdpPort;
import io.annulet.linux.EventFd;
import io.annulet.memory.GuestMemory;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * How other threads talk to a worker: each method queues a command, which runs between two duty cycles as the worker's
 * or port's method of the same name with "on" before it. From any thread; commands of one thread keep their order.
 *
 * <p>The last parameter is called on the worker's thread when the command has been done: it hands over and returns.
 */
public final class WorkerProxy {

    private static final int[] NO_CHAINS = {};

    private final Worker worker;

    public WorkerProxy(Worker worker) {
        this.worker = worker;
    }

    /** Ends the worker's sleep, if it sleeps. */
    public void wake() {
        worker.submit(() -> {});
    }

    /** The worker says that it works. */
    public void answer(Runnable done) {
        worker.submit(done);
    }

    /** Ends its sleep too, for work that is not a command but waits where a port of this worker looks for it. */
    public void wakeIfAsleep() {
        worker.wakeIfAsleep();
    }

    /**
     * If the worker waits in the kernel and does nothing else, {@code then} is run on its thread as soon as it has waited.
     *
     * @return whether it waits; if not, {@code then} may be run sooner or later all the same
     */
    public boolean onceAwake(Runnable then) {
        return worker.onceAwake(then);
    }

    /** From now on somebody looks on while frames are moved, or nobody does; who did before has seen the last of them. */
    public void observe(@Nullable FrameObserver observer, Runnable done) {
        worker.submit(() -> {
            worker.onObserve(observer);
            done.run();
        });
    }

    /** The worker visits no port from now on, or does so again; it runs commands all the same. */
    public void hold(boolean hold, Runnable done) {
        worker.submit(() -> {
            worker.onHold(hold);
            done.run();
        });
    }

    /** The worker begins to work a port that belongs to a forwarding domain. */
    public void addPort(Port port, Forwarder domain, Runnable done) {
        worker.submit(() -> {
            worker.onAddPort(port, domain);
            done.run();
        });
    }

    /** The worker leaves a port: nothing of it is touched once {@code done} is called. */
    public void removePort(Port port, Runnable done) {
        worker.submit(() -> {
            worker.onRemovePort(port);
            done.run();
        });
    }

    /** An XDP port goes on with another socket, or with none: the one before is not touched once {@code done} is called. */
    public void replaceLane(XdpPort port, @Nullable XdpLane next, Runnable done) {
        worker.submit(() -> {
            worker.guard(() -> port.onReplaceLane(next));
            done.run();
        });
    }

    /** What a port may do has changed in the table of its switch: frames are judged so once {@code done} is called. */
    public void changePolicy(Port port, Forwarder domain, Runnable done) {
        worker.submit(() -> {
            worker.onChangePolicy(port, domain);
            done.run();
        });
    }

    /** A ring was started. It is polled at once, since a kick may never come. */
    public void openQueue(GuestShard port, QueueSetup setup, Runnable done) {
        worker.submit(() -> {
            worker.guard(() -> port.onOpenQueue(setup));
            done.run();
        });
    }

    /**
     * A ring was stopped: nothing of it is touched once {@code done} is called with where the next back-end
     * goes on ({@link io.annulet.vring.DeviceHalf#base}, as 32 bits unsigned); -1 if the queue was not open.
     */
    public void closeQueue(GuestShard port, int queueIndex, LongConsumer done) {
        worker.submit(() -> {
            worker.guard(port::onRecall);
            done.accept(port.onCloseQueue(queueIndex));
        });
    }

    /** A disabled transmit queue's frames are discarded, a disabled receive queue gets none. */
    public void enableQueue(GuestShard port, int queueIndex, boolean enabled, Runnable done) {
        worker.submit(() -> {
            port.onEnableQueue(queueIndex, enabled);
            done.run();
        });
    }

    /** The call descriptor of an open queue changed; the one before is not touched once {@code done} is called. */
    public void replaceCall(GuestShard port, int queueIndex, @Nullable EventFd call, Runnable done) {
        worker.submit(() -> {
            port.onReplaceCall(queueIndex, call);
            done.run();
        });
    }

    /** Likewise the error descriptor. */
    public void replaceError(GuestShard port, int queueIndex, @Nullable EventFd error, Runnable done) {
        worker.submit(() -> {
            port.onReplaceError(queueIndex, error);
            done.run();
        });
    }

    /**
     * The memory table changed while rings run: each open queue goes on as {@code moved} tells, which has one entry for
     * each of them, or is closed if it has none. The memory before is not touched once {@code done} is called.
     */
    public void replaceMemory(GuestShard port, List<QueueSetup> moved, Runnable done) {
        worker.submit(() -> {
            worker.guard(port::onRecall);
            worker.guard(() -> port.onReplaceMemory(moved));
            done.run();
        });
    }

    /**
     * Addresses in descriptors mean something else: nothing is read or written by what they meant before once {@code done}
     * is called. Queues that waited for memory look again.
     */
    public void translateBy(GuestShard port, GuestMemory memory, Runnable done) {
        worker.submit(() -> {
            worker.guard(port::onRecall);
            worker.guard(() -> port.onTranslateBy(memory));
            done.run();
        });
    }

    /** Closes all queues of a port whose front-end has gone; the port stays. */
    public void closeAllQueues(GuestShard port, Runnable done) {
        worker.submit(() -> {
            worker.guard(port::onRecall);
            port.onCloseAllQueues();
            done.run();
        });
    }

    /** The guest told how it wants its frames: those that are delivered once {@code done} is called are so. */
    public void changeRules(GuestShard port, ReceiveRules rules, Runnable done) {
        worker.submit(() -> {
            port.onChangeRules(rules);
            done.run();
        });
    }

    /** The guest told when it wants to be called for one of its queues. */
    public void changeCalls(GuestShard port, int queueIndex, CallPolicy policy, Runnable done) {
        worker.submit(() -> {
            port.onChangeCalls(queueIndex, policy);
            done.run();
        });
    }

    /** Transmit queues of the port are not worked, open or not, until they are released. */
    public void holdQueues(GuestShard port, Runnable done) {
        worker.submit(() -> {
            port.onHoldQueues(true, NO_CHAINS);
            done.run();
        });
    }

    /** Hands over what a queue has counted since it was opened, nothing if it is not open. */
    public void readStats(GuestShard port, int queueIndex, Consumer<long[]> done) {
        worker.submit(() -> done.accept(port.onReadStats(queueIndex)));
    }

    /** Hands over where the rings of a port stand that are open at this worker; none if memory was found gone. */
    public void readRings(GuestShard port, Consumer<List<RingStanding>> done) {
        worker.submit(() -> {
            List<RingStanding> found = new ArrayList<>();
            worker.guard(() -> found.addAll(port.onReadRings()));
            done.accept(found);
        });
    }

    /** A command that the port's listener got by this ticket has been done, or refused. */
    public void answerCommand(GuestShard port, long ticket, byte[] answer) {
        worker.submit(() -> worker.guard(() -> port.onAnswerCommand(ticket, answer)));
    }

    /** They are: each gives so many chains back first, which an earlier process has passed on. */
    public void releaseQueues(GuestShard port, int[] passedChains, Runnable done) {
        worker.submit(() -> {
            worker.guard(() -> port.onHoldQueues(false, passedChains));
            done.run();
        });
    }

    /** A frame of our own goes on its way as if the guest had sent it. */
    public void injectFrame(GuestShard port, byte[] frame, Runnable done) {
        worker.submit(() -> {
            port.onInjectFrame(frame);
            done.run();
        });
    }
}
