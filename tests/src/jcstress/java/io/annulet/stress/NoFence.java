package io.annulet.stress;

import io.annulet.memory.HostMemory;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.ZZ_Result;

/** The control: what [C] and [D] would come to without their full fences, which this machine must be able to show. */
@JCStressTest
@Outcome(id = "false, false", expect = Expect.ACCEPTABLE_INTERESTING, desc = "both missed the other's store")
@Outcome(expect = Expect.ACCEPTABLE, desc = "one saw the other's store")
@State
public class NoFence {
    private final StressedRing ring = new StressedRing(false, false);
    private final long mine = ring.buffer;
    private final long yours = ring.buffer + StressedRing.GUEST - StressedRing.BUFFER;

    @Actor
    public void one(ZZ_Result r) {
        HostMemory.storeShort(mine, 1);
        r.r1 = HostMemory.loadShort(yours) == 1;
    }

    @Actor
    public void two(ZZ_Result r) {
        HostMemory.storeShort(yours, 1);
        r.r2 = HostMemory.loadShort(mine) == 1;
    }
}
