package io.annulet.guest.traffic;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Sizes, rates and quantities are read and written as people do. */
final class OptionsTest {

    @Test
    void imixIsSevenToFourToOne() {
        FrameSizes imix = FrameSizes.parse("IMIX");
        assertEquals(7, imix.cycle().stream().filter(size -> size == 64).count());
        assertEquals(4, imix.cycle().stream().filter(size -> size == 570).count());
        assertEquals(1, imix.cycle().stream().filter(size -> size == 1518).count());
        assertEquals("imix", imix.toString());
        assertEquals((7 * 64 + 4 * 570 + 1518) / 12.0, imix.mean());
    }

    @Test
    void aListOfSizesIsTakenInTurn() {
        FrameSizes sizes = FrameSizes.parse("64,1518");
        assertEquals(FrameSizes.of(64, 1518), sizes);
        assertEquals(1518, sizes.max());
        assertEquals("64,1518", sizes.toString());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "64,", "13", "70000", "64-128", "-5", "64, 128", "99999999999"})
    void whatIsNoSizeIsRefused(String text) {
        assertThrows(IllegalArgumentException.class, () -> FrameSizes.parse(text));
    }

    @ParameterizedTest
    @CsvSource({
        "100, FRAMES, 100",
        "100k, FRAMES, 100000",
        "1.5M, FRAMES, 1500000",
        "1.5Mpps, FRAMES, 1500000",
        "2/s, FRAMES, 2",
        "10Gbit, BITS, 10000000000",
        "500mbit/s, BITS, 500000000",
        "max, MAX, 0"
    })
    void ratesAreFramesOrBits(String text, Rate.Unit unit, double value) {
        assertEquals(new Rate(unit, value), Rate.parse(text));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "0", "-1", "fast", "1e6", "5 M", "10Tbit", "1000000G"})
    void whatIsNoRateIsRefused(String text) {
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, () -> Rate.parse(text));
        assertTrue(String.valueOf(e.getMessage()).length() > 10);
    }

    @Test
    void bitsCountTheFramesOnly() {
        assertEquals(1e9 / (8 * 1250), Rate.parse("1Gbit").inFrames(1250));
    }

    @Test
    void testFramesHaveALeastLength() {
        assertThrows(IllegalArgumentException.class, () -> Load.DEFAULTS.withSizes(FrameSizes.of(31)));
        Load udp = Load.DEFAULTS.withForm(FrameForm.UDP);
        assertThrows(IllegalArgumentException.class, () -> udp.withSizes(FrameSizes.of(59)));
    }

    @Test
    void quantitiesHaveThreeDigits() {
        assertEquals("950", Quantities.count(950));
        assertEquals("1.23 M", Quantities.count(1_234_567));
        assertEquals("12.3 us", Quantities.nanos(12_345));
        assertEquals("640 ns", Quantities.nanos(640));
        assertEquals("< 0.001 %", Quantities.percent(1e-9));
        assertEquals("0.500 %", Quantities.percent(0.005));
    }
}
