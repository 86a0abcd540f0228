package io.annulet.cli.bench;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.annulet.cli.CommandFailure;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * What a back-end's worker allocates, and how often its JVM collects, between two moments.
 *
 * @param allocatedBytes by workers at the first moment
 * @param pauses so far
 */
record HeapWatch(Child child, Path log, long allocatedBytes, long pauses) {

    /** As {@code jcmd PID Thread.print -e} tells of a thread: in bytes until it is more than 100 K, then rounded. */
    private static final Pattern WORKER =
            Pattern.compile("^\"worker[^\"]*\".* allocated=([0-9]+)([BKMGT]?).*$", Pattern.MULTILINE);

    private static final String UNITS = "BKMGT";
    private static final int UNIT_BITS = 10;
    private static final double SECOND = 1e9;

    /** What the JVM has to be started with, so that its collections show in this file. */
    static List<String> jvmOptions(Path log) {
        return List.of("-Xlog:gc:file=" + log);
    }

    static HeapWatch begin(Child child, Path log) {
        return new HeapWatch(child, log, allocatedBytes(threads(child)), pauses(log));
    }

    /**
     * @param slices in which the back-end worked meanwhile
     * @param nanos for how long
     */
    List<Figure> end(List<Slice> slices, long nanos) {
        long bytes = allocatedBytes(threads(child)) - allocatedBytes;
        long frames = slices.stream().mapToLong(Slice::frames).sum();
        String problem = Series.problem(slices);
        String during = String.format(
                Locale.ROOT,
                "in %.0f s of full load, %,d frames, lost %.2f %%",
                nanos / SECOND,
                frames,
                Series.lossPercent(slices));
        return List.of(
                new Figure(
                        Target.ALLOCATION,
                        (double) bytes / Math.max(1, frames),
                        bytes + " bytes by the worker " + during,
                        problem.isEmpty() ? null : problem),
                Figure.of(Target.COLLECTIONS, (double) (pauses(log) - pauses), during));
    }

    /** Bytes that workers have allocated since they began, from a list of all threads. */
    static long allocatedBytes(String threads) {
        Matcher matcher = WORKER.matcher(threads);
        long bytes = 0;
        boolean any = false;
        while (matcher.find()) {
            int unit = matcher.group(2).isEmpty() ? 0 : UNITS.indexOf(matcher.group(2));
            bytes += Long.parseLong(matcher.group(1)) << (UNIT_BITS * unit);
            any = true;
        }
        if (!any) {
            throw new CommandFailure("jcmd shows no worker thread", "run with a JDK, not a JRE");
        }
        return bytes;
    }

    /** The back-end goes on for as long as it takes: a process that is stopped cannot be asked. */
    private static String threads(Child child) {
        child.go();
        try {
            return threadsOf(child.pid());
        } finally {
            child.pause();
        }
    }

    private static String threadsOf(long pid) {
        String jcmd = Path.of(System.getProperty("java.home"), "bin", "jcmd").toString();
        try {
            Process process = new ProcessBuilder("timeout", "20", jcmd, Long.toString(pid), "Thread.print", "-e")
                    .redirectErrorStream(true)
                    .start();
            return new String(process.getInputStream().readAllBytes(), UTF_8);
        } catch (IOException e) {
            throw new CommandFailure("cannot run jcmd: " + e.getMessage(), "run with a JDK, not a JRE", e);
        }
    }

    private static long pauses(Path log) {
        try (Stream<String> lines = Files.lines(log)) {
            return lines.filter(line -> line.contains("Pause")).count();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
