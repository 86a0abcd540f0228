package io.annulet.model;

import static io.annulet.model.MemoryModel.SEQUENTIAL;
import static io.annulet.model.MemoryModel.STORE_BUFFERS;
import static io.annulet.model.MemoryModel.WEAK;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.model.Rewired.Sabotage;
import io.annulet.model.Scenario.Variant;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Driver and device at work on a ring of 1, 2 or 4 descriptors, in every order of their accesses: every chain arrives
 * once, whole and in order, and the two never sleep while there is work. Then one fence after the other is left out of
 * the compiled code, and each time an order must be found in which that fails.
 */
@Timeout(300)
class InterleavingsTest {

    private static final int MOST_STATES = 2_000_000;
    private static final String BOTH_SLEEP = "both sides sleep and chains are left";

    private static int explore(Scenario scenario, MemoryModel model, Sabotage sabotage) {
        Rewired rewired = new Rewired(sabotage);
        Program driver = rewired.program(DriverProgram.class, scenario);
        Program device = rewired.program(DeviceProgram.class, scenario);
        Exploration exploration = new Exploration(driver, device, MOST_STATES);
        exploration.run(scenario.start(model), world -> {
            if (!world.isFinished(0)) {
                throw new AssertionError(BOTH_SLEEP);
            }
        });
        assertTrue(exploration.ends() > 0, "nothing ended");
        assertEquals(!sabotage.equals(Sabotage.NONE), rewired.sabotaged() > 0, "what was to be sabotaged");
        return exploration.states();
    }

    /** One chain more than the ring is long, so that descriptors and slots are used again. */
    static Stream<Scenario> worlds() {
        List<Scenario> worlds = new ArrayList<>();
        for (int size : new int[] {1, 2, 4}) {
            for (int batch = Math.max(1, size / 2); batch <= size; batch++) {
                add(worlds, size, size + 1, batch);
            }
        }
        return worlds.stream();
    }

    /** Where stores overtake each other there are too many orders for large batches and many chains. */
    static Stream<Scenario> worldsOfFewStores() {
        List<Scenario> worlds = new ArrayList<>();
        add(worlds, 1, 3, 1);
        add(worlds, 2, 3, 1);
        add(worlds, 2, 3, 2);
        add(worlds, 4, 2, 1);
        add(worlds, 4, 2, 2);
        return worlds.stream();
    }

    private static void add(List<Scenario> worlds, int size, int chains, int batch) {
        for (boolean eventIndex : new boolean[] {false, true}) {
            worlds.add(new Scenario(size, chains, eventIndex, batch, Variant.TRANSMIT));
            worlds.add(new Scenario(size, chains, eventIndex, batch, Variant.RECEIVE));
            if (batch > 1) {
                worlds.add(new Scenario(size, chains, eventIndex, batch, Variant.LATE_CALLS));
                worlds.add(new Scenario(size, chains, eventIndex, batch, Variant.PUT_BACK));
            }
        }
    }

    private static void exploreAndReport(Scenario scenario, MemoryModel model, TestReporter reporter) {
        int states = explore(scenario, model, Sabotage.NONE);
        reporter.publishEntry(model + ", " + scenario, states + " states");
    }

    /** That includes every order in which each store is seen at once. */
    @ParameterizedTest
    @MethodSource("worlds")
    void nothingIsLostWhenStoresAreSeenLate(Scenario scenario, TestReporter reporter) {
        exploreAndReport(scenario, STORE_BUFFERS, reporter);
    }

    @ParameterizedTest
    @MethodSource("worldsOfFewStores")
    void nothingIsLostWhenStoresOvertakeEachOtherAndLoadsAreDoneEarly(Scenario scenario, TestReporter reporter) {
        exploreAndReport(scenario, WEAK, reporter);
    }

