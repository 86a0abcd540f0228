package io.annulet.cli.study.batching;

import io.annulet.backend.control.ControlLoop;
import io.annulet.backend.data.PollMode;
import io.annulet.cli.study.Point;
import io.annulet.cli.study.StudyFailure;
import io.annulet.cli.study.ThreadMeter;
import io.annulet.cli.study.batching.GuestEnds.GuestReceiver;
import io.annulet.cli.study.batching.GuestEnds.GuestSender;
import io.annulet.guest.FrontEndException;
import io.annulet.guest.GuestOptions;
import io.annulet.guest.KickPolicy;
import io.annulet.guest.QueueOptions;
import io.annulet.guest.SimulatedGuest;
import io.annulet.linux.LinuxException;
import io.annulet.vhostuser.VirtioFeature;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Measures points of the stand "back-end", and of a back-end of someone else's; owned by the thread of the sweep. The
 * guest is one thread, the worker of our back-end the other.
 */
final class BackEndBench implements AutoCloseable {

    private static final long TIMEOUT_NANOS = TimeUnit.SECONDS.toNanos(5);

    private final Latency latency = new Latency();
    private final ControlLoop control = new ControlLoop();
    private final Durations durations;
    private final @Nullable Path other;
    private final Path folder;

    /** @param other socket of another back-end, for the stand of that name */
    BackEndBench(Durations durations, @Nullable Path other) {
        this.durations = durations;
        this.other = other;
        try {
            folder = Files.createTempDirectory("annulet-study");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Whether the back-end offers rings of the packed layout. */
    boolean offersPackedRings() {
        Path socket = folder.resolve("guest.sock");
        GuestOptions options = GuestOptions.DEFAULTS.withFeatures(
                VirtioFeature.VERSION_1 | VirtioFeature.PROTOCOL_FEATURES | VirtioFeature.RING_PACKED);
        try (Stand stand = new Stand(control, socket, PollMode.SLEEP, latency, 64, 1, 0, false);
                SimulatedGuest guest = SimulatedGuest.connect(socket, options)) {
            return stand.threadId() != 0 && (guest.features() & VirtioFeature.RING_PACKED) != 0;
        }
    }

    /** Values, or none if no frame came through in so short a time. */
    Map<String, Double> measure(Point point, boolean counting, int stretch) throws InterruptedException {
        latency.begin(point.has("experiment", "paced"));
        try {
            if (point.has("stand", "other") && other != null) {
                return measure(point, counting, stretch, other, null);
            }
            Path socket = folder.resolve("guest.sock");
            boolean receive = point.has("direction", "receive");
            boolean free = receive && !point.has("experiment", "lockstep");
            try (Stand stand = new Stand(
                    control,
                    socket,
                    pollMode(point),
                    latency,
                    point.number("frame"),
                    point.number("batch"),
                    durations.stepNanos(point),
                    free)) {
                return measure(point, counting, stretch, socket, stand);
            }
        } catch (FrontEndException | LinuxException e) {
            throw new StudyFailure("the back-end: " + e.getMessage(), e);
        }
    }

    private static PollMode pollMode(Point point) {
        return switch (Policy.of(point.get("policy"))) {
            case ADAPTIVE -> PollMode.ADAPTIVE;
            case POLL -> PollMode.BUSY;
            default -> PollMode.SLEEP;
        };
    }

    private Map<String, Double> measure(Point point, boolean counting, int stretch, Path socket, @Nullable Stand stand)
            throws InterruptedException {
        try (SimulatedGuest guest = SimulatedGuest.connect(socket, options(point))) {
            return point.has("direction", "transmit")
                    ? transmit(point, counting, stretch, guest, stand)
                    : receive(point, counting, stretch, guest, stand);
        }
    }

    private static GuestOptions options(Point point) {
        Policy policy = Policy.of(point.get("policy"));
        boolean lockStep = point.has("experiment", "lockstep");
        boolean eventIndex = lockStep || policy.usesEventIndex();
        long features = VirtioFeature.VERSION_1
                | VirtioFeature.PROTOCOL_FEATURES
                | (eventIndex ? VirtioFeature.EVENT_IDX : 0)
                | (point.has("layout", "packed") ? VirtioFeature.RING_PACKED : 0);
        KickPolicy kicks = policy.isAsked() && !lockStep ? KickPolicy.AS_ASKED : KickPolicy.NEVER;
        QueueOptions queues = QueueOptions.DEFAULTS
                .withRingSize(RingLayout.RING_SIZE)
                .withMaxFrameByteLength(point.number("frame"))
                .withKickPolicy(kicks);
        return GuestOptions.DEFAULTS
                .withFeatures(features)
                .withQueues(queues)
                .withTimeoutNanos(TIMEOUT_NANOS)
                .withPopulatedRam();
    }

    private Map<String, Double> transmit(
            Point point, boolean counting, int stretch, SimulatedGuest guest, @Nullable Stand stand)
            throws InterruptedException {
        Policy policy = Policy.of(point.get("policy"));
        int batch = point.number("batch");
        boolean lockStep = point.has("experiment", "lockstep");
        GuestSender sender = new GuestSender(guest, point.number("frame"), policy.isAsked() && !lockStep);
        Loops loops = new Loops();
        long step = durations.stepNanos(point);
        MeasuredThread sending = new MeasuredThread("sender", MeasuredThread.processor(0), counting, () -> {
            if (lockStep) {
                if (stand != null) { // another back-end may keep what nobody takes from it
                    loops.touchAllBuffers(sender);
                }
                loops.sendInLockStep(sender, batch);
            } else {
                loops.send(sender, policy, batch, step);
            }
        });
        ThreadMeter.Reading worker = run(stretch * durations.nanos(point, counting), counting, sending, stand, loops);
        ThreadMeter.Reading guestUsed = sending.join();
        if (guest.transmitQueue(0).violations().total() > 0) {
            throw new StudyFailure("the back-end gave buffers back that it was never offered");
        }
        long frames = lockStep || stand == null ? loops.sent() : stand.end().taken();
        long notifications = lockStep ? 2 * sender.rings() : sender.rings();
        Map<String, Double> values = values(counting, frames, loops, notifications, guestUsed, worker);
        putTypical(values, lockStep && !counting && frames > 0, loops, batch);
        if (!counting && frames > 0) {
            values.put("calls.sender", (double) sender.calls() / frames);
        }
        return values;
    }

    private Map<String, Double> receive(
            Point point, boolean counting, int stretch, SimulatedGuest guest, @Nullable Stand stand)
            throws InterruptedException {
        if (stand == null) {
            throw new IllegalArgumentException("another back-end cannot be told to send");
        }
        int batch = point.number("batch");
        boolean lockStep = point.has("experiment", "lockstep");
        GuestReceiver receiver = new GuestReceiver(guest, stand.end(), latency);
        Loops loops = new Loops();
        Policy policy = Policy.of(point.get("policy"));
        MeasuredThread receiving = new MeasuredThread("receiver", MeasuredThread.processor(0), counting, () -> {
            if (lockStep) {
                loops.touchAllBuffers(receiver, receiver::order);
                loops.order(receiver, batch, () -> receiver.order(batch));
            } else {
                loops.receive(receiver, policy);
            }
        });
        ThreadMeter.Reading worker = run(stretch * durations.nanos(point, counting), counting, receiving, stand, loops);
        ThreadMeter.Reading guestUsed = receiving.join();
        long frames = loops.received();
        long notifications = receiver.called() + (lockStep ? frames / batch : 0);
        Map<String, Double> values = values(counting, frames, loops, notifications, worker, guestUsed);
        putTypical(values, lockStep && !counting && frames > 0, loops, batch);
        if (!counting && frames > 0) {
            values.put("calls.receiver", (double) receiver.calls() / frames);
        }
        return values;
    }

    private static void putTypical(Map<String, Double> values, boolean isMeasured, Loops loops, int batch) {
        if (isMeasured && Double.isFinite(loops.typicalNanos(batch))) {
            values.put(Measured.TYPICAL, loops.typicalNanos(batch));
        }
    }

    /** Lets the guest's thread work for a while; what the worker used meanwhile. */
    private ThreadMeter.Reading run(
            long nanos, boolean counting, MeasuredThread guest, @Nullable Stand stand, Loops loops)
            throws InterruptedException {
        int threadId = stand == null ? 0 : stand.threadId();
        if (stand == null) {
            guest.awaitReady();
            guest.go();
            TimeUnit.NANOSECONDS.sleep(nanos);
            loops.stop();
            return ThreadMeter.Reading.NONE;
        }
        try (ThreadMeter meter = counting ? ThreadMeter.ofSystemCalls(threadId) : ThreadMeter.of(threadId)) {
            guest.awaitReady();
            ThreadMeter.Reading before = meter.read();
            if (stand.end().isFree()) {
                stand.end().trigger().signal();
            }
            guest.go();
            TimeUnit.NANOSECONDS.sleep(nanos);
            loops.stop();
            guest.join();
            return meter.read().since(before);
        }
    }

    private Map<String, Double> values(
            boolean counting,
            long frames,
            Loops loops,
            long notifications,
            ThreadMeter.Reading sender,
            ThreadMeter.Reading receiver) {
        if (frames == 0) {
            return new HashMap<>();
        }
        return Measured.values(counting, frames, loops.nanos(), notifications, sender, receiver, latency);
    }

    @Override
    public void close() {
        control.close();
        try {
            Files.deleteIfExists(folder.resolve("guest.sock"));
            Files.deleteIfExists(folder);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
