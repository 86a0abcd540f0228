package io.annulet.backend.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import io.annulet.backend.data.ArenaGuest.Shape;
import java.lang.management.ManagementFactory;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.agrona.concurrent.status.CountersManager;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A worker on a thread of its own: it wakes for whatever comes, sleeps otherwise, and allocates nothing for a frame. */
@Timeout(60)
class WorkerTest {

    private static final long MAC_A = 0x02_00_00_00_00_0aL;
    private static final long MAC_B = 0x02_00_00_00_00_0bL;

    /** Frames of one round of the test for allocations. */
    private static final int ALLOCATION_FRAMES = 64_000;

    private final CountersManager counters = ArenaGuest.newCounters();
    private final Worker worker = new Worker("worker", 1024);
    private final WorkerProxy proxy = new WorkerProxy(worker);
    private final ArenaGuest a = new ArenaGuest("a", counters, new Shape(256, 12, true, true, 2048));
    private final ArenaGuest b = new ArenaGuest("b", counters, new Shape(256, 12, true, true, 2048));
    private Thread thread = Thread.currentThread();
    private @Nullable RunningWorker runner;

    private void run(PollMode mode) throws InterruptedException {
        runner = new RunningWorker(worker, mode, problem -> {
            throw new AssertionError(problem);
        });
        thread = runner.thread();
        Link link = new Link();
        CountDownLatch done = new CountDownLatch(4);
        proxy.addPort(a.port, link, done::countDown);
        proxy.addPort(b.port, link, done::countDown);
        // The receiver first: a frame that finds no started receive queue is dropped.
        proxy.openQueue(b.port, b.receiveSetup, done::countDown);
        proxy.openQueue(a.port, a.transmitSetup, done::countDown);
        assertTrue(done.await(10, TimeUnit.SECONDS), "commands were not run");
    }

    @AfterEach
    void stop() {
        if (runner != null) {
            runner.close();
        }
        a.close();
        b.close();
    }

    private void awaitFrame() throws InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
        while (b.receive() == null) {
            assertTrue(System.nanoTime() < deadline, "no frame arrived");
            Thread.onSpinWait();
        }
    }

    @ParameterizedTest
    @EnumSource(PollMode.class)
    void deliversEveryFrameWhetherItSleepsOrPolls(PollMode mode) throws InterruptedException {
        run(mode);
        byte[] frame = ArenaGuest.frame(MAC_B, MAC_A, 100);
        for (int i = 0; i < 2_000; i++) {
            b.offerReceiveBuffers(1);
            sendAndKick(frame);
            awaitFrame();
            assertTrue(a.transmit.takeUsed() >= 0 || awaitUsed() >= 0);
        }
        assertEquals(2_000, b.counter("out.frames"));
    }

    private int awaitUsed() {
        int head = a.transmit.takeUsed();
        while (head < 0) {
            Thread.onSpinWait();
            head = a.transmit.takeUsed();
        }
        return head;
    }

    /** Kicks exactly when the device asks for it, so a lost kick request hangs the test. */
    private void sendAndKick(byte[] frame) {
        if (a.sendAndAskWhetherToKick(frame)) {
            a.kick.signal();
        }
    }

    @Test
    void usesNoCpuWhileNothingHappens() throws InterruptedException {
        run(PollMode.ADAPTIVE);
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        CountDownLatch quiet = new CountDownLatch(1);
        long before = threads.getThreadCpuTime(thread.threadId());
        assertTrue(!quiet.await(1, TimeUnit.SECONDS));
        long used = threads.getThreadCpuTime(thread.threadId()) - before;
        assertTrue(used < TimeUnit.MILLISECONDS.toNanos(20), "an idle worker used " + used + " ns of a second");
    }

    @Test
    void aCommandWakesASleepingWorker() throws InterruptedException {
        run(PollMode.SLEEP);
        for (int i = 0; i < 1_000; i++) {
            CountDownLatch done = new CountDownLatch(1);
            proxy.enableQueue(a.port, 1, true, done::countDown);
            assertTrue(done.await(500, TimeUnit.MILLISECONDS), "command " + i + " waited for the worker's own wake-up");
        }
    }

    @Test
    void findsFramesThatWereOfferedBeforeTheRingStarted() throws InterruptedException {
        b.offerReceiveBuffers(4);
        a.send(ArenaGuest.frame(MAC_B, MAC_A, 100));
        run(PollMode.SLEEP);
        awaitFrame();
    }

    @Test
    void allocatesNothingForAFrame() {
        worker.onStart();
        Switch forwarder = new Switch();
        worker.onAddPort(a.port, forwarder);
        worker.onAddPort(b.port, forwarder);
        a.open();
        b.open();
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        RoundTrip trip = new RoundTrip(a, b);
        for (int i = 0; i < 2_000; i++) {
            trip.run(worker);
        }
        long least = Long.MAX_VALUE;
        for (int round = 0; round < 5; round++) {
            long frames = trip.frames;
            least = Math.min(least, allocatedIn(trip, threads));
            assertTrue(trip.frames - frames >= ALLOCATION_FRAMES, "frames: " + (trip.frames - frames));
        }
        // Netty's loop and the clock are looked at now and then, so what is allowed is per turn, not per frame.
        assertTrue(
                least < ALLOCATION_FRAMES / 100, least + " bytes were allocated for " + ALLOCATION_FRAMES + " frames");
        worker.onClose();
    }

    /** What the worker's code allocates; a round in which the runtime compiled it anew may show more. */
    private long allocatedIn(RoundTrip trip, ThreadMXBean threads) {
        long allocated = 0;
        for (int i = 0; i < ALLOCATION_FRAMES / RoundTrip.BURST; i++) {
            trip.offer();
            long before = threads.getCurrentThreadAllocatedBytes();
            trip.work(worker);
            allocated += threads.getCurrentThreadAllocatedBytes() - before;
            trip.collect();
        }
        return allocated;
    }

    /** 64 frames from one guest to the other, with the buffers used again and again. */
    private static final class RoundTrip {
        private final ArenaGuest from;
        private final ArenaGuest to;
        private final long[] sendBuffers = new long[256];
        private final long[] receiveBuffers = new long[256];
        static final int BURST = 64;

        private long frames;

        RoundTrip(ArenaGuest from, ArenaGuest to) {
            this.from = from;
            this.to = to;
            byte[] frame = ArenaGuest.frame(MAC_B, MAC_A, 200);
            for (int i = 0; i < 256; i++) {
                sendBuffers[i] = from.allocate(256);
                from.write(sendBuffers[i] + 12, frame);
                receiveBuffers[i] = to.allocate(256);
            }
        }

        void run(Worker worker) {
            offer();
            work(worker);
            collect();
        }

        void offer() {
            for (int i = 0; i < BURST; i++) {
                to.receive.offer(receiveBuffers[i], 256, true);
                from.transmit.offer(sendBuffers[i], 212, false);
            }
            to.receive.publishAvail();
            from.transmit.publishAvail();
        }

        void work(Worker worker) {
            worker.doWork();
        }

        void collect() {
            while (from.transmit.takeUsed() >= 0) {
                // offered again next time
            }
            while (to.receive.takeUsed() >= 0) {
                frames++;
            }
        }
    }
}
