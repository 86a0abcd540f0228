package io.annulet.stress;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.I_Result;

/** Pair [A]: a device that sees a chain available sees its descriptor and buffer. */
public class AvailablePublication {

    @JCStressTest
    @Outcome(id = "-1", expect = Expect.ACCEPTABLE, desc = "not seen yet")
    @Outcome(id = "42", expect = Expect.ACCEPTABLE, desc = "seen with its payload")
    @Outcome(expect = Expect.FORBIDDEN, desc = "seen without what was written before")
    @State
    public static class Split {
        private final StressedRing ring = new StressedRing(false, false);

        @Actor
        public void publish() {
            ring.offerPayload();
        }

        @Actor
        public void look(I_Result r) {
            r.r1 = ring.takePayload();
        }
    }

    @JCStressTest
    @Outcome(id = "-1", expect = Expect.ACCEPTABLE, desc = "not seen yet")
    @Outcome(id = "42", expect = Expect.ACCEPTABLE, desc = "seen with its payload")
    @Outcome(expect = Expect.FORBIDDEN, desc = "seen without what was written before")
    @State
    public static class Packed {
        private final StressedRing ring = new StressedRing(true, false);

        @Actor
        public void publish() {
            ring.offerPayload();
        }

        @Actor
        public void look(I_Result r) {
            r.r1 = ring.takePayload();
        }
    }
}
