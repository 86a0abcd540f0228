package io.annulet.cli.bench;

import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

/** How long a back-end with two ports takes to be ready, and what memory of its own it then has. */
record StartupComparison(BenchOptions options) implements Comparison {

    private static final int STARTS = 7;
    private static final double SECOND = 1e9;
    private static final double MEGABYTE_KILOBYTES = 1e3;
    private static final long SETTLE_MILLIS = 300;

    /** @param nanos from the start of the process to its line "ready" */
    private record Start(long nanos, long anonymousKilobytes, long fileKilobytes) {
        double megabytes() {
            return (anonymousKilobytes + fileKilobytes) / MEGABYTE_KILOBYTES;
        }
    }

    @Override
    public List<Target> targets() {
        return List.of(Target.START, Target.MEMORY);
    }

    @Override
    public List<Figure> measure() throws InterruptedException {
        Start[] starts = new Start[STARTS];
        for (int i = 0; i < STARTS; i++) {
            starts[i] = start();
        }
        double[] seconds = List.of(starts).stream()
                .mapToDouble(start -> start.nanos / SECOND)
                .sorted()
                .toArray();
        double[] megabytes =
                List.of(starts).stream().mapToDouble(Start::megabytes).sorted().toArray();
        Start last = starts[STARTS - 1];
        return List.of(
                Figure.of(
                        Target.START,
                        Series.median(seconds),
                        String.format(
                                Locale.ROOT,
                                "median of %d, %.2f to %.2f, start-up cache %s",
                                STARTS,
                                seconds[0],
                                seconds[STARTS - 1],
                                hasCache() ? "used" : "missing")),
                Figure.of(
                        Target.MEMORY,
                        Series.median(megabytes),
                        String.format(
                                Locale.ROOT,
                                "RssAnon %.0f and RssFile %.0f in the last start",
                                last.anonymousKilobytes / MEGABYTE_KILOBYTES,
                                last.fileKilobytes / MEGABYTE_KILOBYTES)));
    }

    private Start start() throws InterruptedException {
        try (Workshop workshop = Workshop.open()) {
            BackEndSockets sockets = workshop.sockets("annulet");
            List<String> command = Annulet.command(List.of(), Annulet.serve(sockets, options.backEndCpu(), "adaptive"));
            long startNanos = System.nanoTime();
            try (Child child = Child.start("annulet", sockets.log(), command)) {
                child.awaitLine("ready");
                long nanos = System.nanoTime() - startNanos;
                TimeUnit.MILLISECONDS.sleep(SETTLE_MILLIS);
                return new Start(nanos, child.statusKilobytes("RssAnon"), child.statusKilobytes("RssFile"));
            }
        }
    }

    private static boolean hasCache() {
        return Annulet.command(List.of(), List.of()).stream().anyMatch(option -> option.startsWith("-XX:AOTCache="));
    }
}
