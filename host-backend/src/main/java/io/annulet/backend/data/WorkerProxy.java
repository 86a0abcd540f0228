package io.annulet.backend.data;

import io.annulet.backend.port.GuestShard;
import io.annulet.backend.port.Port;
import io.annulet.linux.EventFd;
import java.util.List;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * How other threads talk to a worker: each method queues a command, which runs between two duty cycles as the worker's
 * or port's method of the same name with "on" before it. From any thread; commands of one thread keep their order.
 *
 * <p>The last parameter is called on the worker's thread when the command has been done: it hands over and returns.
 */
public final class WorkerProxy {

    private final Worker worker;

    public WorkerProxy(Worker worker) {
        this.worker = worker;
    }

    /** Ends the worker's sleep, if it sleeps. */
    public void wake() {
        worker.submit(() -> {});
    }

    /** Likewise, for work that is not a command but waits where a port of this worker looks for it. */
    public void wakeIfAsleep() {
        worker.wakeIfAsleep();
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
        worker.submit(() -> done.accept(port.onCloseQueue(queueIndex)));
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
            worker.guard(() -> port.onReplaceMemory(moved));
            done.run();
        });
    }

    /** Closes all queues of a port whose front-end has gone; the port stays. */
    public void closeAllQueues(GuestShard port, Runnable done) {
        worker.submit(() -> {
            port.onCloseAllQueues();
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
