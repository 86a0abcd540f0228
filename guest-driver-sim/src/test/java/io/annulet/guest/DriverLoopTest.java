package io.annulet.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import io.annulet.guest.peer.LoopbackDevice;
import io.annulet.vhostuser.VirtioFeature;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The driver looped to a device half in the same process: every frame comes back as it was sent. */
@Timeout(120)
final class DriverLoopTest {

    private static final long MAC = 0x02_00_00_00_00_01L;
    private static final long PLAIN = VirtioFeature.VERSION_1;
    private static final long MERGEABLE = PLAIN | VirtioFeature.NET_MRG_RXBUF;
    private static final long[] ALL_RINGS = {
        0, VirtioFeature.EVENT_IDX, VirtioFeature.RING_PACKED, VirtioFeature.RING_PACKED | VirtioFeature.EVENT_IDX
    };

    record Case(String name, long features, QueueOptions options) {
        @Override
        public String toString() {
            return name;
        }
    }

    static Stream<Case> layouts() {
        List<Case> cases = new ArrayList<>();
        for (long layout : new long[] {0, VirtioFeature.RING_PACKED}) {
            for (long events : new long[] {0, VirtioFeature.EVENT_IDX}) {
                String with = (layout == 0 ? "" : ", packed") + (events == 0 ? "" : ", event index");
                addLayouts(cases, VirtioFeature.INDIRECT_DESC | layout | events, with);
            }
        }
        for (int size : new int[] {3, 7, 1000, 32_767}) {
            long ring = VirtioFeature.RING_PACKED | VirtioFeature.EVENT_IDX;
            QueueOptions options = QueueOptions.DEFAULTS.withRingSize(size);
            cases.add(new Case("packed ring of " + size, MERGEABLE | ring, options));
            cases.add(new Case(
                    "packed ring of " + size + ", 3 pieces",
                    MERGEABLE | ring,
                    options.withTransmitFraming(Framing.pieces(3))));
        }
        return cases.stream();
    }

    private static void addLayouts(List<Case> cases, long ring, String with) {
        QueueOptions plain = QueueOptions.DEFAULTS.withBaseIndex(65_500);
        for (Framing framing : List.of(
                Framing.ONE_DESCRIPTOR,
                Framing.HEADER_APART,
                Framing.pieces(5),
                Framing.HEADER_APART.throughTable(),
                new Framing(true, 7, true))) {
            QueueOptions options = plain.withTransmitFraming(framing);
            cases.add(new Case("sent as " + framing + with, MERGEABLE | ring, options));
            cases.add(new Case("received as " + framing + with, PLAIN | ring, plain.withReceiveBuffers(2048, framing)));
            cases.add(new Case(
                    "merged from 128 bytes as " + framing + with,
                    MERGEABLE | ring,
                    options.withReceiveBuffers(128, framing)));
        }
        cases.add(new Case("legacy" + with, ring, plain));
        cases.add(new Case("hash report" + with, MERGEABLE | VirtioFeature.NET_HASH_REPORT | ring, plain));
        cases.add(new Case(
                "big buffers" + with,
                PLAIN | ring,
                plain.withReceiveBuffers(QueueOptions.BIG_BUFFER_BYTES, Framing.ONE_DESCRIPTOR)));
        cases.add(new Case("ring of 1" + with, PLAIN | ring, plain.withRingSize(1)));
        cases.add(new Case("ring of 2" + with, MERGEABLE | ring, plain.withRingSize(2)));
        cases.add(new Case("ring of 32768" + with, MERGEABLE | ring, plain.withRingSize(32_768)));
    }

    @ParameterizedTest
    @MethodSource("layouts")
    void everyFrameComesBackWhole(Case layout) {
        try (World world = new World(layout.features(), layout.options())) {
            SplittableRandom random = new SplittableRandom(1);
            FrameFactory frames = new FrameFactory(MAC, MAC, 0);
            TrafficChecker checker = new TrafficChecker(MAC, 1);
            while (frames.sequence() < 70_000) {
                world.send(frames, random.nextInt(FrameFactory.MIN_BYTE_LENGTH, 1519), 1 + random.nextInt(100));
                world.device.poll();
                world.receive.receive(checker, 1 + random.nextInt(200));
            }
            world.drain(checker);
            checker.closeFlow(0, frames.sequence());
            assertEquals(frames.sequence(), checker.frames());
            assertTrue(checker.isClean(), checker::toString);
            assertEquals(
                    0,
                    world.transmit.violations().total()
                            + world.receive.violations().total());
            world.transmit.reclaim();
            assertEquals(0, world.transmit.outstanding());
            assertEquals(frames.sequence(), world.transmit.usedFrames());
        }
    }

    @Test
    void framesOf64KilobytesAreMergedFromManyBuffers() {
        QueueOptions options = QueueOptions.DEFAULTS.withMaxFrameByteLength(65_549);
        try (World world = new World(MERGEABLE, options)) {
            FrameFactory frames = new FrameFactory(MAC, MAC, 0);
            TrafficChecker checker = new TrafficChecker(MAC, 1);
            for (int i = 0; i < 500; i++) {
                world.send(frames, 65_549 - i, 1);
                world.drain(checker);
            }
            assertEquals(500, checker.frames());
            assertTrue(checker.isClean(), checker::toString);
        }
    }

