package io.annulet.journey;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** Waiting for what another process does: always for something, with a limit. */
public final class Pause {

    private Pause() {}

    /** Lets other threads and processes run. */
    public static void millis(long millis) {
        LockSupport.parkNanos(millis * 1_000_000);
    }

    /** Waits until a condition holds. */
    public static void until(String what, Duration limit, BooleanSupplier condition) {
        long deadlineNanos = System.nanoTime() + limit.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - deadlineNanos >= 0) {
                throw new AssertionError("not in " + limit + ": " + what);
            }
            millis(5);
        }
    }
}
