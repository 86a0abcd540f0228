package io.annulet.backend.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.backend.data.ArenaGuest.Shape;
import io.annulet.backend.data.CallPolicy.Mode;
import java.util.concurrent.TimeUnit;
import org.agrona.concurrent.status.CountersManager;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A worker whose port puts calls off: none is lost, and none later than it may be, even if the worker sleeps. */
@Timeout(30)
final class CallCoalescingTest {

    private static final long MAC_A = 0x02_00_00_00_00_0aL;
    private static final long MAC_B = 0x02_00_00_00_00_0bL;
    private static final long LATE_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
    private static final long FAR_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final CountersManager counters = ArenaGuest.newCounters();
    private final Worker worker = new Worker("worker", 1024);
    private final ArenaGuest a = new ArenaGuest("a", counters, Shape.USUAL);
    private final ArenaGuest b = new ArenaGuest("b", counters, Shape.USUAL);

    private void start(CallPolicy policy) {
        worker.onStart();
        Link link = new Link();
        worker.onAddPort(a.port, link);
        worker.onAddPort(b.port, link);
        a.calls = policy;
        b.calls = policy;
        a.open();
        b.open();
        b.offerReceiveBuffers(100);
    }

    @AfterEach
    void stop() {
        worker.onClose();
        a.close();
        b.close();
    }

    private void send() {
        a.send(ArenaGuest.frame(MAC_B, MAC_A, 100));
        worker.doWork();
        worker.doWork();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 10, 64})
    void theDriverIsCalledOnceForSoManyFrames(int frames) {
        start(new CallPolicy(Mode.ON, frames, FAR_NANOS));
        for (int i = 1; i < frames; i++) {
            send();
            assertEquals(0, b.receiveCall.drain(), "frame " + i);
            assertNotNull(b.receive(), "the frame is there without a call");
        }
        send();
        assertEquals(1, b.receiveCall.drain());
        assertEquals(1, a.transmitCall.drain());
        assertEquals(frames - 1, b.counter("calls.coalesced"));
    }

    @Test
    void theLastFrameIsCalledForWhileTheWorkerPolls() {
        start(new CallPolicy(Mode.ON, 64, LATE_NANOS));
        long begin = System.nanoTime();
        send();
        while (b.receiveCall.drain() == 0) {
            worker.doWork();
        }
        assertTrue(System.nanoTime() - begin >= LATE_NANOS);
        assertEquals(1, b.counter("calls.sent"));
    }

    @Test
    void theLastFrameIsCalledForThoughTheWorkerSleeps() {
        start(new CallPolicy(Mode.ON, 64, LATE_NANOS));
        long begin = System.nanoTime();
        send();
        int sleeps = 0;
        while (b.receiveCall.drain() == 0) {
            worker.sleep();
            worker.doWork();
            sleeps++;
        }
        long nanos = System.nanoTime() - begin;
        assertTrue(nanos >= LATE_NANOS, () -> nanos + " ns");
        // A sleep without a timer would have taken a second.
        assertTrue(nanos < FAR_NANOS - LATE_NANOS, () -> nanos + " ns");
        assertTrue(sleeps <= 20, sleeps + " sleeps: it does not sleep but spins");
    }

    @Test
    void aQueueThatIsClosedOwesNothing() {
        start(new CallPolicy(Mode.ON, 64, LATE_NANOS));
        send();
        b.port.onCloseQueue(0);
        assertEquals(1, b.receiveCall.drain());
        long begin = System.nanoTime();
        while (System.nanoTime() - begin < 2 * LATE_NANOS) {
            worker.doWork();
        }
        assertEquals(0, b.receiveCall.drain());
    }

    @Test
    void aQueueThatIsOpenedAgainAndAgainLeavesNothingBehind() {
        start(new CallPolicy(Mode.ON, 64, FAR_NANOS));
        for (int i = 0; i < 10; i++) {
            send();
            assertEquals(i + 1, b.port.onCloseQueue(0));
            assertEquals(1, b.receiveCall.drain());
            b.openReceiveAt(i + 1);
        }
    }

    @Test
    void adaptivelyAFloodIsCalledForSeldomAndASingleFrameAtOnce() {
        start(new CallPolicy(Mode.ADAPTIVE, 64, FAR_NANOS));
        send();
        assertEquals(1, b.receiveCall.drain());
        for (int i = 0; i < 63; i++) {
            send();
        }
        assertTrue(b.receiveCall.drain() <= CallPolicy.BUSY_FRAMES);
        b.port.onCloseQueue(0);
        assertEquals(64, b.counter("calls.sent") + b.counter("calls.coalesced"));
    }
}
