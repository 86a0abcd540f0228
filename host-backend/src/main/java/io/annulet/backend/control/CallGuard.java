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
 */
final class CallGuard {

    static final long PERIOD_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

    private final ControlLoop loop;
    private final Device device;
    private final Runnable onFull;
    private @Nullable Future<?> next;

    CallGuard(ControlLoop loop, Device device, Runnable onFull) {
        this.loop = loop;
        this.device = device;
        this.onFull = onFull;
    }

    void start() {
        next = loop.schedule(PERIOD_NANOS, () -> {
            start();
            look();
        });
    }

    void stop() {
        if (next != null) {
            next.cancel(false);
            next = null;
        }
    }

    private void look() {
        boolean full = false;
        for (EventFd signal : device.signals()) {
            // A pipe that is full does no harm: it does not block, and nobody but us can change that.
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
