package io.annulet.guest;

import io.annulet.memory.HostMemory;
import io.annulet.vring.DriverHalf;
import java.lang.foreign.MemorySegment;

/**
 * A transmit queue as its driver works it; owned by one thread.
 *
 * <p>A frame is written in place: {@link #reserve} a buffer, write the frame at the address it returns, {@link #submit}
 * its length; then {@link #flush} once for as many as are worth a publication. Nothing is allocated for a frame.
 */
public final class DriverTransmitQueue {

    private static final int NO_SLOT = -1;

    private final DriverVring vring;
    private final Framing framing;
    private final KickPolicy kickPolicy;
    private final BufferPool buffers;
    private final ChainBuilder chains;
    private final int maxFrameByteLength;
    private final int[] slotOfHead;
    private final DeviceViolations violations = new DeviceViolations();
    private DriverHalf half;
    private int headerByteLength = NetHeaderLayout.BYTES;
    private int unpublished;
    private long submittedFrames;
    private long usedFrames;

    DriverTransmitQueue(GuestRam ram, DriverVring vring, QueueOptions options) {
        this.vring = vring;
        this.framing = options.transmitFraming();
        this.kickPolicy = options.kickPolicy();
        this.maxFrameByteLength = options.maxFrameByteLength();
        int slots = options.transmitBuffers();
        this.buffers = new BufferPool(ram, slots, maxFrameByteLength);
        this.chains = new ChainBuilder(ram, framing, slots);
        this.slotOfHead = new int[options.ringSize()];
        this.half = vring.half();
    }

    /** Begins afresh on a cleared ring. */
    void start(long features, int headerBytes, int baseIndex) {
        headerByteLength = headerBytes;
        half = vring.begin(features, baseIndex);
        half.suppressCalls();
        buffers.freeAll();
        unpublished = 0;
    }

    public DriverVring vring() {
        return vring;
    }

    public int headerByteLength() {
        return headerByteLength;
    }

    public int maxFrameByteLength() {
        return maxFrameByteLength;
    }

    /**
     * The host address to write the next frame to, with a zeroed header in front; 0 if all buffers are with the device.
     * Until {@link #submit} the same one is returned again.
     */
    public long reserve() {
        if (!hasRoom(1)) {
            return 0;
        }
        zeroHeader(headerAddress());
        return buffers.host(buffers.next());
    }

    /** Whether so many frames can be submitted now; takes back what was used if that is needed. */
    public boolean hasRoom(int frames) {
        return isFreeFor(frames) || (reclaim() > 0 && isFreeFor(frames));
    }

    /** Whether so many frames can be submitted without taking anything back; without a division, which every frame pays. */
    private boolean isFreeFor(int frames) {
        return buffers.free() >= frames && half.freeDescriptors() >= frames * framing.ringDescriptors();
    }

    /** How many frames the device and the driver have between them. */
    public int capacity() {
        return buffers.count();
    }

    /** Where the header of the reserved frame lies; {@link NetHeaderLayout} draws it. */
    public long headerAddress() {
        return buffers.host(buffers.next()) - ChainBuilder.headerOffset(framing, headerByteLength);
    }

    private void zeroHeader(long header) {
        HostMemory.storeLong(header, 0);
        if (headerByteLength > 16) {
            HostMemory.storeLong(header + 8, 0);
        }
        HostMemory.storeLong(header + headerByteLength - 8, 0);
    }

    /** Offers the reserved buffer with a frame of this length; the device may see it only after {@link #flush}. */
    public void submit(int frameByteLength) {
        if (frameByteLength < 0 || frameByteLength > maxFrameByteLength) {
            throw new IllegalArgumentException("a frame of " + frameByteLength + " bytes");
        }
        int slot = buffers.take();
        int head = chains.offer(half, slot, buffers.guest(slot), headerByteLength, frameByteLength, false);
        offered(head, slot);
    }

    private void offered(int head, int slot) {
        slotOfHead[head] = slot;
        unpublished++;
        submittedFrames++;
    }

    /** Copies a frame into a buffer and offers it; false if there is none. */
    public boolean send(byte[] frame) {
        return send(MemorySegment.ofArray(frame));
    }

    /** Copies a frame into a buffer and offers it; false if there is none. */
    public boolean send(MemorySegment frame) {
        long address = reserve();
        if (address == 0) {
            return false;
        }
        HostMemory.copyIn(frame, address);
        submit(Math.toIntExact(frame.byteSize()));
        return true;
    }

    /** Offers header and frame as they lie in guest RAM, which stays the caller's; false if the ring is full. */
    public boolean offerPrepared(long guestAddress, int byteLength) {
        if (half.freeDescriptors() == 0 && reclaim() == 0) {
            return false;
        }
        offered(half.offer(guestAddress, byteLength, false), NO_SLOT);
        return true;
    }

    /** Offers any chain at all, the first {@code readable} descriptors for the device to read; false if it does not fit. */
    public boolean offerChain(long[] guestAddresses, int[] byteLengths, int count, int readable) {
        if (half.freeDescriptors() < count) {
            reclaim();
        }
        int head = half.offerChain(guestAddresses, byteLengths, count, readable);
        if (head == DriverHalf.FULL) {
            return false;
        }
        offered(head, NO_SLOT);
        return true;
    }

    /**
     * Shows the device all that was offered and kicks it if the policy says so.
     *
     * @return whether it was kicked
     */
    public boolean flush() {
        if (unpublished == 0) {
            return false;
        }
        unpublished = 0;
        boolean asked = half.publishAvail();
        boolean kick = kickPolicy == KickPolicy.ALWAYS || (asked && kickPolicy == KickPolicy.AS_ASKED);
        if (kick) {
            vring.kick();
        }
        return kick;
    }

    /** Takes back what the device is done with; returns how many frames. */
    public int reclaim() {
        int frames = 0;
        for (int i = 0; i < slotOfHead.length; i++) {
            int head = half.takeUsed();
            if (head == DriverHalf.NOTHING) {
                break;
            }
            if (head == DriverHalf.NOT_OFFERED) {
                violations.add(DeviceViolation.NOT_OFFERED);
                if (vring.goesOnBehindAStray()) {
                    continue;
                }
                break;
            }
            if (slotOfHead[head] != NO_SLOT) {
                buffers.giveBack(slotOfHead[head]);
            }
            frames++;
        }
        usedFrames += frames;
        return frames;
    }

    /** Waits, sleeping, until the device has used something; false if it did not in time. */
    public boolean awaitUsed(long timeoutNanos) {
        return awaitUsed(1, timeoutNanos);
    }

    /** As above, until with EVENT_IDX {@code frames} more have been used: one call for all of them. */
    public boolean awaitUsed(int frames, long timeoutNanos) {
        boolean used = half.requestCalls(frames - 1) || vring.awaitCall(timeoutNanos);
        half.suppressCalls();
        return used;
    }

    /** Frames offered and not yet taken back. */
    public int outstanding() {
        return half.outstanding();
    }

    public long submittedFrames() {
        return submittedFrames;
    }

    /** Frames that the device gave back, whether it delivered or dropped them. */
    public long usedFrames() {
        return usedFrames;
    }

    public DeviceViolations violations() {
        return violations;
    }
}
