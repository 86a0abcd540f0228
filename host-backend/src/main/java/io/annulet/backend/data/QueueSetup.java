package io.annulet.backend.data;

import io.annulet.linux.EventFd;
import io.annulet.memory.GuestMemory;
import io.annulet.vring.DeviceHalf;
import io.annulet.vring.InflightChains;
import io.annulet.vring.InflightRegion;
import io.annulet.vring.RingFeatures;
import io.annulet.vring.Vring;
import org.jspecify.annotations.Nullable;

/**
 * Everything a worker needs to work a started ring, checked by the control plane; immutable.
 *
 * @param queueIndex of pair n: 2n is a receive queue, 2n + 1 a transmit queue
 * @param kind what it is for
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
 * @param record what outlives this process of the ring; null if nothing does
 * @param passedChains of a transmit queue: so many chains, the first, were passed on by an earlier process, and are given back
 * @param log what the device writes is logged there; null if it is not
 * @param mtu of a receive queue: the driver was promised no longer frames, see {@link PromisedMtu}; 0 if it was not
 * @param inflight what is taken and not given back is noted there; null if it is not
 */
public record QueueSetup(
        int queueIndex,
        Kind kind,
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
        CallPolicy calls,
        @Nullable RingRecord record,
        int passedChains,
        @Nullable WriteLog log,
        int mtu,
        @Nullable InflightRegion inflight) {

    /** A ring of which nothing outlives this process. */
    public QueueSetup(
            int queueIndex,
            Kind kind,
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
        this(
                queueIndex,
                kind,
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
                calls,
                null,
                0,
                null,
                0,
                null);
    }

    /** Likewise one of a pair, whose driver is called at once. */
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
                (queueIndex & 1) == 0 ? Kind.RECEIVE : Kind.TRANSMIT,
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

    /** This ring with a record, going on where the record told. */
    public QueueSetup recorded(RingRecord kept, int position, int passed) {
        return changed(position, kept, passed, log, mtu, inflight);
    }

    /** This ring with what is written logged, or not. */
    public QueueSetup logged(@Nullable WriteLog to) {
        return changed(base, record, passedChains, to, mtu, inflight);
    }

    /** This ring of a driver that was promised an MTU, or was not. */
    public QueueSetup promised(int bytes) {
        return changed(base, record, passedChains, log, bytes, inflight);
    }

    /** This ring with its chains noted, going on where an earlier device's notes tell if there are any. */
    public QueueSetup noted(InflightRegion region) {
        InflightChains earlier = region.earlier();
        return earlier == null
                ? changed(base, record, passedChains, log, mtu, region)
                : changed(earlier.position(), record, earlier.passedChains(), log, mtu, region);
    }

    /** Whether it goes on where notes of an earlier device tell. */
    public boolean isNotedEarlier() {
        return inflight != null && inflight.earlier() != null;
    }

    /** The half that works the ring. */
    DeviceHalf newHalf() {
        DeviceHalf half = DeviceHalf.of(ring, memory, ringFeatures, base);
        return inflight == null ? half : inflight.noted(half, ring, memory, ringFeatures);
    }

    private QueueSetup changed(
            int position,
            @Nullable RingRecord kept,
            int passed,
            @Nullable WriteLog to,
            int promisedMtu,
            @Nullable InflightRegion region) {
        return new QueueSetup(
                queueIndex,
                kind,
                ring,
                memory,
                ringFeatures,
                headerByteLength,
                mergeable,
                offloads,
                position,
                enabled,
                kick,
                call,
                error,
                calls,
                kept,
                passed,
                to,
                promisedMtu,
                region);
    }

    /** What a queue is for. */
    public enum Kind {
        RECEIVE,
        TRANSMIT,
        CONTROL
    }
}
