package io.annulet.backend.data;

import io.annulet.backend.stats.PortCounters;
import org.jspecify.annotations.Nullable;

/**
 * Queues of one port that owe their drivers a call, with when it is due; owned by the worker that made them owe it. It asks
 * in each duty cycle, and sleeps no longer than until the first is due.
 */
public final class OwedCalls {

    private final @Nullable GuestQueue[] queues;
    private final long[] dueNanos;
    private int count;
    private long firstDueNanos;

    /** @param capacity queues of the port */
    public OwedCalls(int capacity) {
        queues = new @Nullable GuestQueue[capacity];
        dueNanos = new long[capacity];
    }

    public boolean isEmpty() {
        return count == 0;
    }

    /** A queue owes a call from now on. */
    public void add(GuestQueue queue) {
        int place = 0;
        while (place < count && queues[place] != queue) {
            place++;
        }
        if (place == queues.length) {
            // Queues that were closed stand here until their time.
            queues[0] = queue;
            place = 0;
        }
        queues[place] = queue;
        dueNanos[place] = queue.callDueNanos();
        count = Math.max(count, place + 1);
        findFirst();
    }

    private void findFirst() {
        for (int i = 0; i < count; i++) {
            if (i == 0 || dueNanos[i] - firstDueNanos < 0) {
                firstDueNanos = dueNanos[i];
            }
        }
    }

    /** Makes the calls that are due; those of queues that another worker is in are made next time. */
    public void fire(long nowNanos, PortCounters counters) {
        if (nowNanos - firstDueNanos < 0) {
            return;
        }
        int kept = 0;
        for (int i = 0; i < count; i++) {
            GuestQueue queue = queues[i];
            if (queue != null && (nowNanos - dueNanos[i] < 0 || !queue.callIfDue(nowNanos, counters))) {
                queues[kept] = queue;
                dueNanos[kept++] = dueNanos[i];
            }
        }
        for (int i = kept; i < count; i++) {
            queues[i] = null;
        }
        count = kept;
        findFirst();
    }

    /** How long until the first call is due; not to be asked if there is none. */
    public long nanosLeft(long nowNanos) {
        return Math.max(0, firstDueNanos - nowNanos);
    }
}
