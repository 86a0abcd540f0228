package io.annulet.channel;

import io.annulet.memory.HostMemory;
import java.lang.foreign.Arena;

/** Memory that no peer can reach, for keys and plain bytes; overwritten before it is freed. Of its end's thread. */
final class PrivateMemory implements AutoCloseable {
    private static final int LINE_BYTES = 64;

    private final Arena arena = Arena.ofShared();
    private final long address;
    private final long byteLength;
    private long taken;

    PrivateMemory(long byteLength) {
        this.byteLength = byteLength;
        this.address = HostMemory.addressOf(arena.allocate(byteLength, LINE_BYTES));
    }

    /** The next {@code count} bytes, at the start of a cache line. */
    long take(long count) {
        long start = taken;
        taken = (start + count + LINE_BYTES - 1) & -LINE_BYTES;
        if (start + count > byteLength) {
            throw new IllegalStateException("private memory was reckoned too small");
        }
        return address + start;
    }

    @Override
    public void close() {
        HostMemory.zero(address, byteLength);
        arena.close();
    }
}
