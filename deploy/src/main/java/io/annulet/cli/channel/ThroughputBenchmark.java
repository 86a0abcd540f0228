package io.annulet.cli.channel;

import io.annulet.channel.ChannelHandler;
import io.annulet.channel.SealedChannel;
import io.annulet.linux.LibcryptoAes;
import java.lang.foreign.Arena;
import java.util.Arrays;

/**
 * Sealed bytes a second of one core at each end, beside libcrypto's AES-256-GCM on private buffers of the same size, in
 * slices that alternate on one thread. Used by one thread.
 */
final class ThroughputBenchmark implements ChannelHandler {
    private static final int MAX_BYTES = 1 << 16;
    private static final int BURST_BYTES = 256 << 10;
    private static final int ASSOCIATED_BYTES = 32;

    /** Megabytes a second: medians of the slices. */
    record Result(int messageBytes, double libcrypto, double send, double receive, long recordsPerMillion) {}

    private long receivedBytes;

    Result measure(int messageBytes, int slices, long sliceNanos) {
        double[] reference = new double[slices];
        double[] send = new double[slices];
        double[] receive = new double[slices];
        try (BenchmarkPair pair = new BenchmarkPair();
                Arena arena = Arena.ofConfined();
                LibcryptoAes aes = new LibcryptoAes()) {
            long plain = arena.allocate(MAX_BYTES, 64).address();
            long sealed = arena.allocate(MAX_BYTES + 64, 64).address();
            aes.key(plain);
            long records = pair.sender().counts().recordsSent();
            receivedBytes = 0;
            for (int i = -1; i < slices; i++) {
                double alone = libcrypto(aes, plain, sealed, messageBytes, sliceNanos);
                long[] nanos = channel(pair, plain, messageBytes, sliceNanos);
                // The first slice compiles.
                if (i >= 0) {
                    reference[i] = alone;
                    send[i] = nanos[2] * 1e3 / nanos[0];
                    receive[i] = nanos[2] * 1e3 / nanos[1];
                }
            }
            long sent = pair.sender().counts().recordsSent() - records;
            long messages = Math.max(1, receivedBytes / messageBytes);
            return new Result(
                    messageBytes, median(reference), median(send), median(receive), sent * 1_000_000 / messages);
        }
    }

    private static double libcrypto(LibcryptoAes aes, long plain, long sealed, int messageBytes, long sliceNanos) {
        long start = System.nanoTime();
        long count = 0;
        long nanos = 0;
        while (nanos < sliceNanos) {
            for (int i = 0; i < 16; i++) {
                aes.start(true, 0, plain, plain, ASSOCIATED_BYTES);
                aes.update(plain, sealed, messageBytes);
                aes.tag(sealed + messageBytes);
            }
            count += 16;
            nanos = System.nanoTime() - start;
        }
        return count * (double) messageBytes * 1e3 / nanos;
    }

    /** Sends a burst and receives it, in turn: nanoseconds of sending, of receiving, and the bytes. */
    private long[] channel(BenchmarkPair pair, long plain, int messageBytes, long sliceNanos) {
        SealedChannel sender = pair.sender();
        SealedChannel receiver = pair.receiver();
        long before = receivedBytes;
        long sending = 0;
        long receiving = 0;
        while (sending + receiving < sliceNanos) {
            long start = System.nanoTime();
            for (int sent = 0; sent < BURST_BYTES && sender.send(plain, messageBytes); sent += messageBytes) {}
            sender.flush();
            long middle = System.nanoTime();
            while (receiver.poll(this) > 0) {}
            sending += middle - start;
            receiving += System.nanoTime() - middle;
        }
        return new long[] {sending, receiving, receivedBytes - before};
    }

    @Override
    public void onMessage(long address, int byteLength) {
        receivedBytes += byteLength;
    }

    private static double median(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return sorted[sorted.length / 2];
    }
}
