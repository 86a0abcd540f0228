package io.annulet.backend.data;

import io.annulet.backend.stats.PortCounters;
import io.annulet.linux.EventFd;
import org.jspecify.annotations.Nullable;

/** How a queue reaches its driver: the call and error descriptors it has at present; owned by the queue's worker. */
final class Signal {

    private @Nullable EventFd call;
    private @Nullable EventFd error;

    Signal(@Nullable EventFd call, @Nullable EventFd error) {
        this.call = call;
        this.error = error;
    }

    /** A call that was due while there was no descriptor is made up for: the driver may be waiting for it. */
    void replaceCall(@Nullable EventFd replacement) {
        call = replacement;
        if (replacement != null) {
            replacement.signal();
        }
    }

    void replaceError(@Nullable EventFd replacement) {
        error = replacement;
    }

    void callDriver(boolean wanted, PortCounters counters) {
        EventFd target = call;
        if (!wanted) {
            counters.callSuppressed();
        } else if (target == null || target.signal() < 0) {
            counters.callFailed();
        } else {
            counters.callSent();
        }
    }

    void reportBroken() {
        EventFd target = error;
        if (target != null) {
            target.signal();
        }
    }
}
