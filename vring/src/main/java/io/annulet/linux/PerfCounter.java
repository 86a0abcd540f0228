package io.annulet.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One number that the kernel or the processor counts while one thread runs: perf_event_open(2). Any thread may read it.
 *
 * <p>Machines differ in what they count: virtual ones often lack the processor's counters, and system calls are counted
 * where tracefs is mounted.
 */
public final class PerfCounter implements AutoCloseable {
    private static final int TYPE_HARDWARE = 0;
    private static final int TYPE_SOFTWARE = 1;
    private static final int TYPE_TRACEPOINT = 2;

    private static final int ATTRIBUTES_BYTES = 64;
    private static final int ATTRIBUTE_TYPE = 0;
    private static final int ATTRIBUTE_SIZE = 4;
    private static final int ATTRIBUTE_CONFIG = 8;
    private static final int ATTRIBUTE_FLAGS = 40;
    private static final long EXCLUDE_HYPERVISOR = 1 << 6;
    private static final int FLAG_CLOSE_ON_EXEC = 8;

    private static final String SYSTEM_CALLS_ID = "events/raw_syscalls/sys_enter/id";
    private static final List<Path> TRACEFS =
            List.of(Path.of("/sys/kernel/tracing"), Path.of("/sys/kernel/debug/tracing"));

    /** What can be counted. */
    public enum Event {
        CYCLES(TYPE_HARDWARE, 0),
        INSTRUCTIONS(TYPE_HARDWARE, 1),
        /** Of the last level of cache: each brings a line from memory. */
        CACHE_MISSES(TYPE_HARDWARE, 3),
        CONTEXT_SWITCHES(TYPE_SOFTWARE, 3),
        PAGE_FAULTS(TYPE_SOFTWARE, 2),
        /** Of all kinds; where tracefs is mounted at its usual place. */
        SYSTEM_CALLS(TYPE_TRACEPOINT, 0);

        private final int type;
        private final int config;

        Event(int type, int config) {
            this.type = type;
            this.config = config;
        }
    }

    private final Fd fd;

    private PerfCounter(Fd fd) {
        this.fd = fd;
    }

    /** Counts for one thread from now on; null where this machine does not count that, or does not let us. */
    public static @Nullable PerfCounter open(Event event, int threadId) {
        long config = event == Event.SYSTEM_CALLS ? systemCallsId() : event.config;
        if (config < 0) {
            return null;
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment attributes = arena.allocate(ATTRIBUTES_BYTES, 8);
            attributes.set(JAVA_INT, ATTRIBUTE_TYPE, event.type);
            attributes.set(JAVA_INT, ATTRIBUTE_SIZE, ATTRIBUTES_BYTES);
            attributes.set(JAVA_LONG, ATTRIBUTE_CONFIG, config);
            attributes.set(JAVA_LONG, ATTRIBUTE_FLAGS, EXCLUDE_HYPERVISOR);
            long number = Kernel.perfEventOpen(attributes.address(), threadId, FLAG_CLOSE_ON_EXEC);
            return number < 0 ? null : new PerfCounter(Fd.of((int) number));
        }
    }

    private static long systemCallsId() {
        for (Path root : TRACEFS) {
            try {
                return Long.parseLong(
                        Files.readString(root.resolve(SYSTEM_CALLS_ID)).strip());
            } catch (IOException | NumberFormatException e) {
                // Not mounted there, or not readable: the next place, or none.
            }
        }
        return -1;
    }

    /** What was counted since {@link #open}, or the negative error number. */
    public long value() {
        long read = Kernel.read(fd.number(), Syscall.scratchAddress(), 8);
        return read < 0 ? read : Syscall.scratchWord(0);
    }

    @Override
    public void close() {
        fd.close();
    }
}
