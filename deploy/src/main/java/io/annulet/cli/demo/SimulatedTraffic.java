package io.annulet.cli.demo;

import io.annulet.cli.CommandFailure;
import io.annulet.guest.GuestOptions;
import io.annulet.guest.SimulatedGuest;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.agrona.concurrent.IdleStrategy;
import org.agrona.concurrent.YieldingIdleStrategy;

/** Two simulated guests and the frames between them; owned by the thread that works both. */
final class SimulatedTraffic implements AutoCloseable {

    private static final long MAC_A = 0x5254_0000_000aL;
    private static final long MAC_B = 0x5254_0000_000bL;
    private static final int SMALL_BYTES = 64;
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(10);
    private static final long RETRY_NANOS = TimeUnit.MILLISECONDS.toNanos(5);

    /** Leaves the processor to the back-end's worker, which may have no other. */
    private final IdleStrategy idle = new YieldingIdleStrategy();

    private final SimulatedGuest a;
    private final SimulatedGuest b;
    private final Direction forth;
    private final Direction back;

    private SimulatedTraffic(SimulatedGuest a, SimulatedGuest b) {
        this.a = a;
        this.b = b;
        forth = new Direction("from a to b", a.transmitQueue(0), b.receiveQueue(0), MAC_A, MAC_B);
        back = new Direction("from b to a", b.transmitQueue(0), a.receiveQueue(0), MAC_B, MAC_A);
    }

    /** Attaches a guest to each socket. */
    static SimulatedTraffic connect(Path socketOfA, Path socketOfB) {
        SimulatedGuest a = SimulatedGuest.connect(socketOfA, GuestOptions.DEFAULTS);
        try {
            return new SimulatedTraffic(a, SimulatedGuest.connect(socketOfB, GuestOptions.DEFAULTS));
        } catch (RuntimeException e) {
            a.close();
            throw e;
        }
    }

    /**
     * Sends single frames until one has come through each way. A front-end does not learn when its rings are worked, and
     * frames to a guest whose rings are not are dropped.
     */
    void awaitForwarding() {
        long[] triedNanos = {System.nanoTime() - RETRY_NANOS};
        await("a frame each way", () -> {
            if (System.nanoTime() - triedNanos[0] > RETRY_NANOS) {
                triedNanos[0] = System.nanoTime();
                forth.sendOne(SMALL_BYTES);
                back.sendOne(SMALL_BYTES);
            }
            receive();
            return forth.received() > 0 && back.received() > 0;
        });
        await("the end of the first frames", () -> forth.isIdle() && back.isIdle());
        receive();
        forth.beginAnew();
        back.beginAnew();
    }

    /** Sends both ways for a time, as fast as frames are received; all have to arrive, once, in order and whole. */
    Figure flood(Duration time) {
        long beganNanos = System.nanoTime();
        while (System.nanoTime() - beganNanos < time.toNanos()) {
            forth.sendBurst();
            back.sendBurst();
            receive();
        }
        await("the last frames", () -> {
            receive();
            return forth.isIdle() && back.isIdle();
        });
        receive();
        double seconds = (System.nanoTime() - beganNanos) / 1e9;
        forth.mustBeClean();
        back.mustBeClean();
        return rates(seconds);
    }

    private Figure rates(double seconds) {
        long frames = forth.received() + back.received();
        double bits = 8.0 * (forth.receivedBytes() + back.receivedBytes());
        Map<String, Long> values = new LinkedHashMap<>();
        values.put("framesPerSecond", Math.round(frames / seconds));
        values.put("bitsPerSecond", Math.round(bits / seconds));
        values.put("received", frames);
        values.put("lost", forth.sent() + back.sent() - frames);
        String text = String.format(
                Locale.ROOT,
                "%,d frames/s of 64 to 1,518 bytes, %.2f Gbit/s, %d of %,d lost",
                values.get("framesPerSecond"),
                bits / seconds / 1e9,
                values.get("lost"),
                forth.sent() + back.sent());
        return new Figure("frames both ways", text, values);
    }

    /** Sends one frame to b and, when it is there, one back. */
    Figure roundTrips(int count) {
        long[] nanos = new long[count];
        for (int i = 0; i < count; i++) {
            long beganNanos = System.nanoTime();
            forth.sendOne(SMALL_BYTES);
            await("an answer", () -> forth.receive() > 0);
            back.sendOne(SMALL_BYTES);
            await("an answer", () -> back.receive() > 0);
            nanos[i] = System.nanoTime() - beganNanos;
        }
        forth.mustBeClean();
        back.mustBeClean();
        Arrays.sort(nanos);
        return latency(nanos[0], nanos[count / 2], nanos[count * 99 / 100]);
    }

    private static Figure latency(long minNanos, long medianNanos, long slowNanos) {
        Map<String, Long> values = new LinkedHashMap<>();
        values.put("minNanos", minNanos);
        values.put("medianNanos", medianNanos);
        values.put("p99Nanos", slowNanos);
        String text = String.format(
                Locale.ROOT,
                "%.1f / %.1f / %.1f us min / median / 99 %%",
                minNanos / 1e3,
                medianNanos / 1e3,
                slowNanos / 1e3);
        return new Figure("round trip a to b", text, values);
    }

    private void receive() {
        idle.idle(forth.receive() + back.receive());
    }

    private void await(String what, BooleanSupplier isThere) {
        long beganNanos = System.nanoTime();
        while (!isThere.getAsBoolean()) {
            if (System.nanoTime() - beganNanos > PATIENCE_NANOS) {
                throw new CommandFailure("waited in vain for " + what, "look at the drops in the counters");
            }
            idle.idle();
        }
    }

    @Override
    public void close() {
        a.close();
        b.close();
    }
}
