package io.annulet.journey;

import io.annulet.guest.GuestOptions;
import io.annulet.guest.SimulatedGuest;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import org.HdrHistogram.Histogram;
import org.HdrHistogram.Recorder;
import org.jspecify.annotations.Nullable;

/**
 * Two guests that exchange paced frames while something else goes on, and must not notice it: none may be lost, repeated,
 * reordered or changed, and the longest silence is bounded. The guests are owned by a thread of their own.
 */
public final class Canary implements AutoCloseable {

    public static final String ONE = "canary0";
    public static final String OTHER = "canary1";

    /** No figure of speed: a stalled worker stays stalled, a busy machine does not. */
    private static final long LONGEST_SILENCE_NANOS = Duration.ofSeconds(10).toNanos();

    private static final int BETWEEN_TURNS_NANOS = 200_000;
    private static final int BETWEEN_LOOKS_NANOS = 1_000_000;
    private static final long ONE_MAC = PacedTraffic.mac(0xca00);
    private static final long OTHER_MAC = PacedTraffic.mac(0xca01);

    private final Thread thread;
    private final SimulatedGuest one;
    private final SimulatedGuest other;
    private final PacedTraffic traffic;
    private final GuardedMemory memory;
    private final Recorder latencies = new Recorder(3);
    private volatile boolean resting;
    private volatile long received;
    private volatile long underWay;
    private volatile boolean isAtRest;
    private volatile boolean ending;
    private volatile @Nullable Throwable failure;

    private Canary(SimulatedGuest one, SimulatedGuest other) {
        this.one = one;
        this.other = other;
        this.memory = GuardedMemory.in(one.ram(), other.ram());
        this.traffic = new PacedTraffic(one, ONE_MAC, other, OTHER_MAC, PacedTraffic.WINDOW);
        traffic.record(latencies);
        this.thread = Thread.ofPlatform().name("canary").start(this::sing);
    }

    /** Attaches both guests to the ports {@link #ONE} and {@link #OTHER} and starts. */
    public static Canary start(BackendProcess backend) {
        SimulatedGuest one = SimulatedGuest.connect(backend.socket(ONE), GuardedMemory.withRoom(GuestOptions.DEFAULTS));
        SimulatedGuest other = null;
        try {
            other = SimulatedGuest.connect(backend.socket(OTHER), GuardedMemory.withRoom(GuestOptions.DEFAULTS));
            Canary canary = new Canary(one, other);
            canary.awaitFrames(100);
            return canary;
        } finally {
            if (other == null) {
                one.close();
            }
        }
    }

    private void sing() {
        try {
            long lastNanos = System.nanoTime();
            while (!ending) {
                boolean rests = resting;
                if (rests) {
                    // What is under way comes in first, so that its time is not that of the rest.
                    traffic.receive();
                } else {
                    traffic.step(Long.MAX_VALUE, number -> 60 + number % 1459);
                }
                traffic.assertClean();
                long now = System.nanoTime();
                boolean owesNothing = rests && traffic.received() == traffic.sent();
                if (traffic.received() > received || owesNothing) {
                    received = traffic.received();
                    lastNanos = now;
                } else if (now - lastNanos > LONGEST_SILENCE_NANOS) {
                    throw new AssertionError("no frame came for " + (now - lastNanos) / 1_000_000 + " ms: " + traffic);
                }
                underWay = traffic.sent() - traffic.received();
                isAtRest = owesNothing;
                LockSupport.parkNanos(owesNothing ? BETWEEN_LOOKS_NANOS : BETWEEN_TURNS_NANOS);
            }
        } catch (Throwable e) {
            failure = e;
        }
    }

    /** How long its frames took since this was asked the last time, in nanoseconds. */
    public Histogram takeLatencies() {
        return latencies.getIntervalHistogram();
    }

    /** Rests, waits a while for what is under way, and tells how many frames have not come. */
    public long restAndCountLost() {
        rest();
        long endNanos = System.nanoTime() + LONGEST_SILENCE_NANOS;
        while (!isAtRest && System.nanoTime() - endNanos < 0) {
            Pause.millis(5);
        }
        return underWay;
    }

    /** Waits until it has received so many more frames: that it goes on at this moment. */
    public void awaitFrames(long more) {
        long wanted = received + more;
        Pause.until("the canary gets " + more + " more frames", Duration.ofSeconds(30), () -> {
            check();
            return received >= wanted;
        });
    }

    private void check() {
        Throwable found = failure;
        if (found != null) {
            throw new AssertionError("the canary: " + found.getMessage(), found);
        }
    }

    /**
     * That every frame up to this moment came once, in order and whole, that frames go on coming, and that nobody wrote to
     * memory of these guests that is no buffer.
     */
    public void assertUnharmed() {
        awaitFrames(2 * PacedTraffic.WINDOW);
        memory.assertIntact();
    }

    /** Sends nothing for a while, so that others have the machine for themselves. */
    public void rest() {
        resting = true;
    }

    public void goOn() {
        resting = false;
    }

    private void stop() {
        ending = true;
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted", e);
        }
    }

    @Override
    public void close() {
        stop();
        one.close();
        other.close();
    }
}
