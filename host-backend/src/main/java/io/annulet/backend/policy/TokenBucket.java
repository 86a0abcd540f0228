package io.annulet.backend.policy;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Holds something to a rate. One for all workers, which change it atomically, so the rate holds for all of them together.
 *
 * <p>It is kept as the moment up to which everything so far has used the rate up; that moment is never further back than
 * the burst, which is how much may come at once after a pause. As long as it is not in the future the bucket is open, and
 * what is taken then may bring it there: the largest frame passes however small the burst, and those after it wait longer.
 * Several workers may find it open at the same moment and take one frame each; that is made up for likewise.
 */
final class TokenBucket {

    /** Of a nanosecond, so that the small shares of high rates are counted well; a time wraps round after years. */
    private static final long PARTS = 64;

    private static final long PARTS_A_SECOND = PARTS * TimeUnit.SECONDS.toNanos(1);

    private final long perSecond;
    private final long burstParts;
    private final AtomicLong usedUpTo;

    /** @param burstNanos what may come at once, in time at the rate */
    TokenBucket(long perSecond, long burstNanos) {
        this.perSecond = perSecond;
        this.burstParts = burstNanos * PARTS;
        this.usedUpTo = new AtomicLong(System.nanoTime() * PARTS - burstParts);
    }

    boolean isOpen(long nowNanos) {
        return usedUpTo.getOpaque() - nowNanos * PARTS < 0;
    }

    /** Up to when all so far has used the rate up. */
    long usedUpToNanos() {
        return usedUpTo.get() / PARTS;
    }

    void usedUpToNanos(long nanos) {
        usedUpTo.set(nanos * PARTS);
    }

    void take(long amount, long nowNanos) {
        long earliest = nowNanos * PARTS - burstParts;
        long cost = (amount * PARTS_A_SECOND + perSecond - 1) / perSecond;
        long before = usedUpTo.getOpaque();
        // Who fails here has seen another worker take.
        while (!usedUpTo.compareAndSet(before, Math.max(before - earliest, 0) + earliest + cost)) {
            before = usedUpTo.getOpaque();
        }
    }
}
