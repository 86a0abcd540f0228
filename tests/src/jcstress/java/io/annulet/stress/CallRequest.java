package io.annulet.stress;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.ZZ_Result;

/** Pair [C]: a driver that asks for a call and looks once more misses no used chain. */
public class CallRequest {

    @JCStressTest
    @Outcome(id = "false, false", expect = Expect.FORBIDDEN, desc = "lost: nobody notifies, and nobody looks again")
    @Outcome(expect = Expect.ACCEPTABLE, desc = "notified, seen at the second look, or both")
    @State
    public static class SplitByFlag {
        private final StressedRing ring = new StressedRing(false, false);

        public SplitByFlag() {
            ring.offerBuffer(true);
            ring.take();
            ring.driver.suppressCalls();
        }

        @Actor
        public void publish(ZZ_Result r) {
            r.r1 = ring.giveBackWritten();
        }

        @Actor
        public void sleep(ZZ_Result r) {
            r.r2 = ring.driver.requestCalls(0);
        }
    }

    @JCStressTest
    @Outcome(id = "false, false", expect = Expect.FORBIDDEN, desc = "lost: nobody notifies, and nobody looks again")
    @Outcome(expect = Expect.ACCEPTABLE, desc = "notified, seen at the second look, or both")
    @State
    public static class SplitByIndex {
        private final StressedRing ring = new StressedRing(false, true);

        public SplitByIndex() {
            ring.offerBuffer(true);
            ring.take();
            ring.driver.suppressCalls();
        }

        @Actor
        public void publish(ZZ_Result r) {
            r.r1 = ring.giveBackWritten();
        }

        @Actor
        public void sleep(ZZ_Result r) {
            r.r2 = ring.driver.requestCalls(0);
        }
    }

    @JCStressTest
    @Outcome(id = "false, false", expect = Expect.FORBIDDEN, desc = "lost: nobody notifies, and nobody looks again")
    @Outcome(expect = Expect.ACCEPTABLE, desc = "notified, seen at the second look, or both")
    @State
    public static class PackedByFlag {
        private final StressedRing ring = new StressedRing(true, false);

        public PackedByFlag() {
            ring.offerBuffer(true);
            ring.take();
            ring.driver.suppressCalls();
        }

        @Actor
        public void publish(ZZ_Result r) {
            r.r1 = ring.giveBackWritten();
        }

        @Actor
        public void sleep(ZZ_Result r) {
            r.r2 = ring.driver.requestCalls(0);
        }
    }

    @JCStressTest
    @Outcome(id = "false, false", expect = Expect.FORBIDDEN, desc = "lost: nobody notifies, and nobody looks again")
    @Outcome(expect = Expect.ACCEPTABLE, desc = "notified, seen at the second look, or both")
    @State
    public static class PackedByIndex {
        private final StressedRing ring = new StressedRing(true, true);

        public PackedByIndex() {
            ring.offerBuffer(true);
            ring.take();
            ring.driver.suppressCalls();
        }

        @Actor
        public void publish(ZZ_Result r) {
            r.r1 = ring.giveBackWritten();
        }

        @Actor
        public void sleep(ZZ_Result r) {
            r.r2 = ring.driver.requestCalls(0);
        }
    }
}