    @Test
    void allocatesNothingForAFrame() {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        for (long layout : new long[] {0, VirtioFeature.RING_PACKED}) {
            try (World world = new World(MERGEABLE | VirtioFeature.EVENT_IDX | layout, QueueOptions.DEFAULTS)) {
                FrameFactory frames = new FrameFactory(MAC, MAC, 0);
                TrafficChecker checker = new TrafficChecker(MAC, 1);
                long allocated = Long.MAX_VALUE;
                // Interpreted code allocates, and how soon it is compiled depends on the machine's load.
                for (int round = 0; round < 30 && allocated >= 10_000; round++) {
                    long before = threads.getCurrentThreadAllocatedBytes();
                    world.exchange(frames, checker, 300_000);
                    allocated = threads.getCurrentThreadAllocatedBytes() - before;
                }
                assertTrue(checker.isClean(), checker::toString);
                assertTrue(allocated < 10_000, allocated + " bytes for 300,000 frames");
            }
        }
    }

    @Test
    void kicksOnlyWhenTheDeviceAsks() {
        for (long ring : ALL_RINGS) {
            long events = ring & VirtioFeature.EVENT_IDX;
            try (World world = new World(MERGEABLE | ring, QueueOptions.DEFAULTS)) {
                FrameFactory frames = new FrameFactory(MAC, MAC, 0);
                world.device.requestKicks();
                world.device.suppressKicks();
                if (events == 0) {
                    assertFalse(world.send(frames, 60, 1), "suppressed by flag");
                    world.device.poll();
                }
                world.device.requestKicks();
                assertTrue(world.send(frames, 60, 3), "asked for");
                if (events != 0) {
                    assertFalse(world.send(frames, 60, 3), "the event index is passed");
                }
            }
        }
    }

    @Test
    void theKickPolicyOverridesTheDevice() {
        QueueOptions always = QueueOptions.DEFAULTS.withKickPolicy(KickPolicy.ALWAYS);
        QueueOptions never = QueueOptions.DEFAULTS.withKickPolicy(KickPolicy.NEVER);
        FrameFactory frames = new FrameFactory(MAC, MAC, 0);
        try (World kicking = new World(MERGEABLE, always);
                World silent = new World(MERGEABLE, never)) {
            kicking.device.suppressKicks();
            silent.device.requestKicks();
            assertTrue(kicking.send(frames, 60, 1));
            assertFalse(silent.send(frames, 60, 1));
            assertEquals(0, silent.transmit.vring().kicks());
        }
    }

    @Test
    void bothSidesSleepAndNoNotificationIsLost() throws InterruptedException {
        for (long ring : ALL_RINGS) {
            try (World world = new World(MERGEABLE | ring, QueueOptions.DEFAULTS)) {
                AtomicBoolean stop = new AtomicBoolean();
                Thread device = Thread.ofPlatform().start(() -> {
                    while (!stop.get()) {
                        if (world.device.poll() == 0 && !world.device.requestKicks()) {
                            world.device.awaitKick(1_000_000_000);
                        }
                    }
                });
                FrameFactory frames = new FrameFactory(MAC, MAC, 0);
                TrafficChecker checker = new TrafficChecker(MAC, 1);
                for (int i = 0; i < 3_000; i++) {
                    world.send(frames, 60, 1);
                    while (checker.frames() < frames.sequence()) {
                        assertTrue(world.receive.awaitUsed(10_000_000_000L), "a call was lost at frame " + i);
                        world.receive.receive(checker, 256);
                    }
                }
                stop.set(true);
                world.transmit.vring().kick();
                device.join();
                assertTrue(checker.isClean(), checker::toString);
            }
        }
    }

    /** One guest with one queue pair and its device. */
    private static final class World implements AutoCloseable {
        final GuestRam ram;
        final NetDriver driver;
        final LoopbackDevice device;
        final DriverTransmitQueue transmit;
        final DriverReceiveQueue receive;

        World(long features, QueueOptions options) {
            long half = NetDriver.ramByteLength(options, 1);
            ram = GuestRam.create(RamOptions.regions(2, half, 1 << 20));
            driver = new NetDriver(ram, options, 1);
            driver.start(features);
            device = new LoopbackDevice(ram, driver, 0, features, options.baseIndex());
            transmit = driver.transmitQueue(0);
            receive = driver.receiveQueue(0);
        }

        /** Sends up to {@code count} frames; whether the device was kicked. */
        boolean send(FrameFactory frames, int byteLength, int count) {
            for (int i = 0; i < count; i++) {
                long address = transmit.reserve();
                if (address == 0) {
                    break;
                }
                frames.write(address, byteLength);
                transmit.submit(byteLength);
            }
            return transmit.flush();
        }

        void exchange(FrameFactory frames, TrafficChecker checker, int count) {
            long end = frames.sequence() + count;
            while (frames.sequence() < end) {
                send(frames, 64, 32);
                device.poll();
                receive.receive(checker, 64);
            }
        }

        void drain(TrafficChecker checker) {
            while (device.poll() + receive.receive(checker, 1024) > 0) {
                assertFalse(device.isBroken());
            }
        }

        @Override
        public void close() {
            driver.close();
            ram.close();
        }
    }
}
