package io.annulet.backend.port;

import static io.annulet.backend.port.TestFrames.frame;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.backend.data.FrameBurst;
import io.annulet.backend.data.Link;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
final class LoopbackPortTest {

    private final TestCounters counters = new TestCounters();
    private final SteppedWorker worker = new SteppedWorker();
    private final ScriptedPort guest = new ScriptedPort("guest", counters.of("guest"));
    private final LoopbackPort loopback = new LoopbackPort("echo", counters.of("echo"));
    private final Link link = new Link();

    @BeforeEach
    void connect() {
        worker.add(link, guest, loopback);
    }

    @AfterEach
    void close() {
        worker.close();
        guest.close();
    }

    @Test
    void sendsFramesBackUnchangedAndInOrder() {
        for (int i = 0; i < 200; i++) {
            guest.send(frame(14 + 40 * i, i), 12 + i, 1 + i);
        }
        worker.stepUntil(() -> guest.received.size() == 200);
        for (int i = 0; i < 200; i++) {
            assertArrayEquals(frame(14 + 40 * i, i), guest.received.get(i));
        }
        assertEquals(200, counters.get("echo", "out.frames"));
        assertEquals(200, counters.get("echo", "in.frames"));
        assertEquals(counters.get("echo", "out.bytes"), counters.get("echo", "copied.bytes"));
    }

    @Test
    void sendsTheLongestFramesBack() {
        byte[] longest = frame(65_535, 1);
        guest.send(longest, 12, 20_000, 20_000);
        guest.send(longest);
        worker.stepUntil(() -> guest.received.size() == 2);
        assertArrayEquals(longest, guest.received.get(0));
        assertArrayEquals(longest, guest.received.get(1));
    }

    @Test
    void dropsWhatDoesNotFitAndGoesOn() {
        FrameBurst burst = new FrameBurst(SteppedWorker.MAX_RING_SIZE);
        for (int i = 0; i < 20; i++) {
            guest.send(frame(65_000, i));
        }
        while (guest.pull(burst) > 0) {
            link.forward(guest, burst);
            guest.finish(burst);
            burst.clear();
        }
        assertEquals(16, counters.get("echo", "out.frames"));
        assertEquals(4, counters.get("echo", "out.dropped.no-buffer"));
        assertTrue(loopback.awaitWork());
        worker.stepUntil(() -> guest.received.size() == 16);
        assertFalse(loopback.awaitWork());
        guest.send(frame(100, 99));
        worker.stepUntil(() -> guest.received.size() == 17);
        assertArrayEquals(frame(100, 99), guest.received.getLast());
    }

    @Test
    void aFrameWhoseMemoryWentAwayInTheMiddleIsForgotten() {
        FrameBurst burst = new FrameBurst(SteppedWorker.MAX_RING_SIZE);
        guest.send(frame(60_000, 1));
        assertEquals(1, guest.pull(burst));
        guest.truncate();
        assertThrows(InternalError.class, () -> link.forward(guest, burst));
        assertTrue(loopback.recoverFromMemoryLoss());
        assertFalse(loopback.awaitWork());
        link.abandon();
        link.abandon();
        assertEquals(0, counters.get("echo", "out.frames"));
        assertEquals(1, counters.get("echo", "out.dropped.memory-lost"), "every frame is in a named counter");
    }

    @Test
    void countsWhatWaitsWhenTheWorkerLeaves() {
        FrameBurst burst = new FrameBurst(SteppedWorker.MAX_RING_SIZE);
        guest.send(frame(100, 1));
        guest.pull(burst);
        link.forward(guest, burst);
        guest.finish(burst);
        loopback.detached();
        assertEquals(1, counters.get("echo", "in.frames"));
        assertEquals(1, counters.get("echo", "in.dropped.not-ready"));
        assertFalse(loopback.awaitWork());
    }
}
