package io.annulet.backend.handover;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** A back-end that serves and may be asked to give everything up; called by the thread of one {@link Giving} at a time. */
public interface Giver {

    /** A port as both sides name it: its name, its kind, and its socket or interface. */
    record PortName(String name, String kind, String target) {}

    /** Why it cannot be handed over to a process with these ports, as one line; null if it can. */
    @Nullable
    String obstacle(List<PortName> ports);

    /** What would be passed on now, roughly. Nothing changes. */
    PassedState describe(SentFds fds);

    /** Has the code of what comes next compiled, while guests are served; the other process does the same. */
    void rehearse();

    /**
     * Serves nobody any more, and tells everything. If this throws, it goes on.
     *
     * @throws HandoverException if that was not possible in time
     */
    PassedState pause(SentFds fds);

    /** Goes on after {@link #pause}: nobody has touched anything meanwhile. */
    void goOn();

    /** Lets go of what only one process can have. */
    void letGo();

    /** Goes on after {@link #letGo}: another process has worked the rings, and died. */
    void takeBack();

    /** Another process serves everything now: this one may end. */
    void handedOver(int byProcessId);
}
