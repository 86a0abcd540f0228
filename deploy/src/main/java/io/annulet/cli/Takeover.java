package io.annulet.cli;

import io.annulet.backend.Backend;
import io.annulet.backend.handover.HandoverException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** {@code run --takeover}, and being taken over from: what comes before. Used by the main thread; {@link #warm} by any. */
final class Takeover {

    private static final Logger LOG = LoggerFactory.getLogger(Takeover.class);
    private static final AtomicBoolean WARMED = new AtomicBoolean();

    private Takeover() {}

    /** Fails if what a process with these arguments serves cannot be taken over as a whole. */
    static void check(boolean isPortsOnly, boolean hasApi, boolean captures) {
        if (!isPortsOnly) {
            throw new CommandFailure("channels cannot be taken over", "keep them with --fd-holder, and restart");
        }
        if (hasApi) {
            throw new CommandFailure("a control API cannot be taken over", "leave --api out, or restart");
        }
        if (captures) {
            throw new CommandFailure("a capture cannot be taken over", "leave --capture out, or restart");
        }
    }

    /**
     * Has a back-end taken over from, if it is to, and lets another process take over from it, unless it also serves channels.
     * The code of both sides is warmed while guests are still served.
     */
    static void prepare(Backend backend, boolean takesOver, boolean hasChannels) {
        if (hasChannels) {
            backend.stay();
            return;
        }
        backend.warmBy(Takeover::warm);
        if (takesOver) {
            try {
                backend.takeOver();
            } catch (HandoverException e) {
                throw failure(e);
            }
            warm();
        }
    }

    /** Once in a process: what has run stays compiled. A hand-over that was not rehearsed is slower, and no worse. */
    private static void warm() {
        if (WARMED.compareAndSet(false, true)) {
            try {
                Logs.quietly(Warmup::run);
            } catch (RuntimeException e) {
                LOG.debug("the hand-over was not rehearsed", e);
            }
        }
    }

    /** What its user is told. */
    static CommandFailure failure(HandoverException why) {
        return new CommandFailure(
                "take over: " + why.getMessage(), "see to that; the back-end that runs serves its guests on", why);
    }
}
