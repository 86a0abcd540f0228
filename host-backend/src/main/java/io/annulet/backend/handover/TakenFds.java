package io.annulet.backend.handover;

import io.annulet.linux.Fd;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The descriptors that came with a state; those that nobody takes are closed with it. Used by one thread at a time. */
public final class TakenFds implements AutoCloseable {

    private final List<@Nullable Fd> fds = new ArrayList<>();

    void add(Fd fd) {
        fds.add(fd);
    }

    /** Takes one; null for {@link PassedState#NO_FD}. */
    public @Nullable Fd take(int number) {
        return number == PassedState.NO_FD ? null : takeOne(number);
    }

    /** Takes one that has to be there. */
    public Fd takeOne(int number) {
        Fd fd = number < 0 || number >= fds.size() ? null : fds.set(number, null);
        if (fd == null) {
            throw new HandoverException("descriptor " + number + " of " + fds.size() + " did not come, or came twice");
        }
        return fd;
    }

    int count() {
        return fds.size();
    }

    @Override
    public void close() {
        for (Fd fd : fds) {
            if (fd != null) {
                fd.close();
            }
        }
        fds.clear();
    }
}
