package io.annulet.cli.study;

import io.annulet.linux.PerfCounter;
import io.annulet.linux.PerfCounter.Event;
import io.annulet.linux.ThreadClock;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * What one thread of this process uses: processor time, context switches, and what the processor counts where it does.
 * Read by any one thread, also while the other runs.
 */
public final class ThreadMeter implements AutoCloseable {

    private static final List<Event> PROCESSOR_EVENTS = List.of(Event.CYCLES, Event.INSTRUCTIONS, Event.CACHE_MISSES);

    private final int threadId;
    private final Map<Event, PerfCounter> counters = new EnumMap<>(Event.class);

    /** A reading; what is not counted here is missing from {@code counted}. */
    public record Reading(long cpuNanos, long contextSwitches, Map<Event, Long> counted) {

        /** Of a thread that is not ours: nothing is known. */
        public static final Reading NONE = new Reading(-1, 0, Map.of());

        public Reading since(Reading before) {
            Map<Event, Long> differences = new EnumMap<>(Event.class);
            counted.forEach((event, value) -> differences.put(event, value - before.counted.getOrDefault(event, 0L)));
            return new Reading(cpuNanos - before.cpuNanos, contextSwitches - before.contextSwitches, differences);
        }

        /** Puts what was counted into values, each as so much per unit of work, under a name with this ending. */
        public void perUnit(double units, String ending, Map<String, Double> values) {
            if (cpuNanos < 0) {
                return;
            }
            values.put("cpu." + ending, cpuNanos / units);
            values.put("switches." + ending, contextSwitches / units);
            counted.forEach((event, value) -> values.put(name(event) + "." + ending, value / units));
        }

        private static String name(Event event) {
            return switch (event) {
                case CYCLES -> "cycles";
                case INSTRUCTIONS -> "instructions";
                case CACHE_MISSES -> "misses";
                case SYSTEM_CALLS -> "kernelcalls";
                case CONTEXT_SWITCHES -> "kernelswitches";
                case PAGE_FAULTS -> "faults";
            };
        }
    }

    private ThreadMeter(int threadId, List<Event> events) {
        this.threadId = threadId;
        for (Event event : events) {
            PerfCounter counter = PerfCounter.open(event, threadId);
            if (counter != null) {
                counters.put(event, counter);
            }
        }
    }

    /** For timing: only what costs nothing while it counts. */
    public static ThreadMeter of(int threadId) {
        return new ThreadMeter(threadId, PROCESSOR_EVENTS);
    }

    /** Counts system calls, which slows down each of them. */
    public static ThreadMeter ofSystemCalls(int threadId) {
        return new ThreadMeter(threadId, List.of(Event.SYSTEM_CALLS));
    }

    /** What this machine does not count, with the reason as far as it is known. */
    public static List<String> lacking(int threadId) {
        List<String> lacking = new ArrayList<>();
        try (ThreadMeter processor = of(threadId);
                ThreadMeter calls = ofSystemCalls(threadId)) {
            if (processor.counters.size() < PROCESSOR_EVENTS.size()) {
                lacking.add("Cycles, instructions and cache misses (which stand for memory traffic and energy): not"
                        + " counted here, since this machine offers no counters of the processor.");
            }
            if (calls.counters.isEmpty()) {
                lacking.add("System calls as the kernel counts them: not counted here; as root,"
                        + " mount -t tracefs nodev /sys/kernel/tracing. Calls given are those the programs count.");
            }
        }
        return lacking;
    }

    public Reading read() {
        Map<Event, Long> counted = new EnumMap<>(Event.class);
        counters.forEach((event, counter) -> counted.put(event, counter.value()));
        return new Reading(ThreadClock.cpuTimeNanos(threadId), contextSwitches(), counted);
    }

    /** Voluntary and other ones together; 0 when the thread has ended. */
    private long contextSwitches() {
        long sum = 0;
        try {
            for (String line : Files.readAllLines(Path.of("/proc/self/task/" + threadId + "/status"))) {
                if (line.contains("voluntary_ctxt_switches")) {
                    sum += Long.parseLong(line.substring(line.indexOf(':') + 1).strip());
                }
            }
        } catch (IOException ended) {
            return 0;
        }
        return sum;
    }

    @Override
    public void close() {
        counters.values().forEach(PerfCounter::close);
    }
}
