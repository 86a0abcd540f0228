package io.annulet.cli.study.batching;

import io.annulet.cli.study.Point;
import io.annulet.cli.study.ThreadMeter;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Measures points of the stand "rings"; owned by the thread of the sweep. */
final class RingBench {

    private final Latency latency = new Latency();
    private final Durations durations;

    RingBench(Durations durations) {
        this.durations = durations;
    }

    /** Values, or none if no frame came through in so short a time. */
    Map<String, Double> measure(Point point, boolean counting, int stretch) throws InterruptedException {
        Policy policy = Policy.of(point.get("policy"));
        latency.begin(point.has("experiment", "paced"));
        boolean packed = point.has("layout", "packed");
        try (RingLayout layout = new RingLayout(packed, policy.usesEventIndex(), point.number("frame"))) {
            if (point.has("direction", "transmit")) {
                try (TransmitEnds ends = new TransmitEnds(layout, policy, latency)) {
                    return measure(point, counting, stretch, policy, ends.sender(), ends.receiver(), ends::wake);
                }
            }
            try (ReceiveEnds ends = new ReceiveEnds(layout, policy, latency)) {
                return measure(point, counting, stretch, policy, ends.sender(), ends.receiver(), ends::wake);
            }
        }
    }

    private Map<String, Double> measure(
            Point point, boolean counting, int stretch, Policy policy, Sender sender, Receiver receiver, Runnable wake)
            throws InterruptedException {
        int batch = point.number("batch");
        Loops loops = new Loops();
        boolean lockStep = point.has("experiment", "lockstep");
        long step = durations.stepNanos(point);
        MeasuredThread sending = new MeasuredThread("sender", MeasuredThread.processor(0), counting, () -> {
            if (lockStep) {
                loops.sendInLockStep(sender, batch);
            } else {
                loops.send(sender, policy, batch, step);
            }
        });
        MeasuredThread receiving = new MeasuredThread("receiver", MeasuredThread.processor(1), counting, () -> {
            if (lockStep) {
                loops.receiveInLockStep(receiver, batch);
            } else {
                loops.receive(receiver, policy);
            }
        });
        sending.awaitReady();
        receiving.awaitReady();
        receiving.go();
        sending.go();
        TimeUnit.NANOSECONDS.sleep(stretch * durations.nanos(point, counting));
        loops.stop();
        wake.run();
        ThreadMeter.Reading senderUsed = sending.join();
        ThreadMeter.Reading receiverUsed = receiving.join();
        long frames = lockStep ? loops.sent() : loops.received();
        if (frames == 0) {
            return Map.of();
        }
        Map<String, Double> values = Measured.values(
                counting,
                frames,
                loops.nanos(),
                lockStep ? 2 * sender.rings() : sender.rings(),
                senderUsed,
                receiverUsed,
                latency);
        if (!counting) {
            if (lockStep) {
                values.put(Measured.TYPICAL, loops.typicalNanos(batch));
            }
            values.put("calls.sender", (double) sender.calls() / frames);
            values.put("calls.receiver", (double) receiver.calls() / frames);
        }
        return values;
    }
}
