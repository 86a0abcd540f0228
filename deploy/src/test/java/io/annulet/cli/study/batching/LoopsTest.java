package io.annulet.cli.study.batching;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.junit.jupiter.api.Test;

final class LoopsTest {

    /** Frames come in parts, each of which wakes the receiver; the last part ends the loops. */
    private static final class InParts implements Receiver {

        private final Loops loops;
        private final Deque<Integer> parts = new ArrayDeque<>(List.of(3, 0, 4, 1));
        private final List<Integer> waitedFor = new ArrayList<>();
        private int here;

        InParts(Loops loops) {
            this.loops = loops;
        }

        @Override
        public int take(int max) {
            int taken = Math.min(max, here);
            here -= taken;
            return taken;
        }

        @Override
        public void askAndSleep() {
            throw new AssertionError("not in lock-step");
        }

        @Override
        public void sleep() {
            throw new AssertionError("it is known how many are to come");
        }

        @Override
        public void sleepUntil(int frames) {
            waitedFor.add(frames);
            here += parts.remove();
            if (parts.isEmpty()) {
                loops.stop();
            }
        }

        @Override
        public void answer() {}

        @Override
        public long calls() {
            return 0;
        }
    }

    /** It asked for a whole batch again, and slept until its nap was over though the rest of the batch was there. */
    @Test
    void aReceiverThatWakesInTheMiddleOfABatchWaitsForTheRestOnly() {
        Loops loops = new Loops();
        InParts receiver = new InParts(loops);
        loops.order(receiver, 8, () -> {});
        assertEquals(List.of(8, 5, 5, 1), receiver.waitedFor);
        assertEquals(8, loops.received());
    }
}
