package io.annulet.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.management.ThreadMXBean;
import java.lang.foreign.Arena;
import java.lang.management.ManagementFactory;
import java.util.function.LongSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The calls that workers make for every frame or burst leave nothing for the garbage collector. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class DataPathAllocationTest {
    private static final int CALLS = 10_000;
    private static final int MAX_ROUNDS = 2_000;
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    @Test
    void signallingAndDrainingAnEventFd() {
        try (EventFd event = EventFd.create(true, 0)) {
            allocatesNothing(event::signal);
            allocatesNothing(event::drain);
            allocatesNothing(() -> event.add(1));
        }
    }

    @Test
    void failing() {
        EventFd closed = EventFd.create(true, 0);
        closed.close();
        assertEquals(-Errno.EBADF, closed.signal());
        allocatesNothing(closed::signal);
    }

    @Test
    void writingAndReadingFrames() {
        try (Arena arena = Arena.ofConfined();
                Tap tap = new Tap(TestFiles.openDevNull(), "null", TapOptions.withHeader(12), false)) {
            long frame = arena.allocate(1526).address();
            IoVectors vectors = new IoVectors(4);
            allocatesNothing(() -> {
                vectors.set(0, frame, 12);
                vectors.set(1, frame + 12, 1514);
                return tap.writev(vectors.address(), 2);
            });
            allocatesNothing(() -> tap.readv(vectors.address(1), 1));
            allocatesNothing(() -> tap.write(frame, 1526));
            allocatesNothing(() -> tap.read(frame, 1526));
        }
    }

    @Test
    void submittingRequestsAndReapingThem() {
        assumeTrue(
                KernelFeatures.ioUring() == KernelFeatures.Answer.AVAILABLE, "this kernel has or allows no io_uring");
        try (Arena arena = Arena.ofConfined();
                Fd sink = TestFiles.openDevNull();
                IoUring ring = IoUring.create(8)) {
            long frame = arena.allocate(1526).address();
            allocatesNothing(() -> {
                ring.write(sink.number(), frame, 1526, 1);
                ring.submit(1);
                return ring.nextCompletion() ? ring.result() : -1;
            });
        }
    }

    @Test
    void readingTheThreadClock() {
        allocatesNothing(ThreadClock::cpuTimeNanos);
    }

    @Test
    void bringingPagesIn() {
        try (Mapping mapping = Mapping.anonymous(Pages.byteLength())) {
            allocatesNothing(() -> MemoryAdvice.populateWrite(mapping.address(), mapping.byteLength()));
        }
    }

    /**
     * Calls until the optimising compiler has been here: before that, each call by the JDK's linker makes a short-lived
     * view of the errno memory.
     */
    private static void allocatesNothing(LongSupplier call) {
        long allocated = Long.MAX_VALUE;
        long sum = 0;
        for (int round = 0; round < MAX_ROUNDS && allocated >= CALLS; round++) {
            long before = THREADS.getCurrentThreadAllocatedBytes();
            sum += repeat(call);
            allocated = THREADS.getCurrentThreadAllocatedBytes() - before;
        }
        // Less than a byte a call is no object a call: what is left is the JVM's own, when it swaps compiled code.
        assertTrue(allocated < CALLS, allocated + " bytes in the last " + CALLS + " calls; sum of answers " + sum);
    }

    private static long repeat(LongSupplier call) {
        long sum = 0;
        for (int i = 0; i < CALLS; i++) {
            sum += call.getAsLong();
        }
        return sum;
    }
}
