package io.annulet.vring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import io.annulet.memory.HostMemory;
import java.lang.management.ManagementFactory;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The two halves at work on one ring, in one thread. */
class BothHalvesTest {

    private static final int CHAINS = 200_000;

    /** Chains that carry their number, on their way from the driver to the device and back. */
    private static final class Traffic {
        final int size;
        final RawRing raw;
        final SplitDriverHalf driver;
        final SplitDeviceHalf device;
        final ChainBurst burst;
        final Deque<Integer> outstanding = new ArrayDeque<>();
        boolean kicked;
        boolean called;
        int offered;
        int seen;
        int returned;

        Traffic(int size, boolean eventIndex, int baseIndex) {
            this.size = size;
            raw = new RawRing(size);
            raw.availIndex(baseIndex).usedIndex(baseIndex);
            driver = raw.driver(eventIndex, baseIndex);
            device = raw.device(new RingFeatures(eventIndex, true), baseIndex);
            burst = new ChainBurst(size, size);
        }

        private long buffer(int chain) {
            return raw.buffers() + 64L * (chain % size);
        }

        void offer(int count) {
            for (int i = 0; i < count && driver.freeDescriptors() > 0; i++) {
                HostMemory.storeLong(raw.hostAddress(buffer(offered)), offered);
                int head = driver.offer(buffer(offered), 64, false);
                outstanding.add(head);
                offered++;
            }
            kicked |= driver.publishAvail();
        }

        void use(int count) {
            burst.clear();
            int taken = device.take(burst, count);
            for (int i = 0; i < taken; i++) {
                assertEquals(seen, HostMemory.loadLong(burst.segmentAddress(burst.firstSegment(i))));
                device.giveBack(burst.head(i), seen);
                seen++;
            }
            called |= device.publishUsed();
        }

        void takeBack() {
            int head = driver.takeUsed();
            while (head != SplitDriverHalf.NOTHING) {
                assertEquals(outstanding.remove(), head);
                assertEquals(returned, driver.writtenByteLength());
                returned++;
                head = driver.takeUsed();
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"1, false", "2, true", "4, false", "8, true", "64, false", "256, true"})
    void everyChainArrivesOnceInOrderOverSeveralIndexWraps(int size, boolean eventIndex) {
        Traffic traffic = new Traffic(size, eventIndex, 65_000);
        Random random = new Random(size);
        while (traffic.returned < CHAINS) {
            traffic.offer(random.nextInt(size + 1));
            traffic.use(1 + random.nextInt(size));
            traffic.takeBack();
        }
        assertEquals(traffic.offered, traffic.seen + traffic.driver.outstanding() - traffic.device.borrowed());
        assertEquals(RingFault.NONE, traffic.device.fault());
    }

    @ParameterizedTest
    @CsvSource({"1, false", "1, true", "2, true", "4, false", "64, true"})
    void sidesThatWorkOnlyWhenNotifiedNeverStall(int size, boolean eventIndex) {
        Traffic traffic = new Traffic(size, eventIndex, 65_000);
        Random random = new Random(size);
        traffic.device.requestKicks();
        boolean driverAsleep = false;
        boolean deviceAsleep = true;
        while (traffic.returned < CHAINS) {
            deviceAsleep &= !traffic.kicked;
            driverAsleep &= !traffic.called;
            assertTrue(!deviceAsleep || !driverAsleep, "both sides sleep");
            if (!driverAsleep && (deviceAsleep || random.nextBoolean())) {
                traffic.called = false;
                traffic.driver.suppressCalls();
                traffic.takeBack();
                traffic.offer(1 + random.nextInt(size));
                driverAsleep = random.nextBoolean() && !traffic.driver.requestCalls(0);
            } else {
                traffic.kicked = false;
                traffic.device.suppressKicks();
                traffic.use(1 + random.nextInt(size));
                deviceAsleep = random.nextBoolean() && !traffic.device.requestKicks();
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"false", "true"})
    void nothingIsAllocatedPerChain(boolean eventIndex) {
        Traffic traffic = new Traffic(64, eventIndex, 0);
        long table = traffic.raw.buffers() + 64 * 64;
        long[] addresses = {traffic.buffer(0), traffic.buffer(1), traffic.buffer(2)};
        int[] byteLengths = {12, 60, 64};
        Runnable round = () -> {
            traffic.driver.offer(traffic.buffer(0), 64, true);
            traffic.driver.offerChain(addresses, byteLengths, 3, 2);
            traffic.driver.offerIndirect(table, traffic.raw.hostAddress(table), addresses, byteLengths, 3, 1);
            traffic.driver.offer(-4096, 64, true);
            traffic.driver.publishAvail();
            traffic.burst.clear();
            int taken = traffic.device.take(traffic.burst, 64);
            traffic.device.untake(taken);
            traffic.burst.truncate(0);
            taken = traffic.device.take(traffic.burst, 64);
            for (int i = 0; i < taken; i++) {
                traffic.device.giveBack(traffic.burst.head(i), 1);
            }
            traffic.device.publishUsed();
            traffic.device.requestKicks();
            traffic.device.suppressKicks();
            while (traffic.driver.takeUsed() != SplitDriverHalf.NOTHING) {
                traffic.returned++;
            }
            traffic.driver.requestCalls(0);
            traffic.driver.suppressCalls();
            HostMemory.copy(traffic.raw.hostAddress(addresses[0]), traffic.raw.hostAddress(addresses[1]), 64);
            HostMemory.copy(traffic.raw.hostAddress(table), traffic.raw.hostAddress(table) + 4096, 1500);
            HostMemory.zero(traffic.raw.hostAddress(table), 12);
        };
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        for (int i = 0; i < 20_000; i++) {
            round.run();
        }
        traffic.returned = 0;
        long before = threads.getCurrentThreadAllocatedBytes();
        for (int i = 0; i < 10_000; i++) {
            round.run();
        }
        long allocated = threads.getCurrentThreadAllocatedBytes() - before;
        assertEquals(40_000, traffic.returned);
        assertTrue(allocated < 10_000, () -> allocated + " bytes allocated for 40,000 chains");
    }
}
