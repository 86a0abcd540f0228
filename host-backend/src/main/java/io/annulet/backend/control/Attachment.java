package io.annulet.backend.control;

import io.annulet.backend.handover.SentFds;
import io.annulet.linux.Fd;
import io.annulet.linux.PassedSockets;
import org.jspecify.annotations.Nullable;

/** How a port comes by its front-ends; owned by the control thread. */
sealed interface Attachment permits ClientAttachment, PassedAttachment, ServerAttachment {

    /** The one that a port's options ask for. */
    static Attachment of(
            GuestEndpoint endpoint, ControlLoop loop, VhostUserOptions options, ControlLimits limits, PortLog log) {
        if (options.mode() == VhostUserOptions.Mode.CLIENT) {
            return new ClientAttachment(endpoint, loop, options, limits, log);
        }
        return PassedSockets.isConnected(options.socket())
                ? new PassedAttachment(endpoint, options)
                : new ServerAttachment(endpoint, loop, options, log);
    }

    /** Begins to listen or to connect, or throws a {@link io.annulet.linux.LinuxException} if that is not possible. */
    void open();

    /** The front-end that is connected is there, and has nothing more to say for now. */
    void onQuiet();

    /**
     * The last session has ended and left nothing behind: the next one may begin.
     *
     * @param spoken whether its front-end sent any message
     */
    void onVacant(boolean spoken);

    /** Accepts and connects nobody until {@link #thaw}. */
    void freeze();

    void thaw();

    /** As it is passed on: who listens, and who waits to be looked at. */
    Passed passed(SentFds fds);

    /** What is passed on: descriptors, or {@link io.annulet.backend.handover.PassedState#NO_FD}. */
    record Passed(int listener, int waiting) {}

    /** Begins with what another process had, frozen, instead of by {@link #open}. */
    void goOnWith(@Nullable Fd listener, @Nullable Fd waiting);

    /** Leaves the socket to the process that goes on with it; {@link #close} is still due. */
    void leave();

    void close();
}
