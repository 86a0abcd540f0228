package io.annulet.vring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.memory.HostMemory;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * A device that notes what it has taken is killed at every step, and the one that comes after goes on: every chain comes
 * back once, in order, and what was not shown to the driver is taken again.
 */
final class InflightStepsTest {

    private static final int ROUNDS = 14;
    private static final int MOST_STEPS = 5000;

    private static final class Killed extends RuntimeException {
        private static final long serialVersionUID = 1L;
    }

    /** Stops before a store. */
    private static final class Steps extends InflightWords {
        int left;

        Steps(int left) {
            this.left = left;
        }

        private void step() {
            if (left-- == 0) {
                throw new Killed();
            }
        }

        @Override
        void word(long address, long value) {
            step();
            super.word(address, value);
        }

        @Override
        void pair(long address, int value) {
            step();
            super.pair(address, value);
        }

        @Override
        void octet(long address, int value) {
            step();
            super.octet(address, value);
        }
    }

    /** What a device does, in bursts of several sizes, some of it put back. */
    private static void work(InflightWorld world, DeviceHalf device) {
        ChainBurst burst = new ChainBurst(world.size, 4 * world.size);
        for (int round = 0; round < ROUNDS; round++) {
            for (int i = 0; i < 1 + round % 4; i++) {
                world.offer();
            }
            burst.clear();
            int taken = device.take(burst, 1 + round % 3);
            if (taken > 1 && round % 5 == 1) {
                device.untake(1);
                taken--;
            }
            device.giveBack(burst, 0, taken);
            if (round % 4 != 2) {
                device.publishUsed();
            }
            world.reclaim();
        }
    }

    /** Returns false if there are fewer steps. */
    private static boolean killAt(InflightWorld world, int step) {
        try {
            work(world, world.firstDevice(new Steps(step)));
            return false;
        } catch (Killed expected) {
            world.reclaim();
            return true;
        }
    }

    private static void goesOn(InflightWorld world, DeviceHalf next) {
        int returned = world.returned.size();
        List<Integer> taken = world.finish(next);
        for (int i = 0; i < taken.size(); i++) {
            assertEquals(returned + i, taken.get(i), "chains taken again");
        }
        world.assertAllReturnedInOrder();
    }

    @ParameterizedTest
    @CsvSource({"false, 2", "false, 8", "true, 3", "true, 8"})
    void K09_killedAtAnyStep(boolean packed, int size) {
        int step = 0;
        while (true) {
            InflightWorld world = new InflightWorld(packed, size);
            boolean killed = killAt(world, step);
            world.offer();
            goesOn(world, world.nextDevice(InflightWords.PLAIN));
            if (!killed) {
                break;
            }
            step++;
            assertTrue(step < MOST_STEPS);
        }
        assertTrue(step > 40, step + " steps");
    }

    /** The device that comes after is killed too, at every step of its beginning, and the third goes on. */
    @ParameterizedTest
    @CsvSource({"false, 4", "true, 4"})
    void K09_killedAgainWhileItRecovers(boolean packed, int size) {
        for (int step = 0; step < 120; step++) {
            for (int second = 0; second < 3 * size + 12; second++) {
                InflightWorld world = new InflightWorld(packed, size);
                killAt(world, step);
                try {
                    work(world, world.nextDevice(new Steps(second)));
                } catch (Killed expected) {
                    world.reclaim();
                }
                goesOn(world, world.nextDevice(InflightWords.PLAIN));
            }
        }
    }

    /** The first used element, which shows the others, is written last: a process can be killed in between. */
    @ParameterizedTest
    @CsvSource({"3", "8"})
    void K09_killedWithHalfOfAPackedPublicationMade(int size) {
        for (int count = 1; count <= size * 2 / 3; count++) {
            InflightWorld world = new InflightWorld(true, size);
            NotedHalf device = world.firstDevice(InflightWords.PLAIN);
            for (int i = 0; i < count; i++) {
                world.offer();
            }
            ChainBurst burst = new ChainBurst(size, 4 * size);
            assertEquals(count, device.take(burst, size));
            device.notePassing(count);
            long first = world.base + 8L;
            long before = HostMemory.loadLong(first);
            device.giveBack(burst, 0, count);
            long noted = copyOf(world);
            device.showUsed();
            // Back to just before the first element was written, and what was noted then.
            HostMemory.storeLong(first, before);
            HostMemory.copy(noted, world.region, InflightLayout.regionBytes(true, size));
            unpublished(world, count, size);
            InflightChains found = Objects.requireNonNull(world.read());
            assertEquals(count, found.chains().size());
            assertEquals(count, found.passedChains(), "chains that are not to be sent again");
            goesOn(world, world.nextDevice(InflightWords.PLAIN));
        }
    }

    private static long copyOf(InflightWorld world) {
        long byteLength = InflightLayout.regionBytes(true, world.size);
        long copy = io.annulet.memory.ArenaRegions.allocate(byteLength).address();
        HostMemory.copy(world.region, copy, byteLength);
        return copy;
    }

    /** What is noted before a publication is made. */
    private static void unpublished(InflightWorld world, int count, int size) {
        int descriptors = 0;
        for (int i = 0; i < count; i++) {
            descriptors += 1 + (i & 1);
        }
        int to = PackedPosition.plus(PackedPosition.START, descriptors, size);
        HostMemory.storeLong(
                world.region + InflightLayout.POSITIONS, InflightLayout.positions(to, PackedPosition.START));
    }
}
