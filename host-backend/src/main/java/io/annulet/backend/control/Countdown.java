package io.annulet.backend.control;

import java.util.concurrent.atomic.AtomicInteger;

/** Runs something once as many others have been run, on whatever threads. */
final class Countdown {

    private Countdown() {}

    /** What each of {@code count} runs; {@code last} is run by the last of them, or at once if there are none. */
    static Runnable of(int count, Runnable last) {
        if (count == 0) {
            last.run();
            return () -> {};
        }
        AtomicInteger left = new AtomicInteger(count);
        return () -> {
            if (left.decrementAndGet() == 0) {
                last.run();
            }
        };
    }
}
