package io.annulet.backend.port;

import io.annulet.backend.data.FrameBurst;
import io.annulet.backend.data.FrameList;
import io.annulet.backend.data.Readiness;
import io.annulet.backend.stats.PortCounters;
import io.annulet.memory.HostMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** A port that always has another burst of the same frame, and counts what it is sent. It allocates nothing after that. */
class FloodPort implements Port {

    private static final int BURST = 32;

    long sent;
    long received;

    private final PortCounters counters;
    private final MemorySegment memory;
    private final int frameBytes;
    private boolean flooding;

    FloodPort(PortCounters counters, byte[] frame) {
        this.counters = counters;
        this.memory = Arena.ofAuto().allocateFrom(ValueLayout.JAVA_BYTE, frame);
        this.frameBytes = frame.length;
    }

    void flood(boolean on) {
        flooding = on;
    }

    @Override
    public String name() {
        return "flood";
    }

    @Override
    public PortCounters counters() {
        return counters;
    }

    @Override
    public void attached(Readiness readiness) {}

    @Override
    public void detached() {}

    @Override
    public int pull(FrameBurst burst) {
        if (!flooding) {
            return 0;
        }
        for (int i = 0; i < BURST; i++) {
            burst.chains().addOwn(i, HostMemory.addressOf(memory), frameBytes);
            burst.snapshot(i, 0);
        }
        burst.flow(1);
        sent += BURST;
        return BURST;
    }

    @Override
    public void finish(FrameBurst burst) {}

    @Override
    public void push(FrameBurst burst, FrameList frames) {
        received += frames.count();
    }

    @Override
    public boolean awaitWork() {
        return flooding;
    }

    @Override
    public void stopAwaiting() {}

    @Override
    public boolean recoverFromMemoryLoss() {
        return true;
    }

    @Override
    public void memoryLost() {}
}
