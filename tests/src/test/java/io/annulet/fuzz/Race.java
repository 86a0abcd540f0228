package io.annulet.fuzz;

import io.annulet.memory.HostMemory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * One field of shared memory that a second thread changes to and fro as fast as it can while a {@link Scene} reads it
 * again and again. The scene belongs to the thread that runs the race.
 */
final class Race {

    /** What reads the field: it holds whatever it sees. */
    interface Scene {
        /**
         * Reads once.
         *
         * @return what came of it, as a number
         */
        long look();
    }

    /**
     * A field and the two values between which it changes.
     *
     * @param byteLength 1, 2 or 8
     */
    record Field(String name, long address, int byteLength, long good, long bad) {}

    /**
     * How a race went.
     *
     * @param flips how often the field was changed
     * @param looks how often the scene read it
     * @param differing how many looks came to another end than the one before
     */
    record Result(String name, long flips, long looks, long differing, double seconds) {}

    private static final int FLIPS_BETWEEN_LOOKS_AT_THE_CLOCK = 1000;
    private static final long PATIENCE_NANOS = TimeUnit.HOURS.toNanos(1);

    private final AtomicBoolean ends = new AtomicBoolean();
    private volatile long flips;

    private Race() {}

    /** Changes a field so often, and as long as fewer than some looks have been made at it. */
    static Result run(Field field, Scene scene, long flips, long leastLooks) {
        return new Race().race(field, scene, flips, leastLooks);
    }

    private Result race(Field field, Scene scene, long wanted, long leastLooks) {
        long startNanos = System.nanoTime();
        Thread flipper = Thread.ofPlatform().name("flipper").daemon().start(() -> flip(field));
        long looks = 0;
        long differing = 0;
        long before = scene.look();
        try {
            while (flips < wanted || looks < leastLooks) {
                long now = scene.look();
                looks++;
                differing += now == before ? 0 : 1;
                before = now;
                if (System.nanoTime() - startNanos > PATIENCE_NANOS) {
                    throw new AssertionError(field.name + ": " + flips + " flips and " + looks + " looks in an hour");
                }
            }
        } finally {
            ends.set(true);
            join(flipper);
        }
        double seconds = (System.nanoTime() - startNanos) / 1e9;
        return new Result(field.name(), flips, looks, differing, seconds);
    }

    private void flip(Field field) {
        long count = 0;
        while (!ends.get()) {
            for (int i = 0; i < FLIPS_BETWEEN_LOOKS_AT_THE_CLOCK; i += 2) {
                store(field, field.bad);
                HostMemory
                        .releaseFence(); // or the compiler would leave out the one store that is overtaken by the next
                store(field, field.good);
                HostMemory.releaseFence();
            }
            count += FLIPS_BETWEEN_LOOKS_AT_THE_CLOCK;
            flips = count;
        }
    }

    private static void store(Field field, long value) {
        switch (field.byteLength) {
            case 1 -> HostMemory.storeByte(field.address, (int) value);
            case 2 -> HostMemory.storeShortUnaligned(field.address, (int) value);
            default -> HostMemory.storeLong(field.address, value);
        }
    }

    private static void join(Thread thread) {
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        }
    }
}
