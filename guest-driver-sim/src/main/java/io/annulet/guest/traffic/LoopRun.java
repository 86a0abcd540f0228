package io.annulet.guest.traffic;

import io.annulet.guest.GuestOptions;
import io.annulet.guest.GuestRam;
import io.annulet.guest.NetDriver;
import io.annulet.guest.RamOptions;
import io.annulet.guest.peer.LoopbackDevice;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * What the simulator costs by itself: its driver looped to the least device there is, in one thread, without a socket.
 * Sending, receiving and checking are those of a {@link TrafficRun}.
 */
public final class LoopRun {

    private static final String NAME = "loop";

    private LoopRun() {}

    /** The device of all pairs as a duty beside those of the guest. */
    private static final class DeviceDuty implements Duty {
        private final List<LoopbackDevice> devices = new ArrayList<>();

        @Override
        public int step(long nowNanos) {
            int moved = 0;
            for (LoopbackDevice device : devices) {
                moved += device.poll();
            }
            return moved;
        }

        @Override
        public boolean isDone() {
            return true;
        }
    }

    /**
     * Runs the load, after its warm-up.
     *
     * @param options of which the guest, the load and the placement count
     */
    public static PhaseReport run(
            TrafficOptions options, Interruption interruption, TrafficProgress.Listener listener) {
        GuestOptions guest = options.fittedGuest();
        long ramBytes = NetDriver.ramByteLength(guest.queues(), guest.queuePairs());
        try (GuestRam ram = GuestRam.create(guest.ram() != null ? guest.ram() : RamOptions.of(ramBytes));
                NetDriver driver = new NetDriver(ram, guest.queues(), guest.queuePairs())) {
            driver.start(guest.features());
            DeviceDuty device = new DeviceDuty();
            for (int pair = 0; pair < guest.queuePairs(); pair++) {
                device.devices.add(new LoopbackDevice(ram, driver, pair, guest.features(), 0));
            }
            Load load = options.load();
            TestFrameSource source = TestFrameSource.of(load, 0, 0, 0);
            FrameCheck check = FrameCheck.of(load, 0, List.of(source), load.flows());
            if (load.warmupNanos() > 0) {
                Load warmup = load.withFrames(Long.MAX_VALUE).withDurations(load.warmupNanos(), 0);
                phase(options, warmup, driver, device, source, check, interruption, listener);
            }
            return phase(options, load, driver, device, source, check, interruption, listener);
        }
    }

    private static PhaseReport phase(
            TrafficOptions options,
            Load load,
            NetDriver driver,
            DeviceDuty device,
            TestFrameSource source,
            FrameCheck check,
            Interruption interruption,
            TrafficProgress.Listener listener) {
        check.begin();
        Pacer pacer = new Pacer(load.rate().inFrames(source.meanByteLength()), load.frames(), load.durationNanos());
        Sender sender = new Sender(driver, source, pacer, load.batching(), 0, load.durationNanos());
        Receiver receiver = new Receiver(
                driver,
                check,
                sender::isDone,
                sender::publishedSent,
                options.patience().quietNanos());
        Phase phase = new Phase(List.of(), options.patience());
        phase.add(List.of(receiver, sender, device), options.placement().cpuOf(0));
        long startNanos = System.nanoTime();
        String end = phase.run(Map.of(), interruption, () -> {
            double share = (double) (System.nanoTime() - startNanos) / load.durationNanos();
            listener.onProgress(
                    new TrafficProgress(NAME, Math.min(1, share), sender.publishedSent(), receiver.publishedFrames()));
        });
        check.end();
        return new PhaseReport(
                List.of(DirectionReport.of(
                        NAME, NAME, sender, receiver, !load.rate().isMax())),
                System.nanoTime() - startNanos,
                phase.cpuNanos(),
                phase.idleShare(),
                0,
                0,
                sender.longestGapNanos(),
                sender.stalledNanos(),
                end);
    }
}
