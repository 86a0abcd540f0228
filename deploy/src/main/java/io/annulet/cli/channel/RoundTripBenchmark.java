package io.annulet.cli.channel;

import io.annulet.channel.ChannelHandler;
import io.annulet.channel.SealedChannel;
import java.lang.foreign.Arena;
import java.util.concurrent.TimeUnit;
import org.HdrHistogram.Histogram;

/**
 * Two threads, one at each end: how long a message of 64 bytes takes there and back, and how often the doorbell rings when
 * one end sends all it can. Used by one thread, which is the first end.
 */
final class RoundTripBenchmark {
    private static final int MESSAGE_BYTES = 64;
    private static final long WAIT_NANOS = TimeUnit.MILLISECONDS.toNanos(50);
    private static final int WARM_UP = 2_000;

    /** Microseconds, and doorbells for each record under load. */
    record Result(double p50, double p99, double doorbellsPerRecord) {}

    private volatile boolean stopped;

    Result measure(boolean busy, int trips, long loadNanos) throws InterruptedException {
        stopped = false;
        try (BenchmarkPair pair = new BenchmarkPair();
                Arena arena = Arena.ofConfined()) {
            long message = arena.allocate(MESSAGE_BYTES, 64).address();
            Echo echo = new Echo(pair.receiver(), busy);
            Thread other = new Thread(echo, "echo");
            other.start();
            try {
                Histogram histogram = roundTrips(pair.sender(), message, busy, trips);
                double doorbells = load(pair.sender(), echo, message, loadNanos);
                return new Result(
                        histogram.getValueAtPercentile(50) / 1e3, histogram.getValueAtPercentile(99) / 1e3, doorbells);
            } finally {
                stopped = true;
                other.join();
            }
        }
    }

    private static Histogram roundTrips(SealedChannel channel, long message, boolean busy, int trips) {
        Histogram histogram = new Histogram(3);
        Arrival arrival = new Arrival();
        for (int i = -WARM_UP; i < trips; i++) {
            long start = System.nanoTime();
            arrival.arrived = false;
            channel.send(message, MESSAGE_BYTES);
            channel.flush();
            while (!arrival.arrived) {
                if (channel.poll(arrival) == 0 && !busy) {
                    channel.await(WAIT_NANOS);
                }
            }
            if (i >= 0) {
                histogram.recordValue(System.nanoTime() - start);
            }
        }
        return histogram;
    }

    private static double load(SealedChannel channel, Echo echo, long message, long loadNanos) {
        echo.isQuiet = true;
        long records = channel.counts().recordsSent();
        long doorbells = channel.counts().doorbells();
        long start = System.nanoTime();
        while (System.nanoTime() - start < loadNanos) {
            for (int i = 0; i < 64; i++) {
                channel.send(message, MESSAGE_BYTES);
            }
            channel.flush();
            channel.poll(BenchmarkPair.NOTHING);
        }
        long sent = channel.counts().recordsSent() - records;
        return (channel.counts().doorbells() - doorbells) / (double) Math.max(1, sent);
    }

    /** Notes that the answer is here. */
    private static final class Arrival implements ChannelHandler {
        private boolean arrived;

        @Override
        public void onMessage(long address, int byteLength) {
            arrived = true;
        }
    }

    /** The other end: sends back what comes, until it is told to be quiet. */
    private final class Echo implements ChannelHandler, Runnable {
        private final SealedChannel channel;
        private final boolean busy;
        private volatile boolean isQuiet;

        Echo(SealedChannel channel, boolean busy) {
            this.channel = channel;
            this.busy = busy;
        }

        @Override
        public void run() {
            while (!stopped) {
                if (channel.poll(this) == 0 && !busy) {
                    channel.await(WAIT_NANOS);
                }
            }
        }

        @Override
        public void onMessage(long address, int byteLength) {
            if (!isQuiet) {
                channel.send(address, byteLength);
                channel.flush();
            }
        }
    }
}
