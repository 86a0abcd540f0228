package io.annulet.fuzz;

import java.util.ArrayList;
import java.util.List;
import java.util.function.LongConsumer;
import org.agrona.collections.LongHashSet;
import org.jspecify.annotations.Nullable;

/**
 * Tries one target with many inputs that all follow from a seed; owned by one thread. Inputs that took a way not taken
 * before are kept, and changed a little for some of the later ones.
 */
final class FuzzRun {

    /** Inputs between two words about progress. */
    static final int STRIDE = 1 << 16;

    private static final int MOST_KEPT = 4096;
    private static final int SHORT_BYTES = 512;

    /** An input that a target should have survived; immutable. */
    static final class Finding {
        private final byte[] bytes;
        private final long number;
        private final Throwable failure;

        private Finding(byte[] bytes, long number, Throwable failure) {
            this.bytes = bytes;
            this.number = number;
            this.failure = failure;
        }

        byte[] bytes() {
            return bytes.clone();
        }

        /** Which input of its run it was, from 0. */
        long number() {
            return number;
        }

        Throwable failure() {
            return failure;
        }

        @Override
        public String toString() {
            return "input " + number + ": " + failure;
        }
    }

    private final Target target;
    private final long seed;
    private final Input input = new Input();
    private final List<byte[]> kept = new ArrayList<>();
    private final LongHashSet shapes = new LongHashSet();
    private long executions;

    FuzzRun(Target target, long seed) {
        this.target = target;
        this.seed = seed;
    }

    /** Tries inputs recorded earlier, and keeps them to be changed; the first finding or null. */
    @Nullable
    Finding replay(List<byte[]> recorded) {
        for (byte[] bytes : recorded) {
            Finding finding = attempt(input.replay(bytes));
            if (finding != null) {
                return finding;
            }
        }
        return null;
    }

    /**
     * Tries so many generated inputs.
     *
     * @param progress told the executions so far now and then
     * @return the first finding, or null
     */
    @Nullable
    Finding run(long inputs, LongConsumer progress) {
        for (long i = 0; i < inputs; i++) {
            Finding finding = attempt(next(executions));
            if (finding != null) {
                return finding;
            }
            if ((executions & STRIDE - 1) == 0) {
                progress.accept(executions);
            }
        }
        return null;
    }

    private Input next(long number) {
        long word = Input.mix(seed + Input.mix(number));
        if (kept.isEmpty() || (word & 3) != 0) {
            return input.generate(word);
        }
        return input.mutate(kept.get((int) ((word >>> 2) % kept.size())), word);
    }

    private @Nullable Finding attempt(Input tried) {
        long number = executions++;
        long shape;
        try {
            shape = target.run(tried);
        } catch (Throwable failure) {
            return new Finding(tried.used(), number, failure);
        }
        if (kept.size() < MOST_KEPT && tried.usedByteLength() <= SHORT_BYTES && shapes.add(shape)) {
            kept.add(tried.used());
        }
        return null;
    }

    long executions() {
        return executions;
    }

    /** One input for each way that was taken, in the order of their finding. */
    List<byte[]> kept() {
        return List.copyOf(kept);
    }
}
