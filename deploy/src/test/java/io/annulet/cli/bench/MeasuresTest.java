package io.annulet.cli.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.annulet.cli.CommandFailure;
import java.util.List;
import org.junit.jupiter.api.Test;

/** How slices become figures. */
final class MeasuresTest {

    private static Slice slice(double framesPerSecond) {
        return new Slice(framesPerSecond, 64 * framesPerSecond, 1_000, 0, 0.5, 2_000, 9_000, "");
    }

    @Test
    void aSliceGoesThroughItsLineUnchanged() {
        Slice slice = new Slice(7.25e6, 464e6, 725_000, 3, 0.25, 2_100, 15_000, "1 of 9 frames corrupted");
        assertEquals(slice, Slice.parse(slice.toLine()));
        assertEquals(slice(1e6), Slice.parse(slice(1e6).toLine()));
    }

    @Test
    void aProblemCannotBreakItsLine() {
        Slice slice = new Slice(1, 1, 1, 0, 0, 0, 0, "two\nlines\tand a tab");
        assertEquals("two lines and a tab", Slice.parse(slice.toLine()).problem());
    }

    @Test
    void whatIsNoSliceIsRefused() {
        assertThrows(IllegalArgumentException.class, () -> Slice.parse("annulet: no such option"));
    }

    @Test
    void oneDisturbedSliceMovesTheSumAndNotTheMedian() {
        Series series = new Series(List.of(slice(2), slice(2), slice(0.5)), List.of(slice(1), slice(1), slice(1)));
        assertEquals(1.5, series.ratioOfSums(Slice::framesPerSecond));
        assertEquals(2, series.medianRatio(Slice::framesPerSecond));
    }

    @Test
    void sliceInWhichTheRivalDidNotRunHasNoRatio() {
        Series series = new Series(List.of(slice(2), slice(5)), List.of(slice(1), slice(0)));
        assertEquals(2, series.medianRatio(Slice::framesPerSecond));
        assertEquals(Double.NaN, Series.median());
    }

    @Test
    void anEvenNumberOfRatiosHasTheMeanOfTheMiddleTwoAsMedian() {
        assertEquals(2.5, Series.median(9, 2, 3, 1));
    }

    @Test
    void lossIsTheShareOfAllFrames() {
        List<Slice> slices = List.of(new Slice(1, 1, 75, 25, 0, 0, 0, ""), new Slice(1, 1, 100, 0, 0, 0, 0, "late"));
        assertEquals(12.5, Series.lossPercent(slices));
        assertEquals("late", Series.problem(slices));
        assertEquals("", Series.problem(List.of(slice(1))));
    }

    @Test
    void whatWorkersAllocatedIsReadFromTheListOfThreads() {
        String threads = """
                "main" #3 [9] prio=5 os_prio=0 cpu=80.11ms elapsed=1.00s allocated=1M defined_classes=9 tid=0x1
                "worker-0" #30 [12] prio=5 os_prio=0 cpu=1.00ms elapsed=1.00s allocated=1234B defined_classes=2 tid=0x2
                "worker-1" #31 [13] prio=5 os_prio=0 cpu=1.00ms elapsed=1.00s allocated=200K defined_classes=2 tid=0x3
                """;
        assertEquals(1234 + 200 * 1024, HeapWatch.allocatedBytes(threads));
        assertThrows(CommandFailure.class, () -> HeapWatch.allocatedBytes("jcmd: not found"));
    }
}
