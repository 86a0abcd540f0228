package io.annulet.model;

import io.annulet.memory.HostMemory;
import io.annulet.model.Scenario.Variant;
import io.annulet.vring.RingFeatures;
import io.annulet.vring.SplitDriverHalf;
import io.annulet.vring.SplitRing;

/** A driver that sends numbered chains through a ring, and sleeps when it can do nothing else; keeps no state. */
public final class DriverProgram implements Program {

    private final Scenario scenario;

    public DriverProgram(Scenario scenario) {
        this.scenario = scenario;
    }

    @Override
    public void run() {
        new Run(scenario).all();
    }

    /** One run from the start. */
    private static final class Run {
        private final Scenario scenario;
        private final SplitDriverHalf half;
        private final int[] heads;
        private int offered;
        private int returned;

        Run(Scenario scenario) {
            this.scenario = scenario;
            SplitRing ring = new SplitRing(Scenario.DESCRIPTORS, Scenario.AVAIL, Scenario.USED, scenario.size());
            RingFeatures features = new RingFeatures(scenario.eventIndex(), false);
            this.half = new SplitDriverHalf(ring, features, Scenario.BASE_INDEX);
            this.heads = new int[scenario.chains()];
        }

        void all() {
            while (true) {
                SteppedMemory.forgetHistory(this);
                offer();
                int before = returned;
                takeBack();
                if (returned == scenario.chains()) {
                    return;
                }
                boolean canOffer = offered < scenario.chains() && half.freeDescriptors() > 0;
                if (returned == before && !canOffer) {
                    sleep();
                }
            }
        }

        private void offer() {
            int batch = 0;
            while (batch < scenario.batch() && offered < scenario.chains() && half.freeDescriptors() > 0) {
                long buffer = Scenario.BUFFERS + 8L * (offered % scenario.size());
                if (scenario.variant() != Variant.RECEIVE) {
                    HostMemory.storeLong(buffer, offered + 1);
                }
                heads[offered] = half.offer(buffer + Scenario.GUEST_OFFSET, 8, scenario.variant() == Variant.RECEIVE);
                offered++;
                batch++;
            }
            if (half.publishAvail()) {
                SteppedMemory.ring(SteppedMemory.KICK);
            }
        }

        private void takeBack() {
            for (int head = half.takeUsed(); head != SplitDriverHalf.NOTHING; head = half.takeUsed()) {
                check(returned < offered, "more came back than was offered");
                check(head == heads[returned], "another head came back than the oldest");
                check(half.writtenByteLength() == returned + 1, "the length of another chain came back");
                if (scenario.variant() == Variant.RECEIVE) {
                    long buffer = Scenario.BUFFERS + 8L * (returned % scenario.size());
                    check(HostMemory.loadLong(buffer) == returned + 1, "what stands in a buffer is old");
                }
                heads[returned] = 0;
                returned++;
            }
        }

        private void sleep() {
            int after = scenario.variant() == Variant.LATE_CALLS ? offered - returned - 1 : 0;
            if (!half.requestCalls(after) || scenario.variant() == Variant.DRIVER_DOES_NOT_LOOK_AGAIN) {
                SteppedMemory.awaitBell(SteppedMemory.CALL);
            }
            half.suppressCalls();
        }

        private static void check(boolean holds, String otherwise) {
            if (!holds) {
                throw new AssertionError(otherwise);
            }
        }
    }
}
