package io.annulet.guest.conform;

import io.annulet.guest.Message;
import io.annulet.guest.Payloads;
import io.annulet.guest.VhostUserFrontEnd;
import io.annulet.vhostuser.MessageLayout;
import io.annulet.vhostuser.VhostUserRequest;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What the check of a rule has: guests to play, and waits that end. It closes what it opened. Used by one thread.
 */
final class Trial implements AutoCloseable {

    private static final long EAGER_NANOS = 20_000_000;
    private static final long EAGER_PAUSE_NANOS = 50_000;
    private static final long PAUSE_NANOS = 1_000_000;

    private final BackEnd backEnd;
    private final Limits limits;
    private final long deadlineNanos;
    private final Deque<AutoCloseable> opened = new ArrayDeque<>();
    private boolean answered;
    private Runnable background = () -> {};

    Trial(BackEnd backEnd, Limits limits) {
        this.backEnd = backEnd;
        this.limits = limits;
        this.deadlineNanos = System.nanoTime() + limits.ruleNanos();
    }

    BackEnd backEnd() {
        return backEnd;
    }

    Limits limits() {
        return limits;
    }

    /** Whether the back-end answered anything at all in this trial. */
    boolean wasAnswered() {
        return answered;
    }

    /** Closes something at the end, what was opened last first. */
    <T extends AutoCloseable> T own(T closeable) {
        opened.push(closeable);
        return closeable;
    }

    // Guests.

    /** A connection to a port over which nothing was said. */
    VhostUserFrontEnd open(int port) {
        if (port >= backEnd.ports()) {
            throw Stop.skipped("it needs a second port");
        }
        VhostUserFrontEnd frontEnd = own(VhostUserFrontEnd.connect(backEnd.socket(port), limits.waitNanos()));
        frontEnd.replyTimeoutNanos(limits.waitNanos());
        return frontEnd;
    }

    /** Asks for features and takes any answer at all. */
    Message greet(VhostUserFrontEnd frontEnd) {
        frontEnd.send(VhostUserRequest.GET_FEATURES.id(), MessageLayout.VERSION, Payloads.nothing());
        Message reply = frontEnd.receive(limits.waitNanos());
        if (reply == null) {
            throw Stop.broken("an answer to GET_FEATURES", "none within " + seconds(limits.waitNanos()));
        }
        answered = true;
        return reply;
    }

    /** A connection over which features were asked for, and no more. */
    VhostUserFrontEnd connect(int port) {
        VhostUserFrontEnd frontEnd = open(port);
        greet(frontEnd).close();
        return frontEnd;
    }

    /** A guest that agreed on features, and did no more. */
    ProbeGuest attached(int port, Setup setup) {
        return own(ProbeGuest.attach(connect(port), port, setup));
    }

    /** A guest that is all up. */
    ProbeGuest guest(int port, Setup setup) {
        ProbeGuest guest = attached(port, setup);
        guest.bringUp();
        return guest;
    }

    /** The guest under test on port 0 and its peer on port 1, with frames flowing both ways. */
    Pair pair(Setup setup) {
        ProbeGuest peer = guest(1, Setup.USUAL);
        return flowing(attached(0, setup), peer);
    }

    /** Brings the guest under test up and lets frames flow. */
    Pair flowing(ProbeGuest tested, ProbeGuest peer) {
        tested.bringUp();
        Pair pair = new Pair(this, tested, peer);
        pair.warmUp();
        return pair;
    }

    // Waits.

    long leftNanos() {
        return deadlineNanos - System.nanoTime();
    }

    /** Does something again and again from now on, whenever the rule waits for a condition. */
    void whileWaiting(Runnable work) {
        background = work;
    }

    /** Whether the condition comes true in time. */
    boolean comesTrue(long timeoutNanos, BooleanSupplier condition) {
        if (leftNanos() <= 0) {
            throw Stop.broken("the rule is decided within " + seconds(limits.ruleNanos()), "the back-end takes longer");
        }
        long startNanos = System.nanoTime();
        long limitNanos = Math.min(timeoutNanos, leftNanos());
        while (true) {
            background.run();
            if (condition.getAsBoolean()) {
                return true;
            }
            long passedNanos = System.nanoTime() - startNanos;
            if (passedNanos >= limitNanos) {
                return false;
            }
            LockSupport.parkNanos(passedNanos < EAGER_NANOS ? EAGER_PAUSE_NANOS : PAUSE_NANOS);
        }
    }

    /** Ends the check as broken unless the condition comes true in time. */
    void await(String expected, BooleanSupplier condition) {
        if (!comesTrue(limits.waitNanos(), condition)) {
            throw Stop.broken(expected, "not within " + seconds(limits.waitNanos()));
        }
    }

    /** The first thing that is not null. */
    <T> T awaitNext(String expected, Supplier<@Nullable T> source) {
        List<T> found = new ArrayList<>();
        await(expected, () -> {
            T next = source.get();
            if (next != null) {
                found.add(next);
            }
            return next != null;
        });
        return found.getFirst();
    }

    /** The next message of the back-end; whoever has it closes it. */
    Message awaitReply(VhostUserFrontEnd frontEnd, String expected) {
        Message reply = frontEnd.receive(Math.min(limits.waitNanos(), leftNanos()));
        if (reply == null) {
            throw Stop.broken(expected, "no reply within " + seconds(limits.waitNanos()));
        }
        return reply;
    }

    /** Ends the check as broken if the breach comes about within a time that is long for a back-end. */
    void quiet(String expected, String seen, BooleanSupplier breach) {
        if (comesTrue(limits.quietNanos(), breach)) {
            throw Stop.broken(expected, seen);
        }
    }

    /** Lets the back-end notice the end of a connection before there is another one. */
    void pause() {
        comesTrue(limits.settleNanos(), () -> false);
    }

    /** Lets the back-end see what was done so far. */
    void idle() {
        comesTrue(limits.quietNanos(), () -> false);
    }

    static String seconds(long nanos) {
        long milliseconds = TimeUnit.NANOSECONDS.toMillis(nanos);
        return milliseconds % 1000 == 0 ? milliseconds / 1000 + " s" : milliseconds + " ms";
    }

    @Override
    public void close() {
        background = () -> {};
        while (!opened.isEmpty()) {
            try {
                opened.pop().close();
            } catch (Exception e) {
                throw new IllegalStateException("could not close what a rule opened", e);
            }
        }
    }
}
