package io.annulet.guest.peer;

import io.annulet.linux.EventFd;
import io.annulet.linux.Fd;
import io.annulet.memory.GuestMemory;
import io.annulet.vhostuser.VirtioFeature;
import io.annulet.vring.PackedRing;
import io.annulet.vring.RingFeatures;
import io.annulet.vring.SplitRing;
import io.annulet.vring.Vring;
import org.jspecify.annotations.Nullable;

/** What a front-end told of one vring, and the queue while it is started; owned by the back-end's thread. */
final class PeerVring implements AutoCloseable {

    int size;
    int base;
    long descriptorUserAddress;
    long usedUserAddress;
    long availUserAddress;
    boolean enabled;
    private @Nullable EventFd call;
    private @Nullable DeviceQueue queue;

    /** The queue; null while the ring is stopped. */
    @Nullable
    DeviceQueue queue() {
        return queue;
    }

    /** SET_VRING_KICK: the ring starts. False if its addresses are not in guest memory. */
    boolean start(GuestMemory memory, long features) {
        boolean packed = (features & VirtioFeature.RING_PACKED) != 0;
        boolean sizeIsValid = packed ? PackedRing.isValidSize(size) : SplitRing.isValidSize(size);
        long descriptors = memory.hostAddressOfUser(descriptorUserAddress, SplitRing.descriptorTableBytes(size));
        long avail = memory.hostAddressOfUser(
                availUserAddress, packed ? PackedRing.EVENT_AREA_BYTES : SplitRing.availBytes(size));
        long used = memory.hostAddressOfUser(
                usedUserAddress, packed ? PackedRing.EVENT_AREA_BYTES : SplitRing.usedBytes(size));
        boolean isMapped =
                descriptors != GuestMemory.UNMAPPED && avail != GuestMemory.UNMAPPED && used != GuestMemory.UNMAPPED;
        if (!sizeIsValid || !isMapped) {
            return false;
        }
        Vring ring =
                packed ? new PackedRing(descriptors, avail, used, size) : new SplitRing(descriptors, avail, used, size);
        queue = new DeviceQueue(ring, memory, RingFeatures.of(features), base, call);
        return true;
    }

    /** The memory moved while the ring ran: it goes on at its place. */
    void restart(GuestMemory memory, long features) {
        if (queue != null) {
            stop();
            start(memory, features);
        }
    }

    /** GET_VRING_BASE: returns where the ring stands. */
    int stop() {
        if (queue != null) {
            base = queue.half.base();
            queue = null;
        }
        return base;
    }

    /** SET_VRING_CALL. */
    void call(@Nullable Fd fd) {
        if (call != null) {
            call.close();
        }
        call = fd == null ? null : EventFd.adopt(fd);
        if (queue != null) {
            queue.call(call);
        }
    }

    @Override
    public void close() {
        queue = null;
        call(null);
    }
}
