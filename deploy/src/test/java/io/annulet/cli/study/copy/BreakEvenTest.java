package io.annulet.cli.study.copy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.api.Test;

final class BreakEvenTest {

    private static BreakEven of(DoubleUnaryOperator copying, DoubleUnaryOperator saving) {
        List<BreakEven.Pair> pairs = new ArrayList<>();
        for (double bytes = 64; bytes <= 65_536; bytes *= 2) {
            pairs.add(new BreakEven.Pair(bytes, copying.applyAsDouble(bytes), saving.applyAsDouble(bytes)));
        }
        return BreakEven.of(pairs);
    }

    @Test
    void findsTheLengthThatTheDataWereMadeFor() {
        BreakEven found = of(bytes -> 200 + bytes / 10, bytes -> 500);
        assertEquals(10, found.bytesPerNano(), 0.01);
        assertEquals(300, found.zeroNanos(), 0.01);
        assertEquals(3000, found.modelBytes(), 5);
        assertEquals(3000, found.measuredBytes(), 5);
        assertEquals("3,000 B", found.measured());
    }

    @Test
    void aRouteThatIsCheaperFromTheStartPaysAtEveryLength() {
        BreakEven found = of(bytes -> 200 + bytes / 10, bytes -> 150);
        assertEquals(0, found.modelBytes());
        assertEquals("pays at every length", found.measured());
    }

    @Test
    void aRouteThatIsNeverCheaperSaysSo() {
        BreakEven found = of(bytes -> 200 + bytes / 1000, bytes -> 5000);
        assertTrue(Double.isNaN(found.measuredBytes()));
        assertEquals("not up to 64 KiB", found.measured());
        assertEquals("not up to 64 KiB", found.model());
    }
}
