package io.annulet.model;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** The explored memory does what the well-known small programs ("litmus tests") tell of real machines, no less. */
class MemoryModelTest {

    private static final long X = 0;
    private static final long Y = 8;

    /** What both sides' loads can have returned together. */
    private static Set<String> outcomes(MemoryModel model, Program one, Program two) {
        Set<String> outcomes = new TreeSet<>();
        World start = new World(model, new Locations(address -> address == X ? "x" : "y"));
        new Exploration(one, two, 10_000).run(start, world -> outcomes.add(text(world, 0) + "|" + text(world, 1)));
        return outcomes;
    }

    private static String text(World world, int side) {
        StringBuilder text = new StringBuilder();
        for (long answer : world.answers(side)) {
            text.append(answer);
        }
        return text.toString();
    }

    private static void storeThenLoad(long mine, long other, boolean fence) {
        SteppedMemory.storeLong(mine, 1);
        if (fence) {
            SteppedMemory.fullFence();
        }
        SteppedMemory.loadLong(other);
    }

    @ParameterizedTest
    @CsvSource({
        "SEQUENTIAL, false, false, false",
        "STORE_BUFFERS, false, false, true",
        "STORE_BUFFERS, true, false, true",
        "STORE_BUFFERS, false, true, true",
        "STORE_BUFFERS, true, true, false",
        "WEAK, false, false, true",
        "WEAK, true, false, true",
        "WEAK, true, true, false"
    })
    void eachSideMayMissTheOthersStoreUnlessBothHaveAFullFence(
            MemoryModel model, boolean firstFence, boolean secondFence, boolean bothMayMiss) {
        Set<String> outcomes =
                outcomes(model, () -> storeThenLoad(X, Y, firstFence), () -> storeThenLoad(Y, X, secondFence));
        assertEquals(bothMayMiss ? Set.of("0|0", "0|1", "1|0", "1|1") : Set.of("0|1", "1|0", "1|1"), outcomes);
    }

    private static void writeThenPublish(boolean release) {
        SteppedMemory.storeLong(X, 1);
        if (release) {
            SteppedMemory.releaseFence();
        }
        SteppedMemory.storeShort(Y, 1);
    }

    private static void seeThenRead(boolean acquire) {
        if (acquire) {
            SteppedMemory.loadShortAcquire(Y);
        } else {
            SteppedMemory.loadShort(Y);
        }
        SteppedMemory.loadLong(X);
    }

    @ParameterizedTest
    @CsvSource({
        "SEQUENTIAL, false, false, false",
        "STORE_BUFFERS, false, false, false",
        "WEAK, false, false, true",
        "WEAK, true, false, true",
        "WEAK, false, true, true",
        "WEAK, true, true, false"
    })
    void whoSeesAPublicationSeesWhatWasWrittenBeforeItIfOneReleasesAndTheOtherAcquires(
            MemoryModel model, boolean release, boolean acquire, boolean oldValueMayBeSeen) {
        Set<String> outcomes = outcomes(model, () -> writeThenPublish(release), () -> seeThenRead(acquire));
        assertEquals(oldValueMayBeSeen ? Set.of("|00", "|01", "|10", "|11") : Set.of("|00", "|01", "|11"), outcomes);
    }

    @ParameterizedTest
    @EnumSource
    void oneLocationNeverGoesBack(MemoryModel model) {
        Program writer = () -> {
            SteppedMemory.storeLong(X, 1);
            SteppedMemory.storeLong(X, 2);
        };
        Program reader = () -> {
            SteppedMemory.loadLong(X);
            SteppedMemory.loadLong(X);
        };
        assertEquals(Set.of("|00", "|01", "|02", "|11", "|12", "|22"), outcomes(model, writer, reader));
    }

    @ParameterizedTest
    @EnumSource
    void aSideSeesItsOwnStores(MemoryModel model) {
        Program side = () -> {
            SteppedMemory.storeLong(X, 1);
            SteppedMemory.loadLong(X);
            SteppedMemory.releaseFence();
            SteppedMemory.storeLong(X, 2);
            SteppedMemory.loadLong(X);
        };
        assertEquals(Set.of("12|"), outcomes(model, side, () -> {}));
    }

    @Test
    void aRungBellWakesOnceAndIsKeptForWhoSleepsLater() {
        Program ringer = () -> SteppedMemory.ring(SteppedMemory.KICK);
        Program sleeper = () -> {
            SteppedMemory.awaitBell(SteppedMemory.KICK);
            SteppedMemory.loadLong(X);
            SteppedMemory.awaitBell(SteppedMemory.KICK);
            SteppedMemory.loadLong(X);
        };
        assertEquals(Set.of("|0"), outcomes(MemoryModel.WEAK, ringer, sleeper));
    }
}
