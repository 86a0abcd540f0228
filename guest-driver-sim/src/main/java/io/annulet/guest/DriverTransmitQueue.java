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
    private final int ringDescriptors;
    private final int maxFrameByteLength;
    private final int[] slotOfHead;
    private final long[] guestAddresses = new long[FrameBurst.CAPACITY];
    private final int[] byteLengths = new int[FrameBurst.CAPACITY];
    private final int[] heads = new int[FrameBurst.CAPACITY];
    private final DeviceViolations violations = new DeviceViolations();
    private DriverHalf half;
    private int headerByteLength = NetHeaderLayout.BYTES;
    private int headerOffset;
    private int unpublished;
    private long submittedFrames;
    private long usedFrames;

    DriverTransmitQueue(GuestRam ram, DriverVring vring, QueueOptions options) {
        this.vring = vring;
        this.framing = options.transmitFraming();
        this.ringDescriptors = framing.ringDescriptors();
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
        headerOffset = ChainBuilder.headerOffset(framing, headerBytes);
        half = vring.begin(features, baseIndex);
        half.suppressCalls();
        buffers.freeAll();
        unpublished = 0;
    }

    public DriverVring vring() {
        return vring;
    }

    /** Where a frame lies in a transmit buffer, counted from 0. */
    public long bufferAddress(int buffer) {
        return buffers.host(buffer);
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
        return hasRoom(1) ? begin() : 0;
    }

    /** Begins the header of the next frame; returns the address for the frame. */
    private long begin() {
        long data = buffers.host(buffers.next());
        clearHeader(data - headerOffset);
        return data;
    }

    /**
     * Likewise for up to {@code max} frames that are submitted together; as many as there are buffers for.
     *
     * @param keptFree buffers that are left free
     */
    public void reserve(FrameBurst burst, int max, int keptFree) {
        burst.begin(headerOffset);
        int wanted = Math.min(max, FrameBurst.CAPACITY);
        if (!isFreeFor(keptFree + wanted)) {
            reclaim();
        }
        int count = Math.min(wanted, room() - keptFree);
        for (int i = 0; i < count; i++) {
            long data = buffers.host(buffers.next(i));
            clearHeader(data - headerOffset);
            burst.add(data, 0);
        }
    }

    /** How many frames can be submitted without taking anything back. */
    private int room() {
        return framing.isOneDescriptor()
                ? Math.min(buffers.free(), half.freeDescriptors())
                : Math.min(buffers.free(), half.freeDescriptors() / ringDescriptors);
    }

    /** Whether so many frames can be submitted now; takes back what was used if that is needed. */
    public boolean hasRoom(int frames) {
        return isFreeFor(frames) || (reclaim() > 0 && isFreeFor(frames));
    }

    /** Whether so many frames can be submitted without taking anything back; without a division, which every frame pays. */
    private boolean isFreeFor(int frames) {
        return buffers.free() >= frames && half.freeDescriptors() >= frames * ringDescriptors;
    }

    /** How many frames the device and the driver have between them. */
    public int capacity() {
        return buffers.count();
    }

    /** Where the header of the reserved frame lies; {@link NetHeaderLayout} draws it. */
    public long headerAddress() {
        return buffers.host(buffers.next()) - headerOffset;
    }

    /** Writes only what is not zero: the device has read the line, and would have to fetch it again. */
    private void clearHeader(long header) {
        clear(header);
        if (headerByteLength > 16) {
            clear(header + 8);
        }
        clear(header + headerByteLength - 8);
    }

    private static void clear(long address) {
        if (HostMemory.loadLong(address) != 0) {
            HostMemory.storeLong(address, 0);
        }
    }

    /** Offers the reserved buffer with a frame of this length; the device may see it only after {@link #flush}. */
    public void submit(int frameByteLength) {
        if (!isFreeFor(1)) {
            throw new IllegalStateException("no buffer was reserved: all are with the device");
        }
        if (frameByteLength < 0 || frameByteLength > maxFrameByteLength) {
            throw new IllegalArgumentException("a frame of " + frameByteLength + " bytes");
        }
        int slot = buffers.take();
        int head = chains.offer(half, slot, buffers.guest(slot), headerByteLength, frameByteLength, false);
        offered(head, slot);
    }

    /** Offers the frames that were reserved, once they and their lengths are written. */
    public void submit(FrameBurst burst) {
        int count = burst.count();
        if (!framing.isOneDescriptor()) {
            for (int i = 0; i < count; i++) {
                submit(burst.byteLength(i));
            }
            return;
        }
        for (int i = 0; i < count; i++) {
            guestAddresses[i] = buffers.guest(buffers.next(i)) - headerByteLength;
            byteLengths[i] = headerByteLength + burst.byteLength(i);
        }
        half.offerEach(guestAddresses, byteLengths, heads, count, false);
        for (int i = 0; i < count; i++) {
            slotOfHead[heads[i]] = buffers.next(i);
        }
        buffers.take(count);
        unpublished += count;
        submittedFrames += count;
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
        int looked = 0;
        boolean mayBeMore = true;
        while (mayBeMore && looked < slotOfHead.length) {
            int count = half.takeUsed(heads, byteLengths, heads.length);
            for (int i = 0; i < count; i++) {
                frames += takeBack(heads[i]);
            }
            looked += count;
            boolean hasStray = count > 0 && heads[count - 1] == DriverHalf.NOT_OFFERED;
            mayBeMore = hasStray ? vring.goesOnBehindAStray() : count == heads.length;
        }
        usedFrames += frames;
        return frames;
    }

    private int takeBack(int head) {
        if (head == DriverHalf.NOT_OFFERED) {
            violations.add(DeviceViolation.NOT_OFFERED);
            return 0;
        }
        if (slotOfHead[head] != NO_SLOT) {
            buffers.giveBack(slotOfHead[head]);
        }
        return 1;
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
