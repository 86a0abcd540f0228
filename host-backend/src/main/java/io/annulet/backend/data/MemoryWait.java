package io.annulet.backend.data;

import io.annulet.backend.port.PortListener;
import io.annulet.vring.AwaitedMemory;

/**
 * A queue whose next chain has memory that is not there yet waits: it takes no chains, and asks for no kicks, until memory
 * has come. Whoever brings it is told once where it is missing. Why it is missing, and how it comes, is not known here.
 * Owned by the worker of the queue.
 */
final class MemoryWait {

    private final int queueIndex;
    private final PortListener listener;
    private boolean waits;

    MemoryWait(int queueIndex, PortListener listener) {
        this.queueIndex = queueIndex;
        this.listener = listener;
    }

    /** Whether the queue waits. */
    boolean isOn() {
        return waits;
    }

    void begin(AwaitedMemory missing) {
        waits = true;
        long[] addresses = new long[missing.count()];
        int[] accesses = new int[missing.count()];
        for (int i = 0; i < addresses.length; i++) {
            addresses[i] = missing.guestAddress(i);
            accesses[i] = missing.access(i);
        }
        listener.onMemoryAwaited(queueIndex, addresses, accesses);
    }

    /**
     * Memory has come, though perhaps not what is waited for: the queue looks again.
     *
     * @return whether it waited
     */
    boolean end() {
        boolean waited = waits;
        waits = false;
        return waited;
    }
}
