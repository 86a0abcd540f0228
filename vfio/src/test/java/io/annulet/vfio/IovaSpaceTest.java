package io.annulet.vfio;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.linux.Vfio.Range;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class IovaSpaceTest {

    private static final long GIB = 1L << 30;
    private static final Range BELOW = new Range(0, 0xfedf_ffffL);
    private static final Range ABOVE = new Range(0xfef0_0000L, (1L << 39) - 1);

    private final IovaSpace space = new IovaSpace(List.of(BELOW, ABOVE));

    @Test
    void neverGivesAddressZeroAndAlignsWhatItGives() {
        assertTrue(space.take(4096, 4096) > 0);
        assertEquals(0, space.take(3 * GIB, GIB) % GIB);
    }

    @Test
    void noPieceTouchesTheAddressesOfInterruptMessages() {
        for (int i = 0; i < 100; i++) {
            long at = space.take(GIB, 4096);
            assertTrue(at + GIB - 1 <= BELOW.last() || at >= ABOVE.first(), () -> Long.toHexString(at));
        }
    }

    @Test
    void staysBelow39BitsWhateverTheKernelReports() {
        IovaSpace wide = new IovaSpace(List.of(new Range(0, -1)));
        assertEquals(IovaSpace.END - 256 * GIB, wide.take(256 * GIB, 256 * GIB));
        assertThrows(VfioException.class, () -> wide.take(256 * GIB, 4096));
    }

    @Test
    void refusesWhatIsLargerThanAnyRange() {
        VfioException refusal = assertThrows(VfioException.class, () -> space.take(1L << 39, 4096));
        assertTrue(refusal.getMessage().contains("zero-copy=off"), refusal.getMessage());
    }

    @Test
    void whatIsGivenBackIsGivenOutAgain() {
        long at = space.take(2 * GIB, 4096);
        space.giveBack(at);
        assertEquals(at, space.take(2 * GIB, 4096));
        assertThrows(IllegalArgumentException.class, () -> space.giveBack(at + 4096));
    }

    @Test
    void piecesNeverOverlap() {
        Random random = new Random(7);
        List<long[]> pieces = new ArrayList<>();
        for (int i = 0; i < 2_000; i++) {
            if (pieces.size() > 20 && random.nextBoolean()) {
                space.giveBack(pieces.remove(random.nextInt(pieces.size()))[0]);
                continue;
            }
            long length = 4096L * (1 + random.nextInt(1 << 16));
            long at = space.take(length, 4096L << random.nextInt(10));
            for (long[] other : pieces) {
                assertTrue(at + length <= other[0] || other[0] + other[1] <= at);
            }
            pieces.add(new long[] {at, length});
        }
    }
}
