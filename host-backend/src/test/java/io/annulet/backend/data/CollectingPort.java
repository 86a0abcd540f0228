package io.annulet.backend.data;

import io.annulet.backend.stats.PortCounters;
import io.annulet.memory.HostMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/** Keeps a copy of each frame that is pushed, header included, or only counts them. */
final class CollectingPort extends QuietPort {
    /** Bytes that any frame fits into. */
    static final int ROOM = 70_000;

    final List<byte[]> headers = new ArrayList<>();
    final List<byte[]> frames = new ArrayList<>();
    private final MemorySegment copy = Arena.ofAuto().allocate(ROOM);
    int accepts;
    boolean keeps = true;
    long count;

    CollectingPort() {
        super("to", new PortCounters(ArenaGuest.newCounters(), "to"));
    }

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
}
