package io.annulet.guest;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.memory.HostMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** The checker sees every kind of damage, and nothing where there is none. */
final class TrafficCheckerTest {

    private static final long HERE = 0x02_00_00_00_00_0aL;
    private static final long THERE = 0x02_00_00_00_00_0bL;

    private final MemorySegment memory = Arena.ofAuto().allocate(1 << 17);
    private final long frame = HostMemory.addressOf(memory);
    private final FrameFactory factory = new FrameFactory(HERE, THERE, 3);
    private final TrafficChecker checker = new TrafficChecker(HERE, 8);

    @Test
    void aFrameStartsWithItsAddressesAndType() {
        new FrameFactory(0x01_02_03_04_05_06L, 0x0a_0b_0c_0d_0e_0fL, 0x1234).write(frame, 60);
        byte[] expected = {
            1, 2, 3, 4, 5, 6, 10, 11, 12, 13, 14, 15, (byte) 0x88, (byte) 0xb5, 0x34, 0x12, 0, 0, 0, 0, 0, 0, 0, 0
        };
        assertArrayEquals(expected, Arrays.copyOf(HostMemory.copyOut(frame, 60), 24));
    }

    @Test
    void framesInOrderAreClean() {
        for (int byteLength = FrameFactory.MIN_BYTE_LENGTH; byteLength < 2_000; byteLength++) {
            factory.write(frame, byteLength);
            checker.onFrame(frame, byteLength);
        }
        assertTrue(checker.isClean(), checker::toString);
        assertEquals(factory.sequence(), checker.frames());
    }

    @Test
    void aGapIsLoss() {
        check(0, 1, 5, 6);
        assertEquals(3, checker.lost());
    }

    @Test
    void whatIsMissingAtTheEndIsLost() {
        check(0, 1);
        checker.closeFlow(3, 10);
        assertEquals(8, checker.lost());
    }

    @Test
    void aFrameThatComesLateIsReorderedAndNotLost() {
        check(0, 2, 3, 1, 4);
        assertEquals(0, checker.lost());
        assertEquals(1, checker.reordered());
    }

    @Test
    void aFrameThatComesAgainIsADuplicate() {
        check(0, 1, 2, 2, 0);
        assertEquals(2, checker.duplicated());
        assertEquals(0, checker.reordered());
    }

    @Test
    void aLateFrameThatComesAgainIsADuplicate() {
        check(0, 2, 1, 1);
        assertEquals(1, checker.reordered());
        assertEquals(1, checker.duplicated());
        assertEquals(0, checker.lost());
    }

    @Test
    void theWindowForgetsWhatCameARoundAgo() {
        long window = TrafficChecker.WINDOW;
        check(0, 2 * window, 2 * window - 5);
        assertEquals(1, checker.reordered());
        assertEquals(0, checker.duplicated());
        check(1);
        assertEquals(1, checker.stale());
    }

    @Test
    void everyFlippedBitIsCorruption() {
        for (int byteLength : new int[] {FrameFactory.MIN_BYTE_LENGTH, 60, 64, 95, 101, 300}) {
            for (int at = FrameFactory.FLOW_AT; at < byteLength; at++) {
                for (int bit = 0; bit < 8; bit++) {
                    factory.write(frame, byteLength, 0);
                    HostMemory.storeByte(frame + at, HostMemory.loadByte(frame + at) ^ 1 << bit);
                    long before = checker.corrupted();
                    checker.onFrame(frame, byteLength);
                    assertEquals(before + 1, checker.corrupted(), "byte " + at + " of " + byteLength);
                }
            }
        }
    }

    @Test
    void aCutOrPaddedFrameIsCorrupted() {
        factory.write(frame, 1000, 0);
        checker.onFrame(frame, 999);
        checker.onFrame(frame, 1001);
        assertEquals(2, checker.corrupted());
    }

    @Test
    void aFrameForSomeoneElseIsMisdelivered() {
        new FrameFactory(THERE, HERE, 3).write(frame, 60, 0);
        checker.onFrame(frame, 60);
        new FrameFactory(0xffff_ffff_ffffL, HERE, 3).write(frame, 60, 1);
        checker.onFrame(frame, 60);
        assertEquals(1, checker.misdelivered());
        assertEquals(0, checker.corrupted());
    }

    @Test
    void otherTrafficIsForeign() {
        factory.write(frame, 60, 0);
        HostMemory.storeShortUnaligned(frame + 12, 0x0008);
        checker.onFrame(frame, 60);
        checker.onFrame(frame, 14);
        assertEquals(2, checker.foreign());
        assertTrue(checker.isClean());
    }

    private void check(long... sequences) {
        for (long sequence : sequences) {
            factory.write(frame, 60, sequence);
            checker.onFrame(frame, 60);
        }
    }
}
