package io.annulet.backend.data;

import io.annulet.backend.stats.PortCounters;
import io.annulet.linux.EventFd;
import org.jspecify.annotations.Nullable;

/**
 * How a queue reaches its driver: the call and error descriptors it has at present, and the call that is owed if calls are
 * put off; owned by whoever works the queue.
 *
 * <p>A call is owed from the publication that the driver wanted it for, until it is made: later publications belong to it
 * whether they want one or not, since a driver that waits for an event index is not asked again.
 */
final class Signal {

    private CallPolicy policy;
    private @Nullable EventFd call;
    private @Nullable EventFd error;
    private long sent;
    private boolean owed;
    private int owedFrames;
    private long dueNanos;

    // For the adaptive policy: frames in stretches of its time.
    private long stretchNanos;
    private int stretchFrames;
    private int lastStretchFrames;

    Signal(CallPolicy policy, @Nullable EventFd call, @Nullable EventFd error) {
        this.policy = policy;
        this.call = call;
        this.error = error;
    }

    /** Whether time has to be told. */
    boolean putsOff() {
        return policy.mode() != CallPolicy.Mode.OFF;
    }

    /** The driver is called by another policy from now on; a call that is owed is not put off any longer. */
    void changePolicy(CallPolicy other, PortCounters counters) {
        callIfOwed(counters);
        policy = other;
    }

    /** Calls made so far. */
    long sent() {
        return sent;
    }

    /** A call that was due while there was no descriptor is made up for: the driver may be waiting for it. */
    void replaceCall(@Nullable EventFd replacement) {
        call = replacement;
        if (replacement != null) {
            replacement.signal();
            owed = false;
        }
    }

    void replaceError(@Nullable EventFd replacement) {
        error = replacement;
    }

    /** A publication, and whether the driver wants a call for it; the call is made now. */
    void callDriver(boolean wanted, PortCounters counters) {
        if (wanted) {
            send(counters);
        } else {
            counters.callSuppressed();
        }
    }

    /**
     * A publication of so many frames under a policy that puts calls off.
     *
     * @return whether a call is owed from now on: {@link #callIfDue} is to be asked at {@link #dueNanos}
     */
    boolean callDriverSoon(boolean wanted, int frames, long nowNanos, PortCounters counters) {
        boolean isBusy = policy.mode() == CallPolicy.Mode.ON || countIn(frames, nowNanos) >= CallPolicy.BUSY_FRAMES;
        if (owed) {
            owedFrames += frames;
            if (owedFrames < policy.frames() && nowNanos - dueNanos < 0) {
                counters.callCoalesced();
                return false;
            }
            counters.callCoalesced();
            send(counters);
            return false;
        }
        if (!wanted || !isBusy || frames >= policy.frames()) {
            callDriver(wanted, counters);
            return false;
        }
        owed = true;
        owedFrames = frames;
        dueNanos = nowNanos + policy.nanos();
        return true;
    }

    /** Frames of the present stretch or of the one before, whichever were more. */
    private int countIn(int frames, long nowNanos) {
        long sinceNanos = nowNanos - stretchNanos;
        if (sinceNanos >= policy.nanos()) {
            lastStretchFrames = sinceNanos < 2 * policy.nanos() ? stretchFrames : 0;
            stretchFrames = 0;
            stretchNanos = nowNanos;
        }
        stretchFrames += frames;
        return Math.max(stretchFrames, lastStretchFrames);
    }

    /** When the call that is owed is due at the latest. */
    long dueNanos() {
        return dueNanos;
    }

    /** Makes the call that is owed, if it is due. */
    void callIfDue(long nowNanos, PortCounters counters) {
        if (owed && nowNanos - dueNanos >= 0) {
            send(counters);
        }
    }

    /** Makes the call that is owed, due or not: the queue ends. */
    void callIfOwed(PortCounters counters) {
        if (owed) {
            send(counters);
        }
    }

    private void send(PortCounters counters) {
        owed = false;
        EventFd target = call;
        if (target == null || target.signal() < 0) {
            counters.callFailed();
        } else {
            sent++;
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
