package io.annulet.hostile;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.guest.DriverTransmitQueue;
import io.annulet.guest.FrameFactory;
import io.annulet.guest.GuestOptions;
import io.annulet.guest.SimulatedGuest;
import io.annulet.journey.BackendProcess;
import io.annulet.journey.PacedTraffic;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.HdrHistogram.Histogram;
import org.HdrHistogram.Recorder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A guest that sends all that its ring holds, again and again, beside two pairs of others on the same worker and switch: they
 * lose nothing. How long their frames take then and without it is measured in turn by {@code
 * -Dannulet.noisy.slices=21 -Dannulet.noisy.slice.millis=1000}, and printed; what part of the worker each gets, whoever
 * floods, is in FairShareTest.
 *
 * <p>One thread is all guests, and never waits, so that nobody is late for want of a processor but the worker.
 */
@Timeout(600)
final class NoisyNeighbourTest {

    private static final int SLICES = Integer.getInteger("annulet.noisy.slices", 2);
    private static final long SLICE_NANOS = Duration.ofMillis(Integer.getInteger("annulet.noisy.slice.millis", 200))
            .toNanos();
    private static final boolean IS_MEASURED = System.getProperty("annulet.noisy.slices") != null;

    private static final int PAIRS = 2;
    private static final int NOISY_BYTES = Integer.getInteger("annulet.noisy.bytes", 1500);

    /** So few that the others' frames do not wait for the thread that writes these. */
    private static final int NOISY_BURST = 32;

    private static final long BETWEEN_FRAMES_NANOS = 50_000;
    private static final String NOISY = "noisy";
    private static final String SINK = "sink";
    private static final long NOISY_MAC = PacedTraffic.mac(0x100);
    private static final long SINK_MAC = PacedTraffic.mac(0x101);

    @TempDir
    private Path folder;

    /** Two guests with one frame each way at a time. */
    private static final class Pair implements AutoCloseable {
        final SimulatedGuest one;
        final SimulatedGuest other;
        final PacedTraffic traffic;
        private long nextNanos;

        Pair(BackendProcess backend, int number) {
            one = SimulatedGuest.connect(backend.socket("one" + number), GuestOptions.DEFAULTS.withPopulatedRam());
            other = SimulatedGuest.connect(backend.socket("other" + number), GuestOptions.DEFAULTS.withPopulatedRam());
            traffic = new PacedTraffic(one, PacedTraffic.mac(2 * number), other, PacedTraffic.mac(2 * number + 1), 1);
        }

        void step() {
            long now = System.nanoTime();
            if (now - nextNanos >= 0 && traffic.sent() == traffic.received()) {
                nextNanos = now + BETWEEN_FRAMES_NANOS;
                traffic.step(Long.MAX_VALUE, number -> 60);
            } else {
                traffic.receive();
            }
        }

        @Override
        public void close() {
            one.close();
            other.close();
        }
    }

    private final Recorder latencies = new Recorder(3);
    private final FrameFactory noise = new FrameFactory(SINK_MAC, NOISY_MAC, 7);

    private BackendProcess start() {
        List<String> ports = new ArrayList<>(List.of(NOISY, SINK));
        for (int i = 0; i < PAIRS; i++) {
            ports.addAll(List.of("one" + i, "other" + i));
        }
        return BackendProcess.withPorts(folder, ports.toArray(String[]::new));
    }

    private void flood(SimulatedGuest noisy, SimulatedGuest sink) {
        sink.receiveQueue(0).receive(frame -> {}, 2 * NOISY_BURST);
        DriverTransmitQueue queue = noisy.transmitQueue(0);
        for (int i = 0; i < NOISY_BURST; i++) {
            long address = queue.reserve();
            if (address == 0) {
                break;
            }
            noise.write(address, NOISY_BYTES);
            queue.submit(NOISY_BYTES);
        }
        queue.flush();
    }

    private Histogram slice(List<Pair> pairs, Runnable beside) {
        latencies.reset();
        long endNanos = System.nanoTime() + SLICE_NANOS;
        while (System.nanoTime() - endNanos < 0) {
            beside.run();
            pairs.forEach(Pair::step);
        }
        return latencies.getIntervalHistogram();
    }

    private static void settle(List<Pair> pairs) {
        for (Pair pair : pairs) {
            pair.traffic.exchange(20, number -> 60, Duration.ofSeconds(30));
        }
    }

    @Test
    void whoIsQuietLosesNothingToANeighbourAtLineRate() {
        try (BackendProcess backend = start();
                SimulatedGuest noisy =
                        SimulatedGuest.connect(backend.socket(NOISY), GuestOptions.DEFAULTS.withPopulatedRam());
                SimulatedGuest sink =
                        SimulatedGuest.connect(backend.socket(SINK), GuestOptions.DEFAULTS.withPopulatedRam());
                Pair first = new Pair(backend, 0);
                Pair second = new Pair(backend, 1)) {
            List<Pair> pairs = List.of(first, second);
            assertTrue(sink.transmitQueue(0).send(Frames.of(Frames.TO_ALL, SINK_MAC, 60, 1)));
            sink.transmitQueue(0).flush();
            settle(pairs);
            pairs.forEach(pair -> pair.traffic.record(latencies));
            List<Histogram> quiet = new ArrayList<>();
            List<Histogram> loud = new ArrayList<>();
            long floodedNanos = 0;
            long before = backend.counter(NOISY, "in.frames");
            for (int i = 0; i < SLICES; i++) {
                quiet.add(slice(pairs, () -> {}));
                long startNanos = System.nanoTime();
                loud.add(slice(pairs, () -> flood(noisy, sink)));
                floodedNanos += System.nanoTime() - startNanos;
            }
            settle(pairs);
            long frames = backend.counter(NOISY, "in.frames") - before;
            long sent = pairs.stream().mapToLong(pair -> pair.traffic.sent()).sum();
            long lost = sent
                    - pairs.stream().mapToLong(pair -> pair.traffic.received()).sum();
            assertEquals(0, lost, "frames of quiet guests");
            assertTrue(frames >= NOISY_BURST, () -> frames + " frames are no flood");
            if (IS_MEASURED) {
                tell(quiet, loud, sent, frames * 1e9 / floodedNanos);
            }
        }
    }

    private static double median(List<Histogram> slices, double percentile) {
        double[] micros = slices.stream()
                .mapToDouble(nanos -> nanos.getValueAtPercentile(percentile) / 1000.0)
                .sorted()
                .toArray();
        return micros[micros.length / 2];
    }

    @SuppressWarnings("SystemOut")
    private static void tell(List<Histogram> quiet, List<Histogram> loud, long sent, double noisyRate) {
        System.out.printf(
                Locale.ROOT,
                "beside %,.0f frames of %,d bytes a second: %,d frames of %d quiet guests, lost 0; medians of %d slices,"
                        + " alone and beside it:",
                noisyRate,
                NOISY_BYTES,
                sent,
                2 * PAIRS,
                SLICES);
        for (double percentile : new double[] {50, 99, 99.9}) {
            double alone = median(quiet, percentile);
            double beside = median(loud, percentile);
            System.out.printf(Locale.ROOT, " p%s %,.1f us, %,.1f us (%.2f)", percentile, alone, beside, beside / alone);
        }
        System.out.println();
    }
}
