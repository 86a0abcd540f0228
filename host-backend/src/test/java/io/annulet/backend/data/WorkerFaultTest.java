package io.annulet.backend.data;

import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.annulet.backend.data.ArenaGuest.Shape;
import io.annulet.backend.stats.PortCounters;
import org.agrona.concurrent.status.CountersManager;
import org.junit.jupiter.api.Test;

/** An error of our own in one port. */
class WorkerFaultTest {

    private final CountersManager counters = ArenaGuest.newCounters();

    /** A port whose code is wrong. */
    private final class BrokenPort extends QuietPort {

        BrokenPort() {
            super("broken", new PortCounters(counters, "broken"));
        }

        @Override
        public int pull(FrameBurst burst) {
            throw new IllegalStateException("an error of ours");
        }
    }

    @Test
    void aPortThatFailsInEveryDutyCycleDoesNotStarveThoseBehindIt() {
        Worker worker = new Worker("worker", 256);
        worker.onStart();
        try (ArenaGuest a = new ArenaGuest("a", counters, Shape.USUAL);
                ArenaGuest b = new ArenaGuest("b", counters, Shape.USUAL)) {
            worker.onAddPort(new BrokenPort(), new Switch());
            Link link = new Link();
            worker.onAddPort(a.port, link);
            worker.onAddPort(b.port, link);
            a.open();
            b.open();
            b.offerReceiveBuffers(1);
            a.send(ArenaGuest.frame(0x02_00_00_00_00_0bL, 0x02_00_00_00_00_0aL, 100));
            for (int i = 0; i < 3; i++) {
                assertThrows(IllegalStateException.class, () -> {
                    for (int turn = 0; turn < 3; turn++) {
                        worker.doWork();
                    }
                });
            }
            assertNotNull(b.receive(), "the frame of another port");
            worker.onClose();
        }
    }
}
