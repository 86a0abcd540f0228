package io.annulet.cli.study.syscalls;

import io.annulet.cli.study.Point;
import io.annulet.cli.study.QuietTap;
import io.annulet.cli.study.Study;
import io.annulet.cli.study.StudyFailure;
import io.annulet.cli.study.ThreadMeter;
import io.annulet.linux.Cpus;
import io.annulet.linux.KernelFeatures;
import io.annulet.linux.ThreadClock;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Sends and receives through a tap of its own; owned by the thread of the sweep. */
final class SyscallBench implements Study.Bench {

    static final int MTU = 1600;

    private static final long MILLIS = 60;
    private static final long QUICK_MILLIS = 4;

    private final QuietTap tap;
    private final long nanos;

    SyscallBench(QuietTap tap, boolean quick) {
        this.tap = tap;
        this.nanos = TimeUnit.MILLISECONDS.toNanos(quick ? QUICK_MILLIS : MILLIS);
    }

    static boolean hasUring() {
        return KernelFeatures.ioUring() == KernelFeatures.Answer.AVAILABLE;
    }

    /** Sums over all batches of one measurement. */
    private static final class Sums {
        private long messages;
        private long wallNanos;
        private long cpuNanos;
    }

    @Override
    public Map<String, Double> measure(Point point, boolean counting) throws InterruptedException {
        int thread = Cpus.currentThreadId();
        boolean sends = point.has("direction", "send");
        int batch = point.number("messages");
        try (Messages messages = new Messages(tap.tap(), Way.of(point.get("way")), point.number("frame"));
                ThreadMeter meter = counting ? ThreadMeter.ofSystemCalls(thread) : ThreadMeter.of(thread)) {
            Sums sums = new Sums();
            ThreadMeter.Reading before = meter.read();
            long deadline = System.nanoTime() + nanos / (counting ? 3 : 1);
            long fills = 0;
            while (System.nanoTime() < deadline) {
                if (!sends) {
                    fill(messages, batch, point.number("frame"));
                    fills += batch;
                }
                long wall = System.nanoTime();
                long cpu = counting ? 0 : ThreadClock.cpuTimeNanos();
                if (sends) {
                    messages.send(batch);
                } else {
                    messages.receive(batch);
                }
                sums.cpuNanos += counting ? 0 : ThreadClock.cpuTimeNanos() - cpu;
                sums.wallNanos += System.nanoTime() - wall;
                sums.messages += batch;
            }
            return values(counting, sums, messages.calls(), fills, meter.read().since(before));
        }
    }

    /** Lets the host send what is to be received; not timed. */
    private void fill(Messages messages, int count, int frameBytes) {
        for (int i = 0; i < count; i++) {
            if (!tap.sendFromHost(messages.frame(i), frameBytes)) {
                throw new StudyFailure("the host could not send " + count + " frames to the tap");
            }
        }
    }

    private static Map<String, Double> values(
            boolean counting, Sums sums, long calls, long fills, ThreadMeter.Reading used) {
        Map<String, Double> values = new LinkedHashMap<>();
        if (counting) {
            // The host's own sends go through this thread too, a call each.
            Map<String, Double> counted = new LinkedHashMap<>();
            used.perUnit(1, "all", counted);
            Double all = counted.get("kernelcalls.all");
            if (all != null) {
                values.put("kernelcalls", (all - fills) / sums.messages);
            }
            return values;
        }
        values.put("ns", (double) sums.wallNanos / sums.messages);
        values.put("cpu", (double) sums.cpuNanos / sums.messages);
        values.put("calls", (double) calls / sums.messages);
        Map<String, Double> counted = new LinkedHashMap<>();
        used.perUnit((double) sums.messages, "message", counted);
        counted.forEach((name, value) -> {
            if (name.startsWith("cycles") || name.startsWith("misses")) {
                values.put(name.replace(".message", ""), value);
            }
        });
        return values;
    }

    @Override
    public List<String> remarks() {
        List<String> remarks = new ArrayList<>(ThreadMeter.lacking(Cpus.currentThreadId()));
        if (!hasUring()) {
            remarks.add("io_uring: this kernel has none or does not allow it.");
        }
        remarks.add("Zero-copy send: does not exist for a tap. The kernel copies each frame once, on either way.");
        remarks.add("Several frames in one readv or writev: a tap takes one frame a call, so gathering saves copies in"
                + " user space, not calls.");
        return remarks;
    }

    @Override
    public void close() {
        tap.close();
    }
}
