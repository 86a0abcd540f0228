package io.annulet.hostile;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.guest.VhostUserFrontEnd;
import io.annulet.journey.Canary;
import io.annulet.journey.Pause;
import io.annulet.vhostuser.VirtioFeature;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * One case against the back-end, and the judgement over it; used by one thread.
 *
 * <p>Every case is judged by the same rule. The back-end is the same process; a canary pair of other guests lost, repeated
 * and reordered nothing; once the villain has left, descriptors, mappings, threads and native memory are what they were;
 * the villain's memory outside the buffers it offered is untouched, and so is that of other guests; its queues work again
 * after they were set up afresh, and so does its port for the next front-end; the log got at most ten lines a second, and
 * exactly those counters of faults rose that the case {@link #expect expects}.
 */
final class Trial implements AutoCloseable {

    /** How long what was broken may take to reach a defined state: generous, unless told otherwise. */
    static final Duration LIMIT = Duration.ofMillis(Long.getLong("annulet.hostile.limit.millis", 20_000));

    private static final String FAULTS = ".*\\.dropped\\..*|front-end\\..*|rings\\.broken|receive\\.bad-buffers"
            + "|reads\\.failed|calls\\.failed|commands\\.(bad|refused)";

    private static final String MEMORY_LOST = "front-end.memory-lost";

    /** Frames of the villain's to others that were being copied when its memory went. */
    private static final String LOST_ON_THEIR_WAY = "out.dropped.memory-lost";

    private static final int LINES_A_SECOND = 10;

    /** Libraries keep buffers for later, and the collector is not told of every one at once. */
    private static final long NATIVE_SLACK_BYTES = 64 << 10;

    private final Yard yard;
    private final long startNanos = System.nanoTime();
    private final long logMark;
    private final Map<String, Map<String, Long>> before;
    private final Map<String, Long> expected = new TreeMap<>();
    private String allowed = "";
    private boolean bystanderMayLose;
    private boolean othersAreEmpty;
    private final List<Villain> villains = new ArrayList<>();
    private final List<VhostUserFrontEnd> frontEnds = new ArrayList<>();

    Trial(Yard yard) {
        this.yard = yard;
        yard.nativeBytesAtFirst();
        this.logMark = yard.backend().logMark();
        this.before = yard.backend().counters().ports();
        yard.drainBystander();
    }

    Yard yard() {
        return yard;
    }

    /** A guest at the villain's port, all its queues running. */
    Villain villain(VillainOptions options) {
        Villain villain = Villain.attach(yard, connect(), options);
        villains.add(villain);
        return villain;
    }

    /** A guest at the port whose control queue is the back-end's, that queue running too. */
    Villain commander(VillainOptions options) {
        othersAreEmpty = true;
        Villain villain = Villain.attach(yard, connect(Yard.GENERIC), options);
        villains.add(villain);
        return villain;
    }

    /** A guest at the port that takes an IOMMU, which has one, and has told of all its memory. */
    Villain translated(VillainOptions options) {
        othersAreEmpty = true;
        Villain villain = Villain.attach(yard, connect(Yard.TRANSLATED), options.with(VirtioFeature.ACCESS_PLATFORM));
        villains.add(villain);
        return villain;
    }

    /** A connection to the villain's port over which nothing was said yet. */
    VhostUserFrontEnd connect() {
        return connect(Yard.VILLAIN);
    }

    VhostUserFrontEnd connect(String port) {
        VhostUserFrontEnd frontEnd = yard.connect(port);
        frontEnds.add(frontEnd);
        return frontEnd;
    }

    /** A fault of the villain's that is counted, and how often it happens in all. */
    void expect(String counter, long count) {
        expected.merge(counter, count, Long::sum);
    }

    /** Counters that may rise or not: where what a villain writes and what we read race with each other. */
    void allow(String counters) {
        allowed = counters;
    }

    /** More is sent to the bystander than it takes: what it loses is its own. */
    void overloadsTheBystander() {
        bystanderMayLose = true;
    }

    void judge() {
        awaitCounters();
        villains.forEach(Villain::proveItWorksAgain);
        villains.forEach(Villain::assertMemoryIntact);
        leave();
        yard.assertNobodyElseNoticed();
        NeighbourFigures.unheard(yard.canary(), this::assertNativeMemoryIsBack);
        assertQuiet();
        assertEquals(expected, villainsFaults(), "faults of the villain");
        for (String other : List.of(Yard.BYSTANDER, Canary.ONE, Canary.OTHER)) {
            Map<String, Long> faults = faults(other);
            if (expected.containsKey(MEMORY_LOST)) {
                faults.remove(LOST_ON_THEIR_WAY);
            }
            if (bystanderMayLose && other.equals(Yard.BYSTANDER)) {
                faults.remove("out.dropped.no-buffer");
            }
            assertEquals(Map.of(), faults, "faults of " + other);
        }
    }

    private void awaitCounters() {
        try {
            Pause.until("the faults are counted", LIMIT, () -> villainsFaults().equals(expected));
        } catch (AssertionError late) {
            assertEquals(expected, villainsFaults(), "faults of the villain");
        }
    }

    private Map<String, Long> villainsFaults() {
        Map<String, Long> both = new TreeMap<>();
        for (String port : List.of(Yard.VILLAIN, Yard.SEALED, Yard.GENERIC, Yard.TRANSLATED)) {
            Map<String, Long> here = faults(port);
            if (othersAreEmpty || !port.equals(Yard.VILLAIN)) {
                // What the switch floods finds nobody there.
                here.remove("out.dropped.not-ready");
            }
            here.forEach((name, count) -> both.merge(name, count, Long::sum));
        }
        both.keySet().removeIf(name -> name.matches(allowed));
        return both;
    }

    /** By how much the counters of a port's faults rose. */
    private Map<String, Long> faults(String port) {
        Map<String, Long> now = yard.backend().counters().ports().getOrDefault(port, Map.of());
        Map<String, Long> then = before.getOrDefault(port, Map.of());
        Map<String, Long> risen = new TreeMap<>();
        now.forEach((name, value) -> {
            long more = value - then.getOrDefault(name, 0L);
            if (more != 0 && name.matches(FAULTS)) {
                risen.put(name, more);
            }
        });
        return risen;
    }

    private void assertNativeMemoryIsBack() {
        long most = yard.nativeBytesAtFirst() + NATIVE_SLACK_BYTES;
        Pause.until(
                "native memory falls back to " + most + " bytes",
                LIMIT,
                () -> yard.backend().nativeMemoryBytes() <= most);
    }

    private void assertQuiet() {
        long seconds = 1 + (System.nanoTime() - startNanos) / 1_000_000_000;
        List<String> lines = yard.backend().logSince(logMark);
        // A window of a second may begin before the trial.
        long most = LINES_A_SECOND * (seconds + 1);
        assertTrue(
                lines.size() <= most, () -> lines.size() + " lines in " + seconds + " s:\n" + String.join("\n", lines));
    }

    private void leave() {
        frontEnds.forEach(VhostUserFrontEnd::close);
        frontEnds.clear();
        villains.forEach(Villain::close);
        villains.clear();
    }

    @Override
    public void close() {
        leave();
    }
}
