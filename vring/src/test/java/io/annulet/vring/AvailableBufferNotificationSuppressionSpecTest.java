package io.annulet.vring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** VIRTIO 1.2, "Available Buffer Notification Suppression": when the driver kicks, and how the device asks for it. */
class AvailableBufferNotificationSuppressionSpecTest {

    private static final int SIZE = 8;

    private final RawRing raw = new RawRing(SIZE);

    private boolean offer(SplitDriverHalf driver, int count) {
        for (int i = 0; i < count; i++) {
            assertTrue(driver.offer(raw.buffers(), 64, false) >= 0);
        }
        return driver.publishAvail();
    }

    @Nested
    class TheDriverKicks {

        @Test
        void whileTheFlagIsClear() {
            SplitDriverHalf driver = raw.driver(false, 0);
            assertTrue(offer(driver, 1));
            raw.usedFlags(1);
            assertFalse(offer(driver, 1));
            raw.usedFlags(0xfffe);
            assertTrue(offer(driver, 2));
        }

        @Test
        void notForNothing() {
            SplitDriverHalf driver = raw.driver(false, 0);
            assertFalse(driver.publishAvail());
            assertTrue(offer(driver, 1));
            assertFalse(driver.publishAvail());
        }

        @ParameterizedTest
        @CsvSource({"65533, false", "65534, true", "65535, true", "0, true", "1, true", "2, false", "40000, false"})
        void whenTheEntryNamedByAvailEventIsOffered(int availEvent, boolean kicks) {
            raw.availEvent(availEvent).usedFlags(0xffff);
            assertEquals(kicks, offer(raw.driver(true, 65_534), 4));
        }

        @Test
        void onceForOneEventIndex() {
            raw.availEvent(0);
            SplitDriverHalf driver = raw.driver(true, 0);
            assertTrue(offer(driver, 1));
            assertFalse(offer(driver, 1));
            assertFalse(offer(driver, 3));
        }
    }

    @Nested
    class TheDeviceAsks {

        @Test
        void byClearingTheFlag() {
            SplitDeviceHalf device = raw.device(new RingFeatures(false, false));
            device.suppressKicks();
            assertEquals(1, raw.usedFlags());
            assertFalse(device.requestKicks());
            assertEquals(0, raw.usedFlags());
            assertEquals(0, raw.availEvent());
        }

        @Test
        void byNamingTheEntryItTakesNext() {
            raw.availIndex(65_534);
            SplitDeviceHalf device = raw.device(new RingFeatures(true, false), 65_534);
            device.suppressKicks();
            assertFalse(device.requestKicks());
            assertEquals(65_534, raw.availEvent());
            assertEquals(0, raw.usedFlags());
            SplitDriverHalf driver = raw.driver(true, 65_534);
            assertTrue(offer(driver, 1));
            assertFalse(offer(driver, 1));
            ChainBurst burst = new ChainBurst(SIZE, SIZE);
            assertEquals(2, device.take(burst, SIZE));
            assertFalse(device.requestKicks());
            assertEquals(0, raw.availEvent());
        }

        @ParameterizedTest
        @ValueSource(booleans = {false, true})
        void andHearsWhenChainsAreAvailableAlready(boolean eventIndex) {
            SplitDeviceHalf device = raw.device(new RingFeatures(eventIndex, false));
            raw.descriptor(0, raw.buffers(), 64, 0, 0).available(0, 0);
            assertTrue(device.requestKicks());
            ChainBurst burst = new ChainBurst(1, 1);
            assertEquals(1, device.take(burst, 1));
            assertTrue(device.requestKicks(), "one more is known and not taken");
            burst.clear();
            assertEquals(1, device.take(burst, 1));
            assertFalse(device.requestKicks());
        }

        @ParameterizedTest
        @ValueSource(booleans = {false, true})
        void andHearsOfChainsThatItPutBack(boolean eventIndex) {
            SplitDeviceHalf device = raw.device(new RingFeatures(eventIndex, false));
            raw.descriptor(0, raw.buffers(), 64, 0, 0).available(0, 0);
            ChainBurst burst = new ChainBurst(2, 2);
            assertEquals(2, device.take(burst, 2));
            assertFalse(device.requestKicks());
            device.untake(1);
            assertTrue(device.requestKicks());
        }
    }
}
