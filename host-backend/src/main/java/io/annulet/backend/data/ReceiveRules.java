package io.annulet.backend.data;

import io.annulet.backend.offload.Offload;
import io.annulet.backend.policy.ReceiveFilter;
import org.jspecify.annotations.Nullable;

/**
 * How a guest wants its frames, as it told by its control queue; immutable, used by all workers of its port.
 *
 * @param filter which frames it gets; null for all
 * @param queuePairs that are in use: frames go to the receive queues of these only
 * @param offloads a mask of {@link Offload}s that it takes at present, of those that were agreed on
 * @param steering how frames are told apart and spread over its queues; null if that is left to the device
 */
public record ReceiveRules(
        @Nullable ReceiveFilter filter,
        int queuePairs,
        int offloads,
        @Nullable Steering steering) {

    /** Of a guest that has no control queue, or has said nothing yet. */
    public static final ReceiveRules NONE = new ReceiveRules(null, Integer.MAX_VALUE, Offload.ALL, null);

    /** Whether frames may go to a receive queue. */
    public boolean uses(ReceiveQueue queue) {
        return queue.setup().queueIndex() >>> 1 < queuePairs;
    }
}
