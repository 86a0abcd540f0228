package io.annulet.cli.sim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.annulet.guest.traffic.TrafficProgress;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Durations, shares and progress as people write and read them. */
final class AmountsTest {

    @ParameterizedTest
    @CsvSource({"10s, 10000000000", "500ms, 500000000", "1.5us, 1500", "7ns, 7", "2m, 120000000000", "1H, 3600000000000"
    })
    void durationsHaveAUnit(String text, long nanos) {
        assertEquals(nanos, Amounts.nanos(text));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "10", "s", "-1s", "1 s", "forever"})
    void whatIsNoDurationIsRefused(String text) {
        assertThrows(IllegalArgumentException.class, () -> Amounts.nanos(text));
    }

    @Test
    void sharesArePercentagesOrNumbers() {
        assertEquals(List.of(0.0, 0.005, 0.01), Amounts.shares("0, 0.5%,0.01"));
        assertThrows(IllegalArgumentException.class, () -> Amounts.share("101%"));
        assertThrows(IllegalArgumentException.class, () -> Amounts.share("-1"));
        assertThrows(IllegalArgumentException.class, () -> Amounts.shares("0,,1%"));
    }

    @Test
    void progressIsABarWhereItsEndIsKnown() {
        assertEquals(
                "measure [============            ] 50 %: sent 1.50 M, received 1.20 M",
                ProgressLine.format(new TrafficProgress("measure", 0.5, 1_500_000, 1_200_000)));
        assertEquals("echo: sent 0, received 12", ProgressLine.format(new TrafficProgress("echo", -1, 0, 12)));
    }
}
