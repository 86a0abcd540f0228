package io.annulet.guest.traffic;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.guest.peer.BackEndOptions;
import io.annulet.guest.peer.Fault;
import io.annulet.memory.HostMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** What each proof writes, and what it sees and does not. */
@Timeout(60)
final class ProofTest {

    private static final int FRAMES = 2_000;

    private static final Load LOAD = Load.DEFAULTS
            .withSizes(FrameSizes.of(64, 300))
            .withFrames(FRAMES)
            .withRate(Rate.parse("50k"))
            .withDurations(10_000_000_000L, 0);

    private final MemorySegment memory = Arena.ofAuto().allocate(4096, 8);
    private final long frame = HostMemory.addressOf(memory);

    private byte[] write(FrameForm form, Proof proof, long sequence) {
        new FlowTable(form, proof, 0, 2, 1, 0, 1).write(frame, 300, 1, sequence, 7);
        return HostMemory.copyOut(frame, 300);
    }

    @ParameterizedTest
    @EnumSource(names = {"ETHERNET", "UDP"})
    void headerLeavesThePayloadUntouched(FrameForm form) {
        memory.fill((byte) 0x55);
        byte[] written = write(form, Proof.HEADER, 1);
        byte[] payload = Arrays.copyOfRange(written, form.payloadAt(), 300);
        byte[] untouched = new byte[payload.length];
        Arrays.fill(untouched, (byte) 0x55);
        assertArrayEquals(untouched, payload);
        assertEquals(1, HostMemory.loadLong(frame + form.sequenceAt()));
    }

    @ParameterizedTest
    @EnumSource(names = {"ETHERNET", "UDP"})
    void noneWritesAFrameOnceIntoEachBuffer(FrameForm form) {
        byte[] first = write(form, Proof.NONE, 1);
        assertArrayEquals(first, write(form, Proof.NONE, 2));
        HostMemory.storeByte(frame + 3, 0x77); // a frame of someone else
        byte[] again = write(form, Proof.NONE, 3);
        assertEquals(3, HostMemory.loadLong(frame + form.sequenceAt()));
        assertArrayEquals(Arrays.copyOf(first, 12), Arrays.copyOf(again, 12));
    }

    static Stream<Arguments> loads() {
        return Stream.of(Proof.HEADER, Proof.NONE)
                .flatMap(proof -> Stream.of(
                        Arguments.of(proof, LOAD),
                        Arguments.of(proof, LOAD.withForm(FrameForm.UDP).withFlows(10, 2)),
                        Arguments.of(
                                proof,
                                LOAD.withSizes(FrameSizes.of(9014))
                                        .withOffload(FrameForm.TCP, Offloading.of(Offload.TSO4)))));
    }

    @ParameterizedTest
    @MethodSource("loads")
    void whatArrivesIsCounted(Proof proof, Load load) {
        TrafficOptions options = TrafficOptions.DEFAULTS.withLoad(load.withProof(proof));
        BackEndOptions good = BackEndOptions.DEFAULTS.with(BackEndOptions.OFFLOADS);
        try (TestBed bed = new TestBed(2, good, options.withBothWays())) {
            PhaseReport report = bed.run.run();
            assertEquals(List.of(), Problems.of(report, bed.run.stations(), 0));
            assertEquals(2 * FRAMES, report.arrived());
            boolean hasLatency = report.directions().stream()
                    .map(DirectionReport::latency)
                    .anyMatch(latency -> latency != null && latency.frames() > 0);
            assertEquals(proof == Proof.HEADER, hasLatency);
        }
    }

    @Test
    void eachSeesWhatItLooksAt() {
        assertTrue(sees(Fault.DROPS, Proof.HEADER, "lost"));
        assertTrue(sees(Fault.REORDERS, Proof.HEADER, "reordered"));
        assertTrue(sees(Fault.DROPS, Proof.NONE, "lost"));
        assertTrue(sees(Fault.DUPLICATES, Proof.NONE, "duplicated"));
    }

    private static boolean sees(Fault fault, Proof proof, String expected) {
        TrafficOptions options = TrafficOptions.DEFAULTS.withLoad(LOAD.withProof(proof));
        try (TestBed bed = new TestBed(2, BackEndOptions.DEFAULTS.withFault(fault, 100), options)) {
            List<String> problems = Problems.of(bed.run.run(), bed.run.stations(), 0);
            return problems.stream().anyMatch(problem -> problem.contains(expected));
        }
    }

    @Test
    void aChecksumOverEveryByteIsProvenInFull() {
        Load tcp = LOAD.withSizes(FrameSizes.of(300)).withForm(FrameForm.TCP);
        assertThrows(IllegalArgumentException.class, () -> tcp.withProof(Proof.HEADER));
        Load capture = LOAD.withCapture(List.of(new byte[60]));
        assertThrows(IllegalArgumentException.class, () -> capture.withProof(Proof.NONE));
    }

    @Test
    void buffersAreCopiedWithoutABackEnd() {
        TrafficOptions options = TrafficOptions.DEFAULTS.withLoad(LOAD);
        try (TestBed bed = new TestBed(2, BackEndOptions.DEFAULTS, options)) {
            assertTrue(bed.run.copyBuffers(1) > 0);
            assertEquals(List.of(), Problems.of(bed.run.run(), bed.run.stations(), 0));
        }
    }

    @Test
    void theShareOfTimeWithNothingToDoIsKnown() {
        try (TestBed bed = new TestBed(2, BackEndOptions.DEFAULTS, TrafficOptions.DEFAULTS.withLoad(LOAD))) {
            double share = bed.run.run().idleShare();
            assertTrue(share > 0 && share < 1, "50,000 frames a second leave time: " + share);
        }
    }
}
