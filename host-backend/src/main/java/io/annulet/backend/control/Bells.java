package io.annulet.backend.control;

import io.annulet.backend.data.Readiness;
import io.annulet.linux.EventFd;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * How workers have the control thread do something without allocating for it: bells are made beforehand by the control
 * thread, rung by any thread, and answered by the control thread.
 *
 * <p>Handing a task to an event loop takes memory for the task and for its place in the queue. A worker has none to give:
 * frames go on where the heap is full.
 */
final class Bells implements AutoCloseable {

    private final EventFd rung = EventFd.create(true, 0);
    private final AtomicReference<@Nullable Bell> last = new AtomicReference<>();
    private final Readiness readiness;
    private boolean isHeard;

    /** @param readiness of the control thread's loop */
    Bells(Readiness readiness) {
        this.readiness = readiness;
    }

    /** One thing to do; however often it is rung before it is answered, it is done once. */
    final class Bell implements Runnable {

        private final Runnable answer;
        private final AtomicBoolean isRung = new AtomicBoolean();
        private @Nullable Bell before;

        private Bell(Runnable answer) {
            this.answer = answer;
        }

        /** Rings it. From any thread; a bell of a loop that is closed is rung in vain. */
        @Override
        public void run() {
            if (isRung.compareAndSet(false, true)) {
                do {
                    before = last.get();
                } while (!last.compareAndSet(before, this));
                rung.signal();
            }
        }
    }

    /**
     * Made by the control thread.
     *
     * @param answer what the control thread is to do, which throws nothing
     */
    Bell bell(Runnable answer) {
        if (!isHeard) {
            isHeard = true;
            Readiness.Watch _ = readiness.watch(rung.fd(), this::answer);
        }
        return new Bell(answer);
    }

    private void answer() {
        rung.drain();
        Bell bell = last.getAndSet(null);
        while (bell != null) {
            Bell before = bell.before;
            bell.before = null;
            bell.isRung.set(false);
            bell.answer.run();
            bell = before;
        }
    }

    /** After the thread has ended. */
    @Override
    public void close() {
        rung.close();
    }
}
