package io.annulet.stress;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.I_Result;

/** Pair [B]: a driver that sees a chain used sees what was written into its buffer. */
public class UsedPublication {

    @JCStressTest
    @Outcome(id = "-1", expect = Expect.ACCEPTABLE, desc = "not seen yet")
    @Outcome(id = "42", expect = Expect.ACCEPTABLE, desc = "seen with its payload")
    @Outcome(expect = Expect.FORBIDDEN, desc = "seen without what was written before")
    @State
    public static class Split {
        private final StressedRing ring = new StressedRing(false, false);

        public Split() {
            ring.offerBuffer(true);
            ring.take();
        }

        @Actor
        public void publish() {
            ring.giveBackWritten();
        }

        @Actor
        public void look(I_Result r) {
            r.r1 = ring.takeUsedPayload();
        }
    }

    @JCStressTest
    @Outcome(id = "-1", expect = Expect.ACCEPTABLE, desc = "not seen yet")
    @Outcome(id = "42", expect = Expect.ACCEPTABLE, desc = "seen with its payload")
    @Outcome(expect = Expect.FORBIDDEN, desc = "seen without what was written before")
    @State
    public static class Packed {
        private final StressedRing ring = new StressedRing(true, false);

        public Packed() {
            ring.offerBuffer(true);
            ring.take();
        }

        @Actor
        public void publish() {
            ring.giveBackWritten();
        }

        @Actor
        public void look(I_Result r) {
            r.r1 = ring.takeUsedPayload();
        }
    }
}
