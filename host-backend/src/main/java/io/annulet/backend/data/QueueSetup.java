package io.annulet.backend.data;

import io.annulet.linux.EventFd;
import io.annulet.memory.GuestMemory;
import io.annulet.vring.RingFeatures;
import io.annulet.vring.Vring;
import org.jspecify.annotations.Nullable;

/**
 * Everything a worker needs to work a started ring, checked by the control plane; immutable.
 *
 * @param queueIndex even: a receive queue, odd: a transmit queue
 * @param ring the ring's memory, wholly inside {@code memory}
 * @param headerByteLength of the virtio-net header before each frame
 * @param mergeable whether a frame may fill several receive buffers (MRG_RXBUF)
 * @param offloads {@link io.annulet.backend.offload.Offload}s: of a transmit queue those that the driver may ask for, of a
 *     receive queue those that it takes
 * @param base where to go on: see {@link io.annulet.vring.DeviceHalf#base}
 * @param kick null if the front-end wants the ring polled
 * @param call null if the front-end wants no calls, or has not sent the descriptor yet
 * @param error null if not sent
 * @param calls when the driver is called
 */
public record QueueSetup(
        int queueIndex,
        Vring ring,
        GuestMemory memory,
        RingFeatures ringFeatures,
        int headerByteLength,
        boolean mergeable,
        int offloads,
        int base,
        boolean enabled,
        @Nullable EventFd kick,
        @Nullable EventFd call,
        @Nullable EventFd error,
        CallPolicy calls) {

    /** A ring whose driver is called at once. */
    public QueueSetup(
            int queueIndex,
            Vring ring,
            GuestMemory memory,
            RingFeatures ringFeatures,
            int headerByteLength,
            boolean mergeable,
            int offloads,
            int base,
            boolean enabled,
            @Nullable EventFd kick,
            @Nullable EventFd call,
            @Nullable EventFd error) {
        this(
                queueIndex,
                ring,
                memory,
                ringFeatures,
                headerByteLength,
                mergeable,
                offloads,
                base,
                enabled,
                kick,
                call,
                error,
                CallPolicy.OFF);
    }

    public boolean isReceive() {
        return (queueIndex & 1) == 0;
    }
}
