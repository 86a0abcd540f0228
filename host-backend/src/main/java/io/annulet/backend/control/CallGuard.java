package io.annulet.backend.control;

import io.annulet.linux.EventFd;
import io.annulet.linux.FileDescriptors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Frees the worker when a front-end makes it wait; owned by the control thread.
 *
 * <p>Front-end and back-end share the open file description of a call or error eventfd. Whoever makes it block again and
 * fills its counter stops the worker in its next call, and with it all guests that this worker serves. So the guard looks
 * at the descriptors again and again, until the worker has left them all: a full one is drained, which lets the worker go
 * on. A counter takes 2^64 calls to fill by itself, so a full one is always meant.
 *
 * <p>A worker that waits in epoll is not in a call. While all workers of the port do, the guard rests, so that a process
 * with nothing to do is not woken for it.
 */
final class CallGuard {

    static final long PERIOD_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

    private final ControlLoop loop;
    private final Device device;
    private final Runnable onFull;

    /** Rung by a worker that has waited. */
    private final Runnable wake;

    private @Nullable Future<?> next;
    private boolean resting;

    CallGuard(ControlLoop loop, Device device, Runnable onFull) {
        this.loop = loop;
        this.device = device;
        this.onFull = onFull;
        this.wake = loop.bell(this::goOn);
    }

    void start() {
        next = loop.schedule(PERIOD_NANOS, this::tick);
    }

    private void tick() {
        try {
            look();
        } finally {
            start();
            rest();
        }
    }

    private void rest() {
        resting = true;
        if (device.port.onceAwake(wake)) {
            stop();
        } else {
            resting = false;
        }
    }

    private void goOn() {
        if (resting) {
            resting = false;
            start();
        }
    }

    /** For good. */
    void end() {
        resting = false;
        stop();
    }

    private void stop() {
        if (next != null) {
            next.cancel(false);
            next = null;
        }
    }

    private void look() {
        boolean full = false;
        for (EventFd signal : device.signals()) {
            // A pipe or socket that is full does no harm: we never wait for one, and nobody but us can change that.
            if (signal.isFull() && EventFd.isEventFd(signal.fd())) {
                full = true;
                FileDescriptors.setNonBlocking(signal.fd(), true);
                signal.drainNow();
            }
        }
        if (full) {
            onFull.run();
        }
    }
}
