package io.annulet.backend.data;

import io.annulet.linux.EventFd;
import io.annulet.memory.GuestMemory;
import io.annulet.vring.RingFeatures;
import io.annulet.vring.SplitRing;
import org.jspecify.annotations.Nullable;

/**
 * Everything a worker needs to work a started ring, checked by the control plane; immutable.
 *
 * @param queueIndex even: a receive queue, odd: a transmit queue
 * @param ring the ring's memory, wholly inside {@code memory}
 * @param headerByteLength of the virtio-net header before each frame
 * @param mergeable whether a frame may fill several receive buffers (MRG_RXBUF)
 * @param baseIndex the available entry to take next
 * @param kick null if the front-end wants the ring polled
 * @param call null if the front-end wants no calls, or has not sent the descriptor yet
 * @param error null if not sent
 */
public record QueueSetup(
        int queueIndex,
        SplitRing ring,
        GuestMemory memory,
        RingFeatures ringFeatures,
        int headerByteLength,
        boolean mergeable,
        int baseIndex,
        boolean enabled,
        @Nullable EventFd kick,
        @Nullable EventFd call,
        @Nullable EventFd error) {

    public boolean isReceive() {
        return (queueIndex & 1) == 0;
    }
}
