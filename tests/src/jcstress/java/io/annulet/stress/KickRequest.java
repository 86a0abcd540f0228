package io.annulet.stress;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.ZZ_Result;

/** Pair [D]: a device that asks for a kick and looks once more misses no available chain. */
public class KickRequest {

    @JCStressTest
    @Outcome(id = "false, false", expect = Expect.FORBIDDEN, desc = "lost: nobody notifies, and nobody looks again")
    @Outcome(expect = Expect.ACCEPTABLE, desc = "notified, seen at the second look, or both")
    @State
    public static class SplitByFlag {
        private final StressedRing ring = new StressedRing(false, false);

        public SplitByFlag() {
            ring.device.suppressKicks();
        }

        @Actor
        public void publish(ZZ_Result r) {
            r.r1 = ring.offerPayload();
        }

        @Actor
        public void sleep(ZZ_Result r) {
            r.r2 = ring.device.requestKicks();
        }
    }

    @JCStressTest
    @Outcome(id = "false, false", expect = Expect.FORBIDDEN, desc = "lost: nobody notifies, and nobody looks again")
    @Outcome(expect = Expect.ACCEPTABLE, desc = "notified, seen at the second look, or both")
    @State
    public static class SplitByIndex {
        private final StressedRing ring = new StressedRing(false, true);

        public SplitByIndex() {
            ring.device.suppressKicks();
        }

        @Actor
        public void publish(ZZ_Result r) {
            r.r1 = ring.offerPayload();
        }

        @Actor
        public void sleep(ZZ_Result r) {
            r.r2 = ring.device.requestKicks();
        }
    }

    @JCStressTest
    @Outcome(id = "false, false", expect = Expect.FORBIDDEN, desc = "lost: nobody notifies, and nobody looks again")
    @Outcome(expect = Expect.ACCEPTABLE, desc = "notified, seen at the second look, or both")
    @State
    public static class PackedByFlag {
        private final StressedRing ring = new StressedRing(true, false);

        public PackedByFlag() {
            ring.device.suppressKicks();
        }

        @Actor
        public void publish(ZZ_Result r) {
            r.r1 = ring.offerPayload();
        }

        @Actor
        public void sleep(ZZ_Result r) {
            r.r2 = ring.device.requestKicks();
        }
    }

    @JCStressTest
    @Outcome(id = "false, false", expect = Expect.FORBIDDEN, desc = "lost: nobody notifies, and nobody looks again")
    @Outcome(expect = Expect.ACCEPTABLE, desc = "notified, seen at the second look, or both")
    @State
    public static class PackedByIndex {
        private final StressedRing ring = new StressedRing(true, true);

        public PackedByIndex() {
            ring.device.suppressKicks();
        }

        @Actor
        public void publish(ZZ_Result r) {
            r.r1 = ring.offerPayload();
        }

        @Actor
        public void sleep(ZZ_Result r) {
            r.r2 = ring.device.requestKicks();
        }
    }
}
