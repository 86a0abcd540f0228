package io.annulet.backend.port;

import io.annulet.memory.HostMemory;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Lets one thread sleep until another has brought a position far enough, and be woken only then. The position only grows.
 *
 * <p>[C] The sleeper stores where it wants to be woken, fences, and looks at the position; the other stores the position,
 * fences, and looks where to wake. One of the two sees the other's store, so no wake-up is lost.
 */
final class Waker {

    private static final long NOWHERE = Long.MAX_VALUE;

    private volatile @Nullable Thread sleeper;
    private volatile long wakeAt = NOWHERE;

    /** The calling thread sleeps until {@code position} reaches {@code target}; at most so long, or less for no reason. */
    void sleepUntil(AtomicLong position, long target, long maxNanos) {
        sleeper = Thread.currentThread();
        wakeAt = target;
        HostMemory.fullFence(); // [C]
        if (position.getAcquire() < target) {
            LockSupport.parkNanos(this, maxNanos);
        }
        wakeAt = NOWHERE;
    }

    /** The position was stored: wakes the sleeper if that is where it wanted to be woken. Never blocks. */
    void moved(long position) {
        HostMemory.fullFence(); // [C]
        if (position >= wakeAt) {
            LockSupport.unpark(sleeper);
        }
    }
}
