package io.annulet.cli.channel;

import io.annulet.cli.CommandFailure;
import io.annulet.cli.Json;
import io.annulet.linux.HardwareRandom;
import io.annulet.linux.LibcryptoAes;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code annulet channel benchmark}: what sealing costs, beside the library alone and beside TLS. */
@Command(
        name = "benchmark",
        description = "Measures sealed channels on this machine, beside libcrypto alone and TLS over loopback.",
        mixinStandardHelpOptions = true,
        sortOptions = false)
final class ChannelBenchmarkCommand implements Callable<Integer> {
    private static final int[] SIZES = {64, 1_500, 65_536};
    private static final double FLOOR = 0.6;
    private static final double GOAL_AT_64_KIB = 0.9;
    private static final int TRIPS = 20_000;

    @Option(names = "--slices", paramLabel = "N", description = "Slices of 0.1 s of each (default: 9).")
    private int slices = 9;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException, InterruptedException {
        if (!LibcryptoAes.isAvailable()) {
            throw new CommandFailure("there is no libcrypto to compare with", "install libssl3, OpenSSL 3's library");
        }
        long sliceNanos = TimeUnit.MILLISECONDS.toNanos(100);
        List<Row> rows = new ArrayList<>();
        boolean isAboveFloor = true;
        for (int size : SIZES) {
            ThroughputBenchmark.Result result = new ThroughputBenchmark().measure(size, slices, sliceNanos);
            isAboveFloor &= Math.min(result.send(), result.receive()) >= FLOOR * result.libcrypto();
            rows.add(new Row(result, tls(size, sliceNanos)));
        }
        RoundTripBenchmark.Result busy = new RoundTripBenchmark().measure(true, TRIPS, sliceNanos);
        RoundTripBenchmark.Result asleep = new RoundTripBenchmark().measure(false, TRIPS, 3 * sliceNanos);
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("sizes", rows.stream().map(Row::asMap).toList());
        all.put("polling", trip(busy));
        all.put("doorbells", trip(asleep));
        all.put("hardwareRandom", HardwareRandom.find().isPresent());
        PrintWriter out = spec.commandLine().getOut();
        out.print(json ? Json.write(all) + "\n" : table(rows, busy, asleep));
        out.flush();
        return isAboveFloor ? 0 : 1;
    }

    /** Megabytes a second of TLS, not a number where this runtime cannot have it. */
    private double tls(int messageBytes, long sliceNanos) throws IOException, InterruptedException {
        if (!TlsBenchmark.isPossible()) {
            return Double.NaN;
        }
        try (TlsBenchmark tls = new TlsBenchmark()) {
            return tls.measure(messageBytes, slices * sliceNanos);
        }
    }

    /** One size of message. */
    private record Row(ThroughputBenchmark.Result speed, double tls) {
        Map<String, Object> asMap() {
            Map<String, Object> row = new LinkedHashMap<>();
            row.put("messageBytes", speed.messageBytes());
            row.put("libcryptoMBs", speed.libcrypto());
            row.put("sendMBs", speed.send());
            row.put("receiveMBs", speed.receive());
            row.put("sendShare", speed.send() / speed.libcrypto());
            row.put("receiveShare", speed.receive() / speed.libcrypto());
            row.put("recordsPerMillionMessages", speed.recordsPerMillion());
            row.put("tlsMBs", tls);
            return row;
        }

        String asLine() {
            return String.format(
                    Locale.ROOT,
                    "%7d B %7.0f MB/s %7.0f MB/s %8.2f %7.0f MB/s %8.2f %7.0f MB/s%n",
                    speed.messageBytes(),
                    speed.libcrypto(),
                    speed.send(),
                    speed.send() / speed.libcrypto(),
                    speed.receive(),
                    speed.receive() / speed.libcrypto(),
                    tls);
        }
    }

    private static Map<String, Object> trip(RoundTripBenchmark.Result result) {
        Map<String, Object> trip = new LinkedHashMap<>();
        trip.put("roundTripP50Micros", result.p50());
        trip.put("roundTripP99Micros", result.p99());
        trip.put("doorbellsPerRecord", result.doorbellsPerRecord());
        return trip;
    }

    private static String table(List<Row> rows, RoundTripBenchmark.Result busy, RoundTripBenchmark.Result asleep) {
        StringBuilder text = new StringBuilder();
        text.append(String.format(
                Locale.ROOT,
                "%9s %12s %12s %8s %12s %8s %12s%n",
                "message",
                "libcrypto",
                "send",
                "share",
                "receive",
                "share",
                "TLS, 2 cores"));
        rows.forEach(row -> text.append(row.asLine()));
        text.append(String.format(
                Locale.ROOT, "goal at 65536 B: %.2f; floor everywhere: %.2f, of libcrypto%n", GOAL_AT_64_KIB, FLOOR));
        text.append(line("both ends poll", busy));
        text.append(line("both ends sleep", asleep));
        return text.toString();
    }

    private static String line(String how, RoundTripBenchmark.Result result) {
        return String.format(
                Locale.ROOT,
                "round trip of 64 B, %s: p50 %.2f us, p99 %.2f us; under load %.4f doorbells a record%n",
                how,
                result.p50(),
                result.p99(),
                result.doorbellsPerRecord());
    }
}
