package io.annulet.soak;

import io.annulet.guest.GuestOptions;
import io.annulet.guest.SimulatedGuest;
import io.annulet.journey.BackendProcess;
import io.annulet.journey.Canary;
import io.annulet.journey.Holdings;
import io.annulet.journey.Pause;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.function.Consumer;

/**
 * Load, a canary pair, and a fault a second at the port beside them, all on one worker of one process, which must be the
 * same at the end and hold no more than at the beginning. Used by one thread.
 */
final class Soak {

    private static final String BYSTANDER = "bystander";
    private static final long FAULT_EVERY_MILLIS = 1000;
    private static final Duration LIMIT = Duration.ofSeconds(60);

    /** What a heap that is collected now and then, code that is compiled late, and malloc's arenas may differ by. */
    private static final long MOST_GROWTH_KIB = 48 * 1024;

    /**
     * How it went.
     *
     * @param frames of the load that came, each checked
     * @param dropped frames of all ports in named counters
     */
    record Result(long seconds, long faults, long frames, double mostFramesASecond, long dropped, long growthKib) {
        @Override
        public String toString() {
            return String.format(
                    Locale.ROOT,
                    "%d s, %d faults, %,d frames of the load (%.0f %% of %,.0f a second), none lost; %,d frames of the"
                            + " villain's in named drop counters; memory %+d KiB",
                    seconds,
                    faults,
                    frames,
                    100 * frames / Math.max(1.0, seconds * mostFramesASecond),
                    mostFramesASecond,
                    dropped,
                    growthKib);
        }
    }

    private Soak() {}

    /** Runs for a time; throws an {@link AssertionError} that tells what did not hold. */
    static Result run(Path folder, Duration time, long seed, Consumer<String> progress) {
        try (BackendProcess backend = BackendProcess.start(folder, arguments(folder));
                Canary canary = Canary.start(backend);
                LoadPair load = LoadPair.start(backend);
                SimulatedGuest bystander = SimulatedGuest.connect(backend.socket(BYSTANDER), GuestOptions.DEFAULTS)) {
            Villain villain = new Villain(backend, new Random(seed));
            // Every fault once before: what it needs for the first time stays.
            for (Villain.Fault fault : Villain.Fault.values()) {
                villain.commit(fault);
            }
            Holdings before = backend.settledHoldings(5);
            long startFrames = load.received();
            long startNanos = System.nanoTime();
            long startKib = anonymousKib(backend.pid());
            long faults = 0;
            while (System.nanoTime() - startNanos < time.toNanos()) {
                villain.commit(Villain.Fault.values()[(int) (faults % Villain.Fault.values().length)]);
                faults++;
                bystander.receiveQueue(0).receive(frame -> {}, 4096);
                check(backend, load);
                if (faults % 10 == 0) {
                    progress.accept(String.format(
                            Locale.ROOT,
                            "%4d s  %4d faults  %,12d frames  %,d KiB",
                            (System.nanoTime() - startNanos) / 1_000_000_000,
                            faults,
                            load.received() - startFrames,
                            anonymousKib(backend.pid())));
                }
                awaitFault(startNanos, faults);
            }
            long seconds = (System.nanoTime() - startNanos) / 1_000_000_000;
            long frames = load.received() - startFrames;
            load.finish();
            canary.assertUnharmed();
            Holdings.awaitSame(before, backend.pid(), LIMIT);
            Ledger.assertBalances(backend.counters(), LoadPair.ONE, LoadPair.OTHER);
            Ledger.assertBalances(backend.counters(), Villain.PORT, BYSTANDER);
            long growth = anonymousKib(backend.pid()) - startKib;
            if (growth > MOST_GROWTH_KIB) {
                throw new AssertionError("memory grew by " + growth + " KiB");
            }
            long dropped = Ledger.dropped(backend.counters());
            return new Result(seconds, faults, frames, load.mostFramesASecond(), dropped, growth);
        }
    }

    private static void check(BackendProcess backend, LoadPair load) {
        backend.assertAlive();
        load.check();
    }

    private static void awaitFault(long startNanos, long faults) {
        long nanos = startNanos + faults * FAULT_EVERY_MILLIS * 1_000_000 - System.nanoTime();
        if (nanos > 0) {
            Pause.millis(nanos / 1_000_000);
        }
    }

    private static String[] arguments(Path folder) {
        List<String> arguments = new ArrayList<>();
        for (String port : List.of(Canary.ONE, Canary.OTHER, LoadPair.ONE, LoadPair.OTHER, Villain.PORT, BYSTANDER)) {
            arguments.addAll(List.of("--port", BackendProcess.guestPort(folder, port)));
        }
        arguments.addAll(List.of("--link", Canary.ONE + "=" + Canary.OTHER));
        arguments.addAll(List.of("--link", LoadPair.ONE + "=" + LoadPair.OTHER));
        return arguments.toArray(String[]::new);
    }

    /** Heap and native memory of a process, without what it shares with guests. */
    private static long anonymousKib(long pid) {
        try {
            return Files.readAllLines(Path.of("/proc", Long.toString(pid), "status")).stream()
                    .filter(line -> line.startsWith("RssAnon:"))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")))
                    .findFirst()
                    .orElse(0);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
