package io.annulet.backend.port;

import io.annulet.backend.data.FrameBurst;
import io.annulet.memory.HostMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/** A frame of our own that goes on its way as if a guest had sent it; owned by the worker of the guest's shard. */
final class InjectedFrame {

    private @Nullable MemorySegment frame;
    private boolean waits;

    /** It is pulled next; one that still waits gives way to it. */
    void set(byte[] bytes) {
        MemorySegment copy = Arena.ofAuto().allocate(bytes.length);
        HostMemory.copyIn(MemorySegment.ofArray(bytes), HostMemory.addressOf(copy));
        frame = copy;
        waits = true;
    }

    boolean waits() {
        return waits;
    }

    int pull(FrameBurst burst) {
        MemorySegment next = frame;
        waits = false;
        if (next == null) {
            return 0;
        }
        burst.chains().addOwn(0, next.address(), (int) next.byteSize());
        burst.snapshot(0, 0);
        return 1;
    }
}
