package io.annulet.backend.port;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** A thread beside the data path that may block, for a port that may not. Started and closed on the control path. */
public final class Background {

    /** The most that closing waits: a disk may hang. */
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(1);

    private static final long STEP_MILLIS = 10;

    private final Thread thread;
    private volatile boolean closing;

    public Background(String name, Runnable work) {
        thread = Thread.ofPlatform().daemon().name(name).unstarted(work);
    }

    public void start() {
        thread.start();
    }

    /** Ends a park of the work. */
    void wake() {
        LockSupport.unpark(thread);
    }

    /** Whether the work is to come to its end. */
    public boolean isClosing() {
        return closing;
    }

    /** Has the thread end, and waits for that a while; false if it goes on. */
    public boolean close() {
        closing = true;
        long deadline = System.nanoTime() + PATIENCE_NANOS;
        try {
            while (thread.isAlive() && System.nanoTime() < deadline) {
                // Again each time: a single one may be used up by a lock on the thread's way to sleep.
                LockSupport.unpark(thread);
                thread.join(STEP_MILLIS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return !thread.isAlive();
    }
}
