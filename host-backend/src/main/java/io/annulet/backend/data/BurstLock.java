package io.annulet.backend.data;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Lets one worker at a time into what several deliver to: a receive queue, or a port that cannot be divided. It is held
 * for one burst, and by workers only, so whoever waits spins a little and then leaves its processor to others.
 *
 * <p>[E] Who leaves releases after everything it did to the queue and its ring, who enters acquires before it looks at
 * either: a worker finds the queue as the one before left it.
 */
public final class BurstLock {

    /** About as long as a burst of short frames takes: a holder that runs is done by then. */
    private static final int SPINS = 200;

    /** More than a front-end can hold up a call, which {@code CallGuard} ends; so nobody is waited for without bound. */
    private static final long PATIENCE_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    private final AtomicReference<@Nullable Thread> holder = new AtomicReference<>();

    /** Enters if nobody is in. */
    boolean tryAcquire() {
        return holder.getPlain() == null
                && holder.compareAndExchangeAcquire(null, Thread.currentThread()) == null; // [E]
    }

    /** Enters when the worker that is in has left; false if it has not for far longer than a burst can take. */
    public boolean acquire() {
        for (int i = 0; i < SPINS; i++) {
            if (tryAcquire()) {
                return true;
            }
            Thread.onSpinWait();
        }
        long begin = System.nanoTime();
        while (System.nanoTime() - begin < PATIENCE_NANOS) {
            if (tryAcquire()) {
                return true;
            }
            leaveProcessor();
        }
        return false;
    }

    /** Enters, however long it takes: for commands, whose end tells that nobody is in the queue any more. */
    void acquireForSure() {
        while (!acquire()) {
            leaveProcessor();
        }
    }

    /** To the worker that is in, if it was taken off its own: nothing else ends the wait. */
    @SuppressWarnings("ThreadPriorityCheck")
    private static void leaveProcessor() {
        Thread.yield();
    }

    public void release() {
        holder.setRelease(null); // [E]
    }

    /**
     * Whether the calling thread is in. An {@link InternalError} comes late, even in a finally clause before a release: who
     * has caught one asks.
     */
    public boolean isMine() {
        return holder.getPlain() == Thread.currentThread();
    }
}
