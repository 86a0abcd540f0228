package io.annulet.guest.traffic;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.guest.FrontEndException;
import io.annulet.guest.GuestOptions;
import io.annulet.guest.QueueOptions;
import io.annulet.guest.peer.BackEndOptions;
import io.annulet.guest.peer.Fault;
import io.annulet.vhostuser.VirtioFeature;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Each mode against a back-end that is right, and each fault against one that has it. */
@Timeout(60)
final class TrafficRunTest {

    private static final int FRAMES = 5_000;
    private static final long SECOND = 1_000_000_000L;

    /** Enough frames for every fault, at a rate that a busy machine keeps up with. */
    private static final Load LOAD =
            Load.DEFAULTS.withFrames(FRAMES).withRate(Rate.parse("50k")).withDurations(10 * SECOND, 0);

    private static final TrafficOptions OPTIONS = TrafficOptions.DEFAULTS.withLoad(LOAD);

    static Stream<Arguments> runs() {
        GuestOptions packed =
                GuestOptions.DEFAULTS.withFeatures(GuestOptions.LINUX_FEATURES | VirtioFeature.RING_PACKED);
        GuestOptions inOrder = GuestOptions.DEFAULTS.withFeatures(GuestOptions.LINUX_FEATURES | VirtioFeature.IN_ORDER);
        QueueOptions queues = QueueOptions.DEFAULTS;
        return Stream.of(
                Arguments.of("one guest", 1, OPTIONS),
                Arguments.of("two guests", 2, OPTIONS),
                Arguments.of("both ways", 2, OPTIONS.withBothWays()),
                Arguments.of("four guests", 4, OPTIONS.withBothWays()),
                Arguments.of(
                        "a thread for each",
                        2,
                        OPTIONS.withBothWays().withPlacement(new Placement(false, new BitSet()))),
                Arguments.of("packed", 2, OPTIONS.withGuest(packed)),
                Arguments.of(
                        "packed, 1000 descriptors", 2, OPTIONS.withGuest(packed.withQueues(queues.withRingSize(1000)))),
                Arguments.of(
                        "queue pairs",
                        2,
                        OPTIONS.withGuest(GuestOptions.DEFAULTS.withQueuePairs(4))
                                .withLoad(LOAD.withFlows(64, 8))),
                Arguments.of(
                        "UDP flows",
                        2,
                        OPTIONS.withLoad(LOAD.withForm(FrameForm.UDP).withFlows(1000, 100))),
                Arguments.of("IMIX", 2, OPTIONS.withLoad(LOAD.withSizes(FrameSizes.IMIX))),
                Arguments.of("large frames", 2, OPTIONS.withLoad(LOAD.withSizes(FrameSizes.of(64, 9014, 65_549)))),
                Arguments.of(
                        "large frames, not mergeable",
                        2,
                        OPTIONS.withGuest(GuestOptions.DEFAULTS.without(VirtioFeature.NET_MRG_RXBUF))
                                .withLoad(LOAD.withSizes(FrameSizes.of(64, 9014)))),
                Arguments.of(
                        "three descriptors through a table",
                        2,
                        OPTIONS.withGuest(
                                GuestOptions.DEFAULTS.withQueues(TrafficOptions.withDescriptors(queues, 3, true)))),
                Arguments.of("in order", 2, OPTIONS.withGuest(inOrder)),
                Arguments.of(
                        "packed, in order, three descriptors",
                        2,
                        OPTIONS.withGuest(inOrder.withFeatures(inOrder.features() | VirtioFeature.RING_PACKED)
                                .withQueues(TrafficOptions.withDescriptors(queues, 3, false)))),
                Arguments.of("batches", 2, OPTIONS.withLoad(LOAD.withBatching(Batching.of(64, 1_000_000)))),
                Arguments.of(
                        "as many as go",
                        2,
                        OPTIONS.withLoad(LOAD.withRate(Rate.MAX).withFrames(20_000))));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("runs")
    void everyFrameArrivesOnceAndWhole(String name, int guests, TrafficOptions options) {
        try (TestBed bed = new TestBed(guests, BackEndOptions.DEFAULTS, options)) {
            PhaseReport report = bed.run.run();
            assertEquals(List.of(), Problems.of(report, bed.run.stations(), 0));
            assertEquals(report.offered(), report.arrived());
            assertTrue(report.arrived() >= FRAMES);
            assertEquals(List.of(), bed.run.shutdown());
            for (DirectionReport direction : report.directions()) {
                LatencySummary latency = assertNotNull(direction.latency());
                assertEquals(direction.sent(), latency.frames());
                assertTrue(latency.min() > 0 && latency.p50() <= latency.p99() && latency.p99() <= latency.max());
            }
        }
    }

    private static <T> T assertNotNull(@Nullable T value) {
        if (value == null) {
            throw new AssertionError("nothing there");
        }
        return value;
    }

    @ParameterizedTest
    @EnumSource(value = Offload.class, mode = EnumSource.Mode.EXCLUDE, names = "NONE")
    void whatIsLeftToTheDeviceArrivesAsItWasSent(Offload offload) {
        Load load = LOAD.withFrames(1_000)
                .withSizes(FrameSizes.of(200, 1514, 9014, 65_549))
                .withOffload(offload.usualForm(), Offloading.of(offload));
        for (long ring : new long[] {0, VirtioFeature.RING_PACKED}) {
            GuestOptions guest = GuestOptions.DEFAULTS.withFeatures(GuestOptions.LINUX_FEATURES | ring);
            TrafficOptions options = OPTIONS.withLoad(load).withGuest(guest);
            BackEndOptions good = BackEndOptions.DEFAULTS.with(BackEndOptions.OFFLOADS);
            try (TestBed bed = new TestBed(2, good, options)) {
                PhaseReport report = bed.run.run();
                assertEquals(List.of(), Problems.of(report, bed.run.stations(), 0));
                assertEquals(1_000, report.arrived());
            }
            try (TestBed bed = new TestBed(2, good.withFault(Fault.FORGETS_OFFLOADS, 10), options)) {
                assertNames(Fault.FORGETS_OFFLOADS, Problems.of(bed.run.run(), bed.run.stations(), 0));
            }
            FrontEndException refused = assertThrows(
                    FrontEndException.class, () -> new TestBed(1, BackEndOptions.DEFAULTS, options).close());
            assertTrue(String.valueOf(refused.getMessage()).contains("VIRTIO_NET_F_CSUM"), refused::getMessage);
        }
    }

    @Test
    void aCaptureIsReplayedAgainAndAgain() {
        SplittableRandom random = new SplittableRandom(1);
        List<byte[]> frames = new ArrayList<>();
        for (int i = 0; i < 700; i++) {
            byte[] frame = new byte[random.nextInt(60, 1515)];
            random.nextBytes(frame);
            frames.add(frame);
        }
        frames.addAll(frames.subList(0, 10));
        TrafficOptions options = OPTIONS.withLoad(LOAD.withCapture(frames));
        try (TestBed bed = new TestBed(2, BackEndOptions.DEFAULTS, options)) {
            PhaseReport report = bed.run.run();
            assertEquals(List.of(), Problems.of(report, bed.run.stations(), 0));
            assertEquals(FRAMES, report.arrived());
        }
        for (Fault fault : List.of(Fault.DROPS, Fault.DUPLICATES, Fault.CORRUPTS, Fault.REORDERS)) {
            try (TestBed bed = new TestBed(2, BackEndOptions.DEFAULTS.withFault(fault, 100), options)) {
                assertNames(fault, Problems.of(bed.run.run(), bed.run.stations(), 0));
            }
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = Fault.class,
            mode = EnumSource.Mode.EXCLUDE,
            names = {"NONE", "FORGETS_OFFLOADS", "KEEPS_SILENT", "REFUSES"})
    void everyFaultIsFoundAndNamed(Fault fault) {
        TrafficOptions impatient = OPTIONS.withPatience(new Patience(SECOND / 2, SECOND / 10));
        try (TestBed bed = new TestBed(2, BackEndOptions.DEFAULTS.withFault(fault, 100), impatient)) {
            PhaseReport report = bed.run.run();
            assertNames(fault, Problems.of(report, bed.run.stations(), 0));
            assertTrue(report.sent() >= 100, "what was learnt so far is told");
        }
    }

    private static void assertNames(Fault fault, List<String> problems) {
        String expected = switch (fault) {
            case DROPS, STOPS_DELIVERING -> "lost";
            case DUPLICATES -> "duplicated";
            case CORRUPTS, TRUNCATES, MISDIRECTS, FORGETS_OFFLOADS -> "corrupted";
            case INVENTS_CHECKSUMS -> "an offload that was not acknowledged";
            case REORDERS -> "reordered";
            case RETURNS_UNKNOWN_BUFFERS -> "a buffer that it did not have";
            case CLAIMS_TOO_MANY_BYTES -> "more than the buffer holds";
            case SAYS_NO_BUFFERS -> "num_buffers is 0";
            case STOPS_TAKING, HANGS -> "hangs";
            case CLOSES -> "closed the connection";
            default -> "";
        };
        assertTrue(problems.toString().contains(expected), fault + " gave " + problems);
    }

    @Test
    void aBackEndThatStopsAnsweringIsNamedWhenTheGuestsAreShutDown() {
        BackEndOptions silent = BackEndOptions.DEFAULTS.withFault(Fault.KEEPS_SILENT, 25);
        GuestOptions guest = GuestOptions.DEFAULTS.withTimeoutNanos(SECOND / 5);
        TrafficOptions options = OPTIONS.withGuest(guest).withLoad(LOAD.withFrames(100));
        try (TestBed bed = new TestBed(1, silent, options)) {
            assertNull(bed.run.run().end());
            String problems = bed.run.shutdown().toString();
            assertTrue(problems.contains("did not answer"), problems);
        }
    }

    @Test
    void lossMayBeAllowed() {
        try (TestBed bed = new TestBed(2, BackEndOptions.DEFAULTS.withFault(Fault.DROPS, 100), OPTIONS)) {
            PhaseReport report = bed.run.run();
            assertEquals(FRAMES / 100, report.counts().lost());
            assertEquals(0.01, report.lossRatio(), 1e-9);
            assertEquals(List.of(), Problems.of(report, bed.run.stations(), 0.01));
        }
    }

    @Test
    void framesGoThereAndBackOneAtATime() {
        for (int guests = 1; guests <= 2; guests++) {
            TrafficOptions options = OPTIONS.withMode(TrafficMode.ROUND_TRIP)
                    .withLoad(LOAD.withRate(Rate.MAX).withFrames(500));
            try (TestBed bed = new TestBed(guests, BackEndOptions.DEFAULTS, options)) {
                PhaseReport report = bed.run.run();
                assertEquals(List.of(), Problems.of(report, bed.run.stations(), 0));
                DirectionReport trips = report.directions().getFirst();
                assertEquals(500, assertNotNull(trips.latency()).frames());
                assertEquals(
                        LatencySummary.Kind.ROUND_TRIP,
                        assertNotNull(trips.latency()).kind());
            }
        }
    }

    @Test
    void aRoundTripThatNeverEndsIsGivenUp() {
        TrafficOptions options = OPTIONS.withMode(TrafficMode.ROUND_TRIP)
                .withLoad(LOAD.withRate(Rate.MAX).withFrames(60))
                .withPatience(new Patience(SECOND, 20_000_000));
        try (TestBed bed = new TestBed(2, BackEndOptions.DEFAULTS.withFault(Fault.DROPS, 20), options)) {
            PhaseReport report = bed.run.run();
            assertTrue(report.directions().getFirst().givenUp() >= 3, report::toString);
            assertNames(Fault.DROPS, Problems.of(report, bed.run.stations(), 0));
        }
    }

    @Test
    void oneSendsAnotherEchoesAThirdReceives() {
        // The first has more to send than the other takes, which then takes no frames any more.
        Patience patience = new Patience(SECOND / 2, SECOND / 10);
        TrafficOptions sending = OPTIONS.withMode(TrafficMode.SEND).withPatience(patience);
        TrafficOptions echoing = OPTIONS.withMode(TrafficMode.ECHO)
                .withLoad(LOAD.withFrames(FRAMES / 2))
                .withFirstStation(7);
        TrafficOptions receiving = echoing.withMode(TrafficMode.RECEIVE);
        for (TrafficOptions other : List.of(echoing, receiving)) {
            try (TestBed bed = new TestBed(2, BackEndOptions.DEFAULTS, sending, other)) {
                PhaseReport[] reports = bed.runTogether();
                assertTrue(reports[0].sent() >= FRAMES / 2, reports[0]::toString);
                assertTrue(reports[1].counts().frames() >= FRAMES / 2, reports[1]::toString);
                assertEquals(List.of(), Problems.of(reports[1], List.of(), 0));
            }
        }
    }

    @Test
    void warmUpIsNotCounted() {
        TrafficOptions options = OPTIONS.withLoad(LOAD.withDurations(10 * SECOND, SECOND / 10));
        try (TestBed bed = new TestBed(2, BackEndOptions.DEFAULTS, options)) {
            PhaseReport report = bed.run.run();
            assertEquals(FRAMES, report.sent());
            assertEquals(List.of(), Problems.of(report, bed.run.stations(), 0));
        }
    }

    @Test
    void anInterruptedRunTellsWhatItLearnt() {
        try (TestBed bed = new TestBed(2, BackEndOptions.DEFAULTS, OPTIONS.withLoad(LOAD.withFrames(1_000_000)))) {
            bed.onProgress = progress -> {
                if (progress.received() > 1_000) {
                    bed.interruption.ask();
                }
            };
            PhaseReport report = bed.run.run();
            assertEquals("interrupted", report.end());
            assertTrue(report.arrived() > 1_000 && report.arrived() < 1_000_000);
        }
    }

    @Test
    void aThroughputSearchEndsWithBounds() {
        Load load = LOAD.withFrames(Long.MAX_VALUE).withDurations(SECOND / 20, SECOND / 20);
        SearchOptions search =
                SearchOptions.DEFAULTS.withMaxFramesPerSecond(2_000).withRepeat(1);
        try (TestBed bed = new TestBed(2, BackEndOptions.DEFAULTS, OPTIONS.withLoad(load))) {
            List<Trial> told = new ArrayList<>();
            ThroughputSearch throughput = new ThroughputSearch(bed.run, search, told::add);
            List<SearchResult> results = throughput.search();
            assertEquals(2, results.size());
            assertEquals(told, throughput.trials());
            assertTrue(results.getLast().lower() > 0, () -> results + " after " + told);
            assertEquals(List.of(), throughput.problems());
        }
        try (TestBed bed =
                new TestBed(2, BackEndOptions.DEFAULTS.withFault(Fault.CLOSES, 500), OPTIONS.withLoad(load))) {
            ThroughputSearch throughput = new ThroughputSearch(bed.run, search, trial -> {});
            throughput.search();
            assertTrue(throughput.problems().toString().contains("closed the connection"));
        }
    }
}
