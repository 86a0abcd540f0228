package io.annulet.backend.data;

import io.annulet.backend.port.Port;
import io.annulet.backend.stats.PortCounters;

/** A port that brings and takes nothing and is never in want of anything; tests say what theirs does beside that. */
public abstract class QuietPort implements Port {

    private final String name;
    private final PortCounters counters;

    protected QuietPort(String name, PortCounters counters) {
        this.name = name;
        this.counters = counters;
    }

    @Override
    public String name() {
        return name;
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
        return 0;
    }

    @Override
    public void finish(FrameBurst burst) {}

    @Override
    public void push(FrameBurst burst, FrameList frames) {}

    @Override
    public boolean awaitWork() {
        return false;
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
