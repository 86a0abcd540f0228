package io.annulet.guest;

import io.annulet.linux.Fd;
import io.annulet.vhostuser.MessageLayout;
import io.annulet.vhostuser.VhostUserRequest;
import org.jspecify.annotations.Nullable;

/**
 * What a front-end says when its guest moves to another machine: the log of written pages, the device's state, and
 * post-copy; used by the front-end's thread. From vhost-user, QEMU 10, "Migration" and "Migrating back-end state".
 */
public final class MigrationMessages {

    private static final int NO_FD = 1 << 8;
    private static final int ERROR_MASK = 0xff;

    /** Which way the device's state goes. */
    public enum Direction {
        SAVE,
        LOAD
    }

    private final VhostUserFrontEnd frontEnd;

    public MigrationMessages(VhostUserFrontEnd frontEnd) {
        this.frontEnd = frontEnd;
    }

    /** Hands the log over. */
    public void setLogBase(DirtyLog log) {
        byte[] payload = Payloads.log(log.byteLength(), 0);
        try (Message reply = frontEnd.ask(VhostUserRequest.SET_LOG_BASE, payload, log.file())) {
            int byteLength = reply.payload().remaining(); // a u64, or with older back-ends nothing
            if (byteLength != 0 && byteLength != Long.BYTES) {
                throw VhostUserFrontEnd.wrongReply(VhostUserRequest.SET_LOG_BASE, reply.toString());
            }
        }
    }

    /** An eventfd that the back-end may signal after it has logged something. */
    public void setLogFd(Fd eventFd) {
        frontEnd.tell(VhostUserRequest.SET_LOG_FD, Payloads.nothing(), eventFd);
    }

    /**
     * Has the device's state written to or read from a pipe, while its rings are stopped.
     *
     * @return a pipe to use instead, which the caller closes, or null
     */
    public @Nullable Fd setDeviceStateFd(Direction direction, Fd pipe) {
        byte[] payload = Payloads.vringState(direction.ordinal(), 0); // the only phase is 0, stopped
        try (Message reply = frontEnd.ask(VhostUserRequest.SET_DEVICE_STATE_FD, payload, pipe)) {
            long answer = VhostUserFrontEnd.payloadOf(reply, VhostUserRequest.SET_DEVICE_STATE_FD, Long.BYTES)
                    .getLong();
            if ((answer & ERROR_MASK) != 0) {
                throw refused(VhostUserRequest.SET_DEVICE_STATE_FD, answer);
            }
            return (answer & NO_FD) != 0 ? null : ExtensionMessages.onlyFd(reply, VhostUserRequest.SET_DEVICE_STATE_FD);
        }
    }

    /** Asks whether the state went over whole; to be called when the pipe has ended. */
    public void checkDeviceState() {
        long answer = frontEnd.askU64(VhostUserRequest.CHECK_DEVICE_STATE);
        if (answer != MessageLayout.ACK_SUCCESS) {
            throw refused(VhostUserRequest.CHECK_DEVICE_STATE, answer);
        }
    }

    /** Post-copy is coming; returns the back-end's userfaultfd, which the caller closes. */
    public Fd postcopyAdvise() {
        try (Message reply = frontEnd.ask(VhostUserRequest.POSTCOPY_ADVISE, Payloads.nothing())) {
            return ExtensionMessages.onlyFd(reply, VhostUserRequest.POSTCOPY_ADVISE);
        }
    }

    /** From now on pages that the back-end touches may be missing. */
    public void postcopyListen() {
        frontEnd.tell(VhostUserRequest.POSTCOPY_LISTEN, Payloads.nothing());
    }

    /** All pages are there. */
    public void postcopyEnd() {
        long answer = frontEnd.askU64(VhostUserRequest.POSTCOPY_END);
        if (answer != MessageLayout.ACK_SUCCESS) {
            throw refused(VhostUserRequest.POSTCOPY_END, answer);
        }
    }

    private static FrontEndException refused(VhostUserRequest request, long answer) {
        return new FrontEndException(FrontEndException.Reason.REFUSED, request + " was refused with status " + answer);
    }
}
