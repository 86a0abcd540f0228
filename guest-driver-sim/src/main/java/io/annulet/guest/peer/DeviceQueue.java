package io.annulet.guest.peer;

import io.annulet.linux.EventFd;
import io.annulet.memory.GuestMemory;
import io.annulet.vring.ChainBurst;
import io.annulet.vring.DeviceHalf;
import io.annulet.vring.PackedPosition;
import io.annulet.vring.PackedRing;
import io.annulet.vring.RingFault;
import io.annulet.vring.RingFeatures;
import io.annulet.vring.Vring;
import org.jspecify.annotations.Nullable;

/** One queue as its device works it: the device half, room for the chains taken, and the eventfd to call with. */
final class DeviceQueue {

    /** Chains taken from a transmit queue in one go. */
    static final int BURST = 64;

    private static final int SEGMENTS_A_CHAIN = 32;

    final DeviceHalf half;
    final ChainBurst chains;
    private @Nullable EventFd call;

    /** @param base as SET_VRING_BASE tells it */
    DeviceQueue(Vring ring, GuestMemory memory, RingFeatures features, int base, @Nullable EventFd call) {
        half = DeviceHalf.of(ring, memory, features, base);
        int capacity = Math.max(BURST, ring.size());
        chains = new ChainBurst(capacity, Math.max(SEGMENTS_A_CHAIN * BURST, 2 * ring.size()));
        this.call = call;
    }

    /** The base of a ring that begins, its indexes at {@code baseIndex} if it is split. */
    static int firstBase(Vring ring, int baseIndex) {
        return ring instanceof PackedRing ? PackedPosition.START : baseIndex;
    }

    void call(@Nullable EventFd other) {
        call = other;
    }

    boolean isBroken() {
        return half.fault() != RingFault.NONE;
    }

    /** Takes up to a burst of chains; returns how many, 0 also if the ring is broken. */
    int takeBurst() {
        chains.clear();
        return Math.max(0, half.take(chains, BURST));
    }

    /** Publishes and calls the driver if it wants it. */
    void publish() {
        EventFd wanted = call;
        if (half.publishUsed() && wanted != null) {
            wanted.signal();
        }
    }
}
