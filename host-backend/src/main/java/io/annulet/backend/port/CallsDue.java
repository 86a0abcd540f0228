package io.annulet.backend.port;

import io.annulet.backend.data.GuestQueue;
import io.annulet.backend.data.OwedCalls;
import org.jspecify.annotations.Nullable;

/** Queues, each at most once, whose drivers were shown something and not called yet; owned by the worker of their shard. */
final class CallsDue {

    private final @Nullable GuestQueue[] queues;
    private final OwedCalls owed;
    private int count;

    /** @param owed is given those whose driver is called later */
    CallsDue(int queues, OwedCalls owed) {
        this.queues = new @Nullable GuestQueue[queues];
        this.owed = owed;
    }

    void add(GuestQueue queue) {
        queues[count++] = queue;
    }

    /** Calls all drivers that are due; a full fence has been made since they were shown something. */
    void call() {
        int due = count;
        count = 0;
        for (int i = 0; i < due; i++) {
            GuestQueue queue = queues[i];
            if (queue != null) {
                call(queue);
            }
        }
    }

    /** Calls one driver now. */
    void call(GuestQueue queue) {
        if (queue.callDriver()) {
            owed.add(queue);
        }
    }

    void forget(GuestQueue queue) {
        for (int i = 0; i < count; i++) {
            if (queues[i] == queue) {
                queues[i] = queues[--count];
            }
        }
    }
}