    @ParameterizedTest
    @CsvSource({
        "C, DeviceHalf, publishUsed, false",
        "C, DeviceHalf, publishUsed, true",
        "C, SplitDriverHalf, requestCalls, false",
        "C, SplitDriverHalf, requestCalls, true",
        "D, SplitDriverHalf, publishAvail, false",
        "D, SplitDriverHalf, publishAvail, true",
        "D, SplitDeviceHalf, requestKicks, false",
        "D, SplitDeviceHalf, requestKicks, true"
    })
    void withoutAFullFenceANotificationIsLost(String pair, String type, String method, boolean eventIndex) {
        Scenario scenario = new Scenario(2, 3, eventIndex, 2, Variant.TRANSMIT);
        Sabotage sabotage = Sabotage.without(type, method, "fullFence");
        String storeBuffers = storyOfFailure(scenario, STORE_BUFFERS, sabotage);
        assertTrue(storeBuffers.contains(BOTH_SLEEP), () -> "[" + pair + "] " + storeBuffers);
        String weak = storyOfFailure(scenario, WEAK, sabotage);
        assertTrue(weak.contains(BOTH_SLEEP), () -> "[" + pair + "] " + weak);
    }

    @ParameterizedTest
    @CsvSource({
        "A, availIndexRelease, releaseFence, ''",
        "A, availIndexAcquire, loadShortAcquire, loadShort",
        "B, usedIndexRelease, releaseFence, ''",
        "B, usedIndexAcquire, loadShortAcquire, loadShort"
    })
    void withoutReleaseOrAcquireSomethingOldIsRead(String pair, String method, String call, String instead) {
        Sabotage sabotage = new Sabotage("SplitRing", method, call, instead);
        for (boolean eventIndex : new boolean[] {false, true}) {
            Scenario scenario = new Scenario(2, 3, eventIndex, 2, Variant.TRANSMIT);
            String story = storyOfFailure(scenario, WEAK, sabotage);
            assertTrue(!story.contains(BOTH_SLEEP), () -> "[" + pair + "] " + story);
        }
    }

    private static String storyOfFailure(Scenario scenario, MemoryModel model, Sabotage sabotage) {
        AssertionError found =
                assertThrows(AssertionError.class, () -> explore(scenario, model, sabotage), sabotage::toString);
        return String.valueOf(found.getMessage());
    }

    /** Why the memory between the sides has to be modelled at all. */
    @ParameterizedTest
    @CsvSource({
        "DeviceHalf, publishUsed",
        "SplitDriverHalf, requestCalls",
        "SplitDriverHalf, publishAvail",
        "SplitDeviceHalf, requestKicks"
    })
    void ifEveryAccessWereSeenAtOnceTheFencesWouldNotBeMissed(String type, String method) {
        Scenario scenario = new Scenario(2, 3, true, 2, Variant.TRANSMIT);
        explore(scenario, SEQUENTIAL, Sabotage.without(type, method, "fullFence"));
    }

    @ParameterizedTest
    @EnumSource(names = {"DEVICE_DOES_NOT_LOOK_AGAIN", "DRIVER_DOES_NOT_LOOK_AGAIN"})
    void g09ASideThatDoesNotLookAgainBeforeItSleepsIsNotWoken(Variant variant) {
        for (boolean eventIndex : new boolean[] {false, true}) {
            Scenario scenario = new Scenario(2, 3, eventIndex, 2, variant);
            assertTrue(storyOfFailure(scenario, SEQUENTIAL, Sabotage.NONE).contains(BOTH_SLEEP));
        }
    }

    @Test
    void aFailureTellsTheStepsThatLedToIt() {
        Scenario scenario = new Scenario(1, 2, true, 1, Variant.TRANSMIT);
        String story = storyOfFailure(
                scenario, STORE_BUFFERS, Sabotage.without("SplitDeviceHalf", "requestKicks", "fullFence"));
        assertTrue(story.lines().anyMatch(line -> line.startsWith("  device loads available index: ")), story);
        assertTrue(story.lines().anyMatch(line -> line.endsWith("available index = 0 reaches memory")), story);
        assertTrue(story.lines().anyMatch(line -> line.contains("used ring's avail_event")), story);
    }
}
