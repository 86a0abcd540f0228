package io.annulet.cli;

import io.annulet.backend.Backend;
import io.annulet.backend.BackendOptions;
import io.annulet.backend.PortOptions;
import io.annulet.backend.control.VhostUserOptions;
import io.annulet.backend.data.PollMode;
import io.annulet.guest.DriverReceiveQueue;
import io.annulet.guest.DriverTransmitQueue;
import io.annulet.guest.FrameFactory;
import io.annulet.guest.GuestOptions;
import io.annulet.guest.SimulatedGuest;
import io.annulet.vhostuser.VirtioFeature;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.CompilationMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.BitSet;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;

/**
 * Runs the code that a back-end is about to need, so that it is compiled when guests wait for it: private back-ends with
 * simulated guests, which hand each other over. Used by the main thread, before this process serves anybody.
 */
final class Warmup {

    private static final Duration TRAFFIC = Duration.ofMillis(300);
    private static final int HANDOVERS = 20;
    private static final Duration MOST_COMPILING = Duration.ofSeconds(3);
    private static final Duration STILL = Duration.ofMillis(100);
    private static final int FRAMES_UNDER_WAY = 128;
    private static final long MAC_A = 0x02_00_00_00_fe_01L;
    private static final long MAC_B = 0x02_00_00_00_fe_02L;

    private Warmup() {}

    static void run() {
        Path folder = null;
        try {
            folder = Files.createTempDirectory("annulet-warm");
            run(folder, GuestOptions.DEFAULTS.withFeatures(GuestOptions.LINUX_FEATURES | VirtioFeature.RING_PACKED));
            run(folder, GuestOptions.DEFAULTS);
            awaitCompiled();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            if (folder != null) {
                remove(folder);
            }
        }
    }

    private static void run(Path folder, GuestOptions how) {
        BackendOptions options = options(folder);
        Backend serving = new Backend(options);
        serving.start();
        try (SimulatedGuest a = SimulatedGuest.connect(socket(folder, "a"), how);
                SimulatedGuest b = SimulatedGuest.connect(socket(folder, "b"), how)) {
            for (int i = 0; i < HANDOVERS; i++) {
                move(a, b, TRAFFIC.dividedBy(HANDOVERS));
                Backend next = new Backend(options);
                try {
                    next.takeOver();
                    next.start();
                    serving.handedOver().join();
                } finally {
                    serving.close();
                    serving = next;
                }
            }
            move(a, b, TRAFFIC.dividedBy(HANDOVERS));
        } finally {
            serving.close();
        }
    }

    /** The compiler is behind, and would keep a processor from what comes next. */
    private static void awaitCompiled() {
        CompilationMXBean compiler = ManagementFactory.getCompilationMXBean();
        if (compiler == null || !compiler.isCompilationTimeMonitoringSupported()) {
            return;
        }
        long endNanos = System.nanoTime() + MOST_COMPILING.toNanos();
        long before = -1;
        for (long now = 0; now != before && System.nanoTime() - endNanos < 0; ) {
            before = now;
            LockSupport.parkNanos(STILL.toNanos());
            now = compiler.getTotalCompilationTime();
        }
    }

    private static BackendOptions options(Path folder) {
        List<PortOptions> ports = Stream.of("a", "b")
                .map(name -> (PortOptions) new PortOptions.Guest(VhostUserOptions.server(name, socket(folder, name))))
                .toList();
        return new BackendOptions(
                ports,
                List.of(),
                1,
                new BitSet(),
                PollMode.ADAPTIVE,
                folder.resolve("counters"),
                folder.resolve("state"),
                Duration.ZERO,
                0);
    }

    private static Path socket(Path folder, String port) {
        return folder.resolve(port);
    }

    private static void move(SimulatedGuest a, SimulatedGuest b, Duration how) {
        Direction forth = new Direction(a, MAC_A, b, MAC_B);
        Direction back = new Direction(b, MAC_B, a, MAC_A);
        long endNanos = System.nanoTime() + how.toNanos();
        while (System.nanoTime() - endNanos < 0) {
            forth.step();
            back.step();
        }
    }

    /** Frames of all lengths from one guest to the other, whatever becomes of them. */
    private static final class Direction {
        private final DriverTransmitQueue from;
        private final DriverReceiveQueue to;
        private final FrameFactory frames;

        Direction(SimulatedGuest from, long fromMac, SimulatedGuest to, long toMac) {
            this.from = from.transmitQueue(0);
            this.to = to.receiveQueue(0);
            this.frames = new FrameFactory(toMac, fromMac, 0);
        }

        void step() {
            from.reclaim();
            for (int i = from.outstanding(); i < FRAMES_UNDER_WAY; i++) {
                long address = from.reserve();
                if (address == 0) {
                    break;
                }
                int byteLength = FrameFactory.MIN_BYTE_LENGTH + (int) (frames.sequence() % 1400);
                frames.write(address, byteLength);
                from.submit(byteLength);
            }
            from.flush();
            to.receive(frame -> {}, FRAMES_UNDER_WAY);
        }
    }

    private static void remove(Path folder) {
        try (Stream<Path> all = Files.walk(folder)) {
            all.sorted(Comparator.reverseOrder()).forEach(file -> file.toFile().delete());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
