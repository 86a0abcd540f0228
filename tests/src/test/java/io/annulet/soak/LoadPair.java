package io.annulet.soak;

import io.annulet.guest.GuestOptions;
import io.annulet.guest.SimulatedGuest;
import io.annulet.journey.BackendProcess;
import io.annulet.journey.PacedTraffic;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Two guests on a link of their own that keep the back-end at four fifths of what it can do for them; every frame is
 * checked. The guests are owned by a thread of their own.
 */
final class LoadPair implements AutoCloseable {

    static final String ONE = "load0";
    static final String OTHER = "load1";

    private static final int WINDOW = 64;
    private static final int FRAME_BYTES = 512;
    private static final long TRIAL_NANOS = TimeUnit.SECONDS.toNanos(2);
    private static final double PART_OF_THE_MOST = 0.8;
    private static final int PAUSE_NANOS = 50_000;

    private final SimulatedGuest one;
    private final SimulatedGuest other;
    private final PacedTraffic traffic;
    private final double mostFramesASecond;
    private final Thread thread;
    private volatile boolean ending;
    private volatile @Nullable Throwable failure;

    private LoadPair(SimulatedGuest one, SimulatedGuest other) {
        this.one = one;
        this.other = other;
        this.traffic = new PacedTraffic(one, PacedTraffic.mac(0x10ad0), other, PacedTraffic.mac(0x10ad1), WINDOW);
        this.mostFramesASecond = trial();
        this.thread = Thread.ofPlatform().name("load").start(this::run);
    }

    static LoadPair start(BackendProcess backend) {
        SimulatedGuest one = SimulatedGuest.connect(backend.socket(ONE), GuestOptions.DEFAULTS);
        return new LoadPair(one, SimulatedGuest.connect(backend.socket(OTHER), GuestOptions.DEFAULTS));
    }

    /** How many frames a second come both ways as fast as they go. */
    private double trial() {
        long start = System.nanoTime();
        while (System.nanoTime() - start < TRIAL_NANOS) {
            traffic.step(Long.MAX_VALUE, number -> FRAME_BYTES);
        }
        return traffic.received() * 1e9 / (System.nanoTime() - start);
    }

    private void run() {
        try {
            long start = System.nanoTime();
            long before = traffic.received() / 2 + WINDOW;
            long allowed = before;
            while (!ending || traffic.received() < 2 * allowed) {
                if (!ending) {
                    double seconds = (System.nanoTime() - start) / 1e9;
                    allowed = before + (long) (seconds * PART_OF_THE_MOST * mostFramesASecond / 2);
                }
                long received = traffic.received();
                traffic.step(allowed, number -> FRAME_BYTES);
                traffic.assertClean();
                if (traffic.received() == received) {
                    LockSupport.parkNanos(PAUSE_NANOS);
                }
            }
        } catch (Throwable e) {
            failure = e;
        }
    }

    /** Frames that have come, both ways, each checked. */
    long received() {
        return traffic.received();
    }

    double mostFramesASecond() {
        return mostFramesASecond;
    }

    void check() {
        Throwable found = failure;
        if (found != null) {
            throw new AssertionError("the load: " + found.getMessage(), found);
        }
    }

    /** Sends no more, and waits for all that is under way. */
    void finish() {
        ending = true;
        try {
            thread.join(TimeUnit.SECONDS.toMillis(60));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted", e);
        }
        check();
        if (thread.isAlive()) {
            throw new AssertionError("frames of the load did not come: " + traffic);
        }
    }

    @Override
    public void close() {
        ending = true;
        one.close();
        other.close();
    }
}
