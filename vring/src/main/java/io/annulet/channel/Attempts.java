package io.annulet.channel;

import java.util.concurrent.TimeUnit;

/** When the next handshake is tried, on the clock that only goes forward; used by its end's thread. */
final class Attempts {
    /** A wish is forged easily, so it costs a handshake only so often. */
    private static final long WISH_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    /** How long keys are kept for an initiator that does not confirm them. */
    private static final long UNCONFIRMED_NANOS = TimeUnit.SECONDS.toNanos(10);

    private static final int MOST_DOUBLINGS = 5;

    private final boolean begins;
    private final long patienceNanos;
    private long lastNanos;
    private long nextNanos = System.nanoTime();
    private int count;

    Attempts(ChannelOptions options) {
        this.begins = options.role() == ChannelOptions.Role.INITIATOR;
        this.patienceNanos = options.handshakeNanos();
        this.lastNanos = nextNanos - WISH_NANOS;
    }

    boolean isDue() {
        return leftNanos() <= 0;
    }

    long leftNanos() {
        return nextNanos - System.nanoTime();
    }

    /** The initiator asks, or the responder wishes to be asked. */
    void tried() {
        lastNanos = System.nanoTime();
        // A slow machine's answer must have time to come before the question is another one.
        nextNanos = lastNanos + (begins ? patienceNanos << Math.min(count++, MOST_DOUBLINGS) : WISH_NANOS);
    }

    /** The other end wishes to be asked. */
    void wished() {
        count = 0;
        nextNanos = lastNanos + WISH_NANOS;
    }

    /** The responder has answered. */
    void answered() {
        nextNanos = System.nanoTime() + UNCONFIRMED_NANOS;
    }

    void succeeded() {
        count = 0;
    }

    /** A session is over. */
    void left() {
        nextNanos = System.nanoTime() + (begins ? 0 : WISH_NANOS);
    }
}
