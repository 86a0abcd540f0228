package io.annulet.model;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** The state of one side: its past, its next access, its stores under way and what it may still see; see {@link World}. */
final class Side {

    /** Stands in the store buffer where a release fence was. */
    static final int BARRIER = -1;

    private static final long[] NOTHING = {};

    int performed;
    long[] answers = {};

    @Nullable
    Access pending;

    boolean finished;

    /** What the past came to where its particulars were forgotten, and how much of it that was. */
    Fingerprint past = new Fingerprint(0, 0);

    int forgottenPerformed;
    int forgottenAnswers;

    int[] bufferedLocations = {};
    long[] bufferedValues = {};

    /** For each location, oldest first, what stood there that a load of this side may still see. */
    private long[][] missable = {};

    Side() {}

    Side(Side other) {
        performed = other.performed;
        answers = other.answers;
        pending = other.pending;
        finished = other.finished;
        past = other.past;
        forgottenPerformed = other.forgottenPerformed;
        forgottenAnswers = other.forgottenAnswers;
        bufferedLocations = other.bufferedLocations;
        bufferedValues = other.bufferedValues;
        missable = other.missable;
    }

    // Arrays are replaced, never changed: copies of a side share them.

    void answer(long value) {
        answers = Arrays.copyOf(answers, answers.length + 1);
        answers[answers.length - 1] = value;
        performed++;
    }

    void buffer(int location, long value) {
        int count = bufferedLocations.length;
        bufferedLocations = Arrays.copyOf(bufferedLocations, count + 1);
        bufferedValues = Arrays.copyOf(bufferedValues, count + 1);
        bufferedLocations[count] = location;
        bufferedValues[count] = value;
    }

    /** The place of the latest store to a location that has not reached memory, or -1. */
    int latestBuffered(int location) {
        for (int i = bufferedLocations.length - 1; i >= 0; i--) {
            if (bufferedLocations[i] == location) {
                return i;
            }
        }
        return -1;
    }

    /** Whether a buffered store may reach memory next: none before it is older in the same location or fenced off. */
    boolean mayLeave(int entry, boolean inOrder) {
        for (int i = 0; i < entry; i++) {
            if (inOrder || bufferedLocations[i] == BARRIER || bufferedLocations[i] == bufferedLocations[entry]) {
                return false;
            }
        }
        return bufferedLocations[entry] != BARRIER;
    }

    void unbuffer(int entry) {
        int first = entry;
        int last = entry;
        // A fence with nothing before it has done its work.
        while (first == 0 && last + 1 < bufferedLocations.length && bufferedLocations[last + 1] == BARRIER) {
            last++;
        }
        bufferedLocations = without(bufferedLocations, first, last);
        bufferedValues = without(bufferedValues, first, last);
    }

    private static int[] without(int[] values, int first, int last) {
        int[] left = Arrays.copyOf(values, values.length - (last + 1 - first));
        System.arraycopy(values, last + 1, left, first, values.length - (last + 1));
        return left;
    }

    private static long[] without(long[] values, int first, int last) {
        long[] left = Arrays.copyOf(values, values.length - (last + 1 - first));
        System.arraycopy(values, last + 1, left, first, values.length - (last + 1));
        return left;
    }

    long[] missable(int location) {
        return location < missable.length ? missable[location] : NOTHING;
    }

    /** The other side has put something else in the place of {@code value}. */
    void mayMiss(int location, long value) {
        long[] values = missable(location);
        long[] more = Arrays.copyOf(values, values.length + 1);
        more[values.length] = value;
        replace(location, more);
    }

    /** No later load of a location sees anything older than this: one of the values that may be missed, or memory. */
    void see(int location, int missed) {
        long[] values = missable(location);
        int first = missed < 0 ? values.length : missed;
        if (first > 0) {
            replace(location, Arrays.copyOfRange(values, first, values.length));
        }
    }

    private void replace(int location, long[] values) {
        int count = Math.max(missable.length, location + 1);
        long[][] replaced = new long[count][];
        for (int i = 0; i < count; i++) {
            replaced[i] = i == location ? values : missable(i);
        }
        missable = replaced;
    }

    /** What is loaded from now on was not missed. */
    void seeAll() {
        missable = new long[0][];
    }

    /** What this side does next follows from its past and from the answers since. */
    void addTo(Fingerprint.Builder builder) {
        builder.add(past.high()).add(past.low());
        builder.add(performed - forgottenPerformed).add(finished ? 1 : 0);
        for (int i = forgottenAnswers; i < answers.length; i++) {
            builder.add(answers[i]);
        }
        builder.add(bufferedLocations).add(bufferedValues);
        for (int location = 0; location < missable.length; location++) {
            if (missable[location].length > 0) {
                builder.add(location).add(missable[location]);
            }
        }
    }
}
