package io.annulet.backend.data;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.annulet.backend.port.Port;
import io.annulet.backend.stats.PortCounters;
import org.junit.jupiter.api.Test;

/** Memory may go away while a worker falls asleep or wakes up, as at any other time. */
final class WorkerSleepTest {

    private final Worker worker = new Worker("worker", 256);
    private final TruncatedPort port = new TruncatedPort();

    @Test
    void memoryThatIsGoneWhenTheWorkerWakesCostsOnePortOnly() {
        worker.onStart();
        worker.onAddPort(port, new Switch());
        worker.sleep();
        assertEquals(1, port.recoveries);
        worker.onClose();
    }

    /** A port whose memory is found to be gone when kicks are to be suppressed again. */
    private static final class TruncatedPort implements Port {

        private final PortCounters counters = new PortCounters(ArenaGuest.newCounters(), "truncated");
        private int recoveries;

        @Override
        public String name() {
            return "truncated";
        }

        @Override
        public PortCounters counters() {
            return counters;
        }

        @Override
        public void attached(Readiness readiness) {}

        @Override
        public void detached() {}

        @Override
        public int pull(FrameBurst burst) {
            return 0;
        }

        @Override
        public void finish(FrameBurst burst) {}

        @Override
        public void push(FrameBurst burst, FrameList frames) {}

        @Override
        public boolean awaitWork() {
            return true;
        }

        @Override
        public void stopAwaiting() {
            throw new InternalError("a fault occurred in an unsafe memory access operation");
        }

        @Override
        public boolean recoverFromMemoryLoss() {
            recoveries++;
            return false;
        }

        @Override
        public void memoryLost() {}
    }
}
