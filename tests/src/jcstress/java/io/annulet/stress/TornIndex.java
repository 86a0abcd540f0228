package io.annulet.stress;

import io.annulet.memory.HostMemory;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.I_Result;

/** G08: an index whose two bytes change together is seen before or after, never in between. */
@JCStressTest
@Outcome(id = "255", expect = Expect.ACCEPTABLE, desc = "before")
@Outcome(id = "256", expect = Expect.ACCEPTABLE, desc = "after")
@Outcome(expect = Expect.FORBIDDEN, desc = "a byte of each")
@State
public class TornIndex {
    private final long index = new StressedRing(false, false).buffer;

    public TornIndex() {
        HostMemory.storeShort(index, 0x00ff);
    }

    @Actor
    public void move() {
        HostMemory.releaseFence();
        HostMemory.storeShort(index, 0x0100);
    }

    @Actor
    public void look(I_Result r) {
        r.r1 = HostMemory.loadShortAcquire(index);
    }
}
