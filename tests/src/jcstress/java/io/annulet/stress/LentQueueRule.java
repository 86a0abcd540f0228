package io.annulet.stress;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;
import org.openjdk.jcstress.infra.results.II_Result;

/** Pair [E]: workers that deliver to the same receive queue find it as the one before left it. */
public class LentQueueRule {

    @JCStressTest
    @Outcome(
            id = {"1, 2", "2, 1"},
            expect = Expect.ACCEPTABLE,
            desc = "both frames, whole, one after the other")
    @Outcome(expect = Expect.FORBIDDEN, desc = "a frame is lost, repeated or damaged")
    @State
    public static class TwoDeliver {
        private final LentQueue queue = new LentQueue();

        @Actor
        public void owner() {
            queue.deliver(0);
        }

        @Actor
        public void borrower() {
            queue.deliver(1);
        }

        @Arbiter
        public void look(II_Result r) {
            r.r1 = queue.takeFrame();
            r.r2 = queue.takeFrame();
        }
    }

    @JCStressTest
    @Outcome(id = "1, 1, 2", expect = Expect.ACCEPTABLE, desc = "delivered, then closed behind that frame")
    @Outcome(id = "0, 0, 0", expect = Expect.ACCEPTABLE, desc = "closed, then nothing was delivered")
    @Outcome(expect = Expect.FORBIDDEN, desc = "the queue was touched after it was closed")
    @State
    public static class OneCloses {
        private final LentQueue queue = new LentQueue();

        @Actor
        public void owner(III_Result r) {
            r.r1 = queue.close();
        }

        @Actor
        public void borrower(III_Result r) {
            r.r2 = queue.deliver(1);
        }

        @Arbiter
        public void look(III_Result r) {
            r.r3 = queue.takeFrame();
        }
    }
}
