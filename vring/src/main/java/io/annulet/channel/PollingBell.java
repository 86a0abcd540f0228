package io.annulet.channel;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** For memory without interrupts: naps, longer the longer nothing happens. Used by its end's thread. */
public final class PollingBell implements Doorbell {
    private static final long SHORTEST_NANOS = TimeUnit.MICROSECONDS.toNanos(50);
    private static final long LONGEST_NANOS = TimeUnit.MILLISECONDS.toNanos(2);
    private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

    private long nanos = SHORTEST_NANOS;
    private long lastEndNanos = System.nanoTime();
    private volatile @Nullable Thread waiter;

    @Override
    public void ring(int number) {}

    @Override
    public void await(long most) {
        long now = System.nanoTime();
        nanos = now - lastEndNanos > PAUSE_NANOS ? SHORTEST_NANOS : Math.min(2 * nanos, LONGEST_NANOS);
        waiter = Thread.currentThread();
        LockSupport.parkNanos(Math.min(nanos, most));
        lastEndNanos = System.nanoTime();
    }

    @Override
    public void wake() {
        LockSupport.unpark(waiter);
    }
}
