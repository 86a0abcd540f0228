package io.annulet.backend.port;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.annulet.backend.data.FrameBurst;
import io.annulet.backend.data.SentFrame;
import io.annulet.backend.data.SentFrame.Kind;
import io.annulet.backend.offload.Offload;
import io.annulet.memory.HostMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Trust in a kernel that calls frames checked: a sample is checked again. */
final class TapOffloadsTest {

    private static final int HEADER_BYTES = 12;

    private final TestCounters counters = new TestCounters();
    private final FrameBurst burst = new FrameBurst(64);
    private final MemorySegment memory = Arena.ofAuto().allocate(4096, 64);
    private final SentFrame frame = checkedFrame();

    private static SentFrame checkedFrame() {
        Random random = new Random(3);
        SentFrame frame = SentFrame.random(random, 1_000);
        while (frame.kind != Kind.VALID || !frame.isBare() || frame.bytes.length < 100) {
            frame = SentFrame.random(random, 1_000);
        }
        return frame;
    }

    private void arrive(TapOffloads offloads) {
        byte[] whole = new byte[HEADER_BYTES + frame.bytes.length];
        System.arraycopy(frame.header, 0, whole, 0, HEADER_BYTES);
        System.arraycopy(frame.bytes, 0, whole, HEADER_BYTES, frame.bytes.length);
        long at = HostMemory.addressOf(memory);
        HostMemory.copyIn(MemorySegment.ofArray(whole), at);
        burst.clear();
        burst.chains().addOwn(0, at, whole.length);
        burst.snapshot(0, HEADER_BYTES, Offload.ALL);
        assertEquals(Offload.VALID, burst.offloads(0));
        offloads.verify(burst, 0, counters.of("tap"));
    }

    private void assertVerified(long right, long wrong) {
        assertEquals(right, counters.get("tap", "verified.right"));
        assertEquals(wrong, counters.get("tap", "verified.wrong"));
    }

    @Test
    void checksOneOfAsManyAsAsked() {
        TapOffloads offloads = new TapOffloads(Offload.ALL, 3);
        for (int i = 0; i < 9; i++) {
            arrive(offloads);
            assertEquals(Offload.VALID, burst.offloads(0), "a frame that is right keeps its mark");
        }
        assertVerified(3, 0);
    }

    @Test
    void takesTheMarkFromAFrameThatIsWrong() {
        frame.bytes[frame.bytes.length - 1] ^= 1;
        arrive(new TapOffloads(Offload.ALL, 1));
        assertEquals(Offload.NONE, burst.offloads(0));
        assertEquals(0, HostMemory.loadByte(burst.snapshotAddress(0)), "flags");
        assertVerified(0, 1);
    }

    @Test
    void takesTheKernelsWordForItIfNothingIsToBeChecked() {
        frame.bytes[frame.bytes.length - 1] ^= 1;
        TapOffloads offloads = new TapOffloads(Offload.ALL, 0);
        for (int i = 0; i < 100; i++) {
            arrive(offloads);
        }
        counters.of("tap");
        assertVerified(0, 0);
    }
}
