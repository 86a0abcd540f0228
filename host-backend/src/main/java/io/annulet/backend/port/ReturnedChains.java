package io.annulet.backend.port;

import io.annulet.backend.data.OwedCalls;
import io.annulet.backend.data.TransmitQueue;
import io.annulet.memory.HostMemory;

/**
 * Gives chains back to a guest that other ports kept longer than their burst, see
 * {@link io.annulet.backend.data.CompletionWindow}; owned by the worker of the guest's shard.
 */
final class ReturnedChains {

    private final OwedCalls owedCalls;

    ReturnedChains(OwedCalls owedCalls) {
        this.owedCalls = owedCalls;
    }

    /** Shows the driver what was returned since the last time, and calls it. */
    void giveBack(TransmitQueue[] queues) {
        for (TransmitQueue queue : queues) {
            if (queue.hasReturned() && queue.giveBackReturned()) {
                HostMemory.fullFence(); // [C]
                if (queue.callDriver()) {
                    owedCalls.add(queue);
                }
            }
        }
    }

    /** Likewise, after all that is kept was asked for. */
    void recall(TransmitQueue[] queues) {
        for (TransmitQueue queue : queues) {
            queue.recall();
        }
        giveBack(queues);
    }
}
