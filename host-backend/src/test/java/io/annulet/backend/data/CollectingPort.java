package io.annulet.backend.data;

import io.annulet.backend.port.Port;
import io.annulet.backend.stats.PortCounters;
import io.annulet.memory.HostMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/** Keeps a copy of each frame that is pushed, header included, or only counts them. */
final class CollectingPort implements Port {
    /** Bytes that any frame fits into. */
    static final int ROOM = 70_000;

    final List<byte[]> headers = new ArrayList<>();
    final List<byte[]> frames = new ArrayList<>();
    private final MemorySegment copy = Arena.ofAuto().allocate(ROOM);
    private final PortCounters counters = new PortCounters(ArenaGuest.newCounters(), "to");
    int accepts;
    boolean keeps = true;
    long count;

    @Override
    public int accepts() {
        return accepts;
    }

    @Override
    public void push(FrameBurst burst, FrameList list) {
        count += list.count();
        for (int i = 0; keeps && i < list.count(); i++) {
            int frame = list.frame(i);
            int length = burst.frameByteLength(frame);
            burst.copyFrame(frame, HostMemory.addressOf(copy));
            headers.add(HostMemory.copyOut(burst.snapshotAddress(frame), NetHeader.BYTES));
            frames.add(HostMemory.copyOut(HostMemory.addressOf(copy), length));
        }
    }

    @Override
    public String name() {
        return "to";
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
    public int pull(FrameBurst into) {
        return 0;
    }

    @Override
    public void finish(FrameBurst done) {}

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
