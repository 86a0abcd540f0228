package io.annulet.backend.control;

import io.annulet.linux.EventFd;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Descriptors and mappings that have been replaced but that the worker may still use; owned by the control thread. They
 * are closed when the worker has acknowledged, or at once if it had nothing to do with them.
 */
final class Retired {

    private final List<AutoCloseable> waiting = new ArrayList<>();

    void add(@Nullable AutoCloseable replaced) {
        if (replaced != null) {
            waiting.add(replaced);
        }
    }

    /** The eventfds among them; a list of the caller's. */
    List<EventFd> eventFds() {
        List<EventFd> eventFds = new ArrayList<>();
        for (AutoCloseable one : waiting) {
            if (one instanceof EventFd eventFd) {
                eventFds.add(eventFd);
            }
        }
        return eventFds;
    }

    /** Closes everything: the worker has nothing of it. */
    void closeAll() {
        List<AutoCloseable> now = List.copyOf(waiting);
        waiting.clear();
        for (AutoCloseable one : now) {
            close(one);
        }
    }

    private static void close(AutoCloseable one) {
        try {
            one.close();
        } catch (Exception ours) {
            throw new IllegalStateException("close " + one, ours);
        }
    }
}
