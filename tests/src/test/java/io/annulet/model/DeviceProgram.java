package io.annulet.model;

import io.annulet.memory.GuestMemory;
import io.annulet.memory.HostMemory;
import io.annulet.memory.Region;
import io.annulet.model.Scenario.Variant;
import io.annulet.vring.ChainBurst;
import io.annulet.vring.ChainFault;
import io.annulet.vring.RingFeatures;
import io.annulet.vring.SplitDeviceHalf;
import io.annulet.vring.SplitRing;
import java.util.List;

/** A device that works chains in their order, for ever, and sleeps when there are none; keeps no state. */
public final class DeviceProgram implements Program {

    private static final GuestMemory MEMORY = GuestMemory.of(List.of(new Region(
            Scenario.BUFFERS + Scenario.GUEST_OFFSET,
            Scenario.BUFFERS + Scenario.GUEST_OFFSET,
            4096,
            Scenario.BUFFERS)));

    private final Scenario scenario;

    public DeviceProgram(Scenario scenario) {
        this.scenario = scenario;
    }

    @Override
    public void run() {
        new Run(scenario).forEver();
    }

    /** One run from the start. */
    private static final class Run {
        private final Scenario scenario;
        private final SplitDeviceHalf half;
        private int seen;

        Run(Scenario scenario) {
            this.scenario = scenario;
            SplitRing ring = new SplitRing(Scenario.DESCRIPTORS, Scenario.AVAIL, Scenario.USED, scenario.size());
            RingFeatures features = new RingFeatures(scenario.eventIndex(), false);
            this.half = new SplitDeviceHalf(ring, MEMORY, features, Scenario.BASE_INDEX);
        }

        void forEver() {
            while (true) {
                SteppedMemory.forgetHistory(this);
                if (!takeAndGiveBack()) {
                    sleep();
                }
            }
        }

        private boolean takeAndGiveBack() {
            ChainBurst burst = new ChainBurst(scenario.batch(), scenario.batch());
            int taken = half.take(burst, scenario.batch());
            check(taken != SplitDeviceHalf.BROKEN, "the ring is broken");
            if (taken > 1 && scenario.variant() == Variant.PUT_BACK) {
                half.untake(1);
                taken--;
            }
            for (int i = 0; i < taken; i++) {
                seen++;
                work(burst, i);
                half.giveBack(burst.head(i), seen);
            }
            if (half.publishUsed()) {
                SteppedMemory.ring(SteppedMemory.CALL);
            }
            return taken > 0;
        }

        private void sleep() {
            if (!half.requestKicks() || scenario.variant() == Variant.DEVICE_DOES_NOT_LOOK_AGAIN) {
                SteppedMemory.awaitBell(SteppedMemory.KICK);
            }
            half.suppressKicks();
        }

        private void work(ChainBurst burst, int chain) {
            check(burst.fault(chain) == ChainFault.NONE, "a chain has a fault");
            check(burst.endSegment(chain) == burst.firstSegment(chain) + 1, "a chain has no buffer");
            long buffer = burst.segmentAddress(burst.firstSegment(chain));
            if (scenario.variant() == Variant.RECEIVE) {
                check(burst.writableByteLength(chain) == 8, "a chain is not writable");
                HostMemory.storeLong(buffer, seen);
            } else {
                check(burst.readableByteLength(chain) == 8, "a chain is not readable");
                check(HostMemory.loadLong(buffer) == seen, "what stands in a buffer is old");
            }
        }

        private static void check(boolean holds, String otherwise) {
            if (!holds) {
                throw new AssertionError(otherwise);
            }
        }
    }
}
