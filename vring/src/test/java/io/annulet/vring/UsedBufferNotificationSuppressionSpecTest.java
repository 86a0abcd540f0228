package io.annulet.vring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** VIRTIO 1.2, "Used Buffer Notification Suppression": when the device calls, and how the driver asks for it. */
class UsedBufferNotificationSuppressionSpecTest {

    private static final int SIZE = 8;

    private final RawRing raw = new RawRing(SIZE);
    private final ChainBurst burst = new ChainBurst(SIZE, SIZE);

    private SplitDeviceHalf device(boolean eventIndex, int baseIndex) {
        raw.availIndex(baseIndex);
        return raw.device(new RingFeatures(eventIndex, false), baseIndex);
    }

    /** Lets the device use {@code count} chains and publish them at once; returns whether it would call. */
    private boolean use(SplitDeviceHalf device, int count) {
        for (int i = 0; i < count; i++) {
            raw.descriptor(i, raw.buffers(), 64, 0, 0).available(i);
        }
        burst.clear();
        assertEquals(count, device.take(burst, count));
        for (int i = 0; i < count; i++) {
            device.giveBack(burst.head(i), 0);
        }
        return device.publishUsed();
    }

    @Nested
    class WithoutEventIndex {

        private final SplitDeviceHalf device = device(false, 0);

        @Test
        void theDeviceCallsWhileTheFlagIsClear() {
            assertTrue(use(device, 1));
            assertTrue(use(device, 3));
        }

        @Test
        void theDeviceDoesNotCallWhileTheFlagIsSet() {
            raw.availFlags(1);
            assertFalse(use(device, 1));
            raw.availFlags(0);
            assertTrue(use(device, 1));
        }

        @Test
        void g06OtherFlagBitsAndUsedEventDoNotMatter() {
            raw.availFlags(0xfffe).usedEvent(0x7777);
            assertTrue(use(device, 1));
            raw.availFlags(0xffff);
            assertFalse(use(device, 1));
        }
    }

    @Nested
    class WithEventIndex {

        @ParameterizedTest
        @CsvSource({
            // used_event, used chains published at once from index 0 on, whether a call is due
            "0, 1, true",
            "0, 5, true",
            "1, 1, false",
            "1, 2, true",
            "4, 5, true",
            "5, 5, false",
            "8, 8, false",
            "65535, 8, false",
            "32768, 8, false"
        })
        void theDeviceCallsWhenTheElementNamedByUsedEventIsUsed(int usedEvent, int count, boolean calls) {
            SplitDeviceHalf device = device(true, 0);
            raw.usedEvent(usedEvent);
            assertEquals(calls, use(device, count));
        }

        @ParameterizedTest
        @CsvSource({"65533, false", "65534, true", "65535, true", "0, true", "1, true", "2, false", "3, false"})
        void theSameHoldsAcrossTheIndexWrap(int usedEvent, boolean calls) {
            SplitDeviceHalf device = device(true, 65_534);
            raw.usedEvent(usedEvent);
            assertEquals(calls, use(device, 4));
        }

        @Test
        void oneEventIndexMeansOneCall() {
            SplitDeviceHalf device = device(true, 0);
            raw.usedEvent(2);
            int calls = 0;
            for (int i = 0; i < 1000; i++) {
                calls += use(device, 1) ? 1 : 0;
            }
            assertEquals(1, calls);
        }

        @Test
        void anEventIndexThatIsNeverMovedCallsOnceInEachRoundOf65536() {
            SplitDeviceHalf device = device(true, 0);
            raw.usedEvent(40_000);
            int calls = 0;
            for (int i = 0; i < 3 * 65_536 / SIZE; i++) {
                calls += use(device, SIZE) ? 1 : 0;
            }
            assertEquals(3, calls);
        }

        @ParameterizedTest
        @ValueSource(ints = {0, 1, 0xffff})
        void theFlagsDoNotMatter(int flags) {
            SplitDeviceHalf device = device(true, 0);
            raw.availFlags(flags).usedEvent(0);
            assertTrue(use(device, 1));
            assertFalse(use(device, 1));
        }
    }

    @Nested
    class TheDriverAsks {

        private void usedByDevice(int usedIndex) {
            raw.usedIndex(usedIndex);
        }

        @Test
        void byClearingTheFlag() {
            SplitDriverHalf driver = raw.driver(false, 0);
            driver.suppressCalls();
            assertFalse(use(device(false, 0), 1));
            usedByDevice(0);
            assertFalse(driver.requestCalls(0));
            assertTrue(use(device(false, 0), 1));
        }

        @Test
        void byNamingTheNextElement() {
            SplitDriverHalf driver = raw.driver(true, 65_535);
            usedByDevice(65_535);
            assertFalse(driver.requestCalls(0));
            SplitDeviceHalf device = device(true, 65_535);
            assertTrue(use(device, 1));
            assertFalse(use(device, 1));
        }

        @Test
        void byNamingAnElementFurtherOn() {
            SplitDriverHalf driver = raw.driver(true, 65_535);
            usedByDevice(65_535);
            assertFalse(driver.requestCalls(2));
            SplitDeviceHalf device = device(true, 65_535);
            assertFalse(use(device, 2));
            assertTrue(use(device, 1));
            assertFalse(use(device, 1));
        }

        @ParameterizedTest
        @ValueSource(booleans = {false, true})
        void andHearsWhenItIsTooLateToBeCalled(boolean eventIndex) {
            SplitDriverHalf driver = raw.driver(eventIndex, 65_535);
            usedByDevice(1);
            assertTrue(driver.requestCalls(0));
            assertTrue(driver.requestCalls(1));
            assertFalse(driver.requestCalls(2));
        }

        @Test
        void andWritesNeitherTheFlagWithEventIndexNorTheIndexWithout() {
            raw.availFlags(0x10).usedEvent(0x20);
            SplitDriverHalf byIndex = raw.driver(true, 3);
            byIndex.suppressCalls();
            byIndex.requestCalls(0);
            SplitDeviceHalf device = device(false, 0);
            assertTrue(use(device, 1), "bit 0 of the flags is still clear");
            raw.usedEvent(0x20);
            SplitDriverHalf byFlag = raw.driver(false, 3);
            byFlag.requestCalls(0);
            raw.usedIndex(0x20);
            assertTrue(use(device(true, 0x20), 1), "used_event still stands");
        }
    }
}
