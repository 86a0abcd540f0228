package io.annulet.guest.peer;

import io.annulet.guest.NetHeaderLayout;
import io.annulet.memory.HostMemory;
import io.annulet.vring.ChainFault;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * Moves frames from a transmit queue into the buffers of a receive queue, losing none; owned by the thread that polls.
 *
 * <p>Each frame goes through memory of our own, where a {@link Fault} can get at it. A frame for which there is no room
 * stays in its transmit queue.
 */
final class FrameMover {

    private static final int SCRATCH_BYTES = 1 << 17;
    private static final int DESTINATION_BYTE = 5;

    private final Fault fault;
    private final int every;
    private final MemorySegment scratch = Arena.ofAuto().allocate(2L * SCRATCH_BYTES, 8);
    private final long frame = HostMemory.addressOf(scratch);
    private final long heldFrame = frame + SCRATCH_BYTES;
    private int heldByteLength;
    private boolean isOnceDelivered;
    private long frames;

    FrameMover(Fault fault, int every) {
        this.fault = fault;
        this.every = every;
    }

    /** Frames taken so far. */
    long frames() {
        return frames;
    }

    /**
     * Moves a burst.
     *
     * @param to null if there is nobody to deliver to: the frames are discarded
     * @param headerByteLength of both sides
     * @param mergeable whether a frame may span several of the receiver's buffers
     * @return how many frames left the transmit queue
     */
    int move(DeviceQueue from, @Nullable DeviceQueue to, int headerByteLength, boolean mergeable) {
        int taken = from.takeBurst();
        int moved = 0;
        while (moved < taken && !isDue(Fault.STOPS_TAKING) && moveOne(from, moved, to, headerByteLength, mergeable)) {
            moved++;
        }
        from.half.untake(taken - moved);
        if (moved > 0) {
            if (to != null) {
                to.publish();
            }
            from.publish();
        }
        return moved;
    }

    private boolean moveOne(
            DeviceQueue from, int chain, @Nullable DeviceQueue to, int headerByteLength, boolean mergeable) {
        int byteLength = (int) from.chains.readableByteLength(chain);
        boolean good = from.chains.fault(chain) == ChainFault.NONE
                && byteLength > headerByteLength
                && byteLength <= SCRATCH_BYTES;
        if (good && to != null && !isDue(Fault.STOPS_DELIVERING)) {
            gather(from, chain);
            if (!deliverWithFault(to, byteLength, headerByteLength, mergeable)) {
                return false;
            }
        }
        frames++;
        int head = from.chains.head(chain);
        from.half.giveBack(isTurn(Fault.RETURNS_UNKNOWN_BUFFERS) ? 0xffff : head, 0);
        return true;
    }

    /** Whether a fault that lasts has begun. */
    boolean isDue(Fault kind) {
        return fault == kind && frames >= every;
    }

    /** Whether a fault that happens now and then happens to this frame. */
    private boolean isTurn(Fault kind) {
        return fault == kind && frames % every == every - 1;
    }

    private void gather(DeviceQueue from, int chain) {
        long to = frame;
        for (int i = from.chains.firstSegment(chain); i < from.chains.endSegment(chain); i++) {
            HostMemory.copy(from.chains.segmentAddress(i), to, from.chains.segmentByteLength(i));
            to += from.chains.segmentByteLength(i);
        }
    }

    private boolean deliverWithFault(DeviceQueue to, int byteLength, int headerByteLength, boolean mergeable) {
        if (isTurn(Fault.DROPS)) {
            return true;
        }
        if (isTurn(Fault.REORDERS) && heldByteLength == 0) {
            HostMemory.copy(frame, heldFrame, byteLength);
            heldByteLength = byteLength;
            return true;
        }
        damage(byteLength, headerByteLength);
        damageHeader();
        if (isTurn(Fault.DUPLICATES) && !isOnceDelivered) {
            if (!deliver(to, frame, byteLength, headerByteLength, mergeable)) {
                return false;
            }
            // If there is no room for the second one now, the frame comes here again.
            isOnceDelivered = true;
        }
        int cut = isTurn(Fault.TRUNCATES) ? 1 : 0;
        if (!deliver(to, frame, byteLength - cut, headerByteLength, mergeable)) {
            return false;
        }
        isOnceDelivered = false;
        if (heldByteLength > 0 && deliver(to, heldFrame, heldByteLength, headerByteLength, mergeable)) {
            heldByteLength = 0;
        }
        return true;
    }

    private void damage(int byteLength, int headerByteLength) {
        if (isTurn(Fault.CORRUPTS)) {
            flip(frame + headerByteLength + (byteLength - headerByteLength) / 2);
        }
        if (isTurn(Fault.MISDIRECTS)) {
            flip(frame + headerByteLength + DESTINATION_BYTE);
        }
    }

    private void damageHeader() {
        if (isTurn(Fault.FORGETS_OFFLOADS)) {
            HostMemory.storeShort(frame, 0);
        }
        if (isTurn(Fault.INVENTS_CHECKSUMS)) {
            HostMemory.storeByte(frame, NetHeaderLayout.FLAG_NEEDS_CSUM);
            HostMemory.storeShort(frame + NetHeaderLayout.CSUM_START, 0xffff);
        }
    }

    private static void flip(long address) {
        HostMemory.storeByte(address, HostMemory.loadByte(address) ^ 0x10);
    }

    /** Writes a frame with its header into receive buffers; false if there is no room yet. */
    private boolean deliver(DeviceQueue to, long address, int byteLength, int headerByteLength, boolean mergeable) {
        to.chains.clear();
        long space = 0;
        while (space < byteLength && (mergeable || space == 0) && to.half.take(to.chains, 1) == 1) {
            space += to.chains.writableByteLength(to.chains.count() - 1);
        }
        if (space < byteLength) {
            boolean isTooLong = space > 0 && !mergeable;
            to.half.untake(to.chains.count());
            return isTooLong; // a frame that will never fit is dropped
        }
        if (headerByteLength >= NetHeaderLayout.BYTES) {
            int buffers = isTurn(Fault.SAYS_NO_BUFFERS) ? 0 : to.chains.count();
            HostMemory.storeShort(address + NetHeaderLayout.NUM_BUFFERS, buffers);
        }
        scatter(to, address, byteLength);
        return true;
    }

    private void scatter(DeviceQueue to, long address, int byteLength) {
        long from = address;
        int left = byteLength;
        for (int chain = 0; chain < to.chains.count(); chain++) {
            long written = 0;
            for (int i = to.chains.firstSegment(chain); i < to.chains.endSegment(chain) && left > 0; i++) {
                int length = Math.min(left, to.chains.segmentByteLength(i));
                HostMemory.copy(from, to.chains.segmentAddress(i), length);
                from += length;
                left -= length;
                written += length;
            }
            boolean isLie = isTurn(Fault.CLAIMS_TOO_MANY_BYTES);
            to.half.giveBack(to.chains.head(chain), isLie ? 1 << 20 : written);
        }
    }
}
