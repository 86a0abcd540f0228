package io.annulet.guest;

import io.annulet.memory.HostMemory;
import io.annulet.vring.DriverHalf;
import java.util.Arrays;

/**
 * A receive queue as its driver works it; owned by one thread.
 *
 * <p>All buffers are with the device except while a frame is handled. A frame may span several buffers if MRG_RXBUF was
 * acknowledged; {@link #receive} puts it together and offers the buffers again. Nothing is allocated for a frame.
 */
public final class DriverReceiveQueue {

    private final DriverVring vring;
    private final Framing framing;
    private final KickPolicy kickPolicy;
    private final BufferPool buffers;
    private final ChainBuilder chains;
    private final int bufferByteLength;
    private final int[] slotOfHead;
    private final UsedBuffers used = new UsedBuffers();
    private final int[] taken;
    private final ReceivedFrame frame;
    private final FrameBurst burst = new FrameBurst();
    private final long[] guestAddresses = new long[FrameBurst.CAPACITY];
    private final int[] byteLengths = new int[FrameBurst.CAPACITY];
    private final int[] heads = new int[FrameBurst.CAPACITY];
    private final DeviceViolations violations = new DeviceViolations();
    private DriverHalf half;
    private ReceivedHeaderRules headerRules = new ReceivedHeaderRules(0);
    private int headerByteLength = NetHeaderLayout.BYTES;
    private int headerOffset;
    private boolean mergeable;
    private int writtenByteLength;
    private int takenCount;
    private long receivedFrames;
    private long receivedBytes;

    DriverReceiveQueue(GuestRam ram, DriverVring vring, QueueOptions options) {
        this.vring = vring;
        this.framing = options.receiveFraming();
        this.kickPolicy = options.kickPolicy();
        this.bufferByteLength = options.receiveBufferByteLength();
        int slots = options.receiveBuffers();
        this.buffers = new BufferPool(ram, slots, bufferByteLength);
        this.chains = new ChainBuilder(ram, framing, slots);
        this.slotOfHead = new int[options.ringSize()];
        this.taken = new int[slots];
        Arrays.fill(byteLengths, bufferByteLength);
        this.frame = new ReceivedFrame(slots * framing.descriptors());
        this.half = vring.half();
    }

    /** Begins afresh on a cleared ring and offers all buffers. */
    void start(long features, int headerBytes, boolean mergeableBuffers, int baseIndex) {
        headerRules = new ReceivedHeaderRules(features);
        headerByteLength = headerBytes;
        headerOffset = ChainBuilder.headerOffset(framing, headerBytes);
        mergeable = mergeableBuffers;
        half = vring.begin(features, baseIndex);
        half.suppressCalls();
        used.clear();
        buffers.freeAll();
        while (buffers.free() > 0) {
            post(buffers.take());
        }
        publish();
    }

    public DriverVring vring() {
        return vring;
    }

    /** How many frames of this length its buffers hold. */
    public int capacity(int frameByteLength) {
        int buffersEach = (frameByteLength + headerByteLength + bufferByteLength - 1) / bufferByteLength;
        return buffers.count() / buffersEach;
    }

    /** Where a frame lies in a receive buffer, counted from 0. */
    public long bufferAddress(int buffer) {
        return buffers.host(buffer);
    }

    public int headerByteLength() {
        return headerByteLength;
    }

    /**
     * Hands up to {@code maxFrames} received frames to the handler and offers their buffers again.
     *
     * @return how many frames were handled; those the device got wrong are only counted, in {@link #violations}
     */
    public int receive(FrameHandler handler, int maxFrames) {
        int frames = 0;
        int handled = 0;
        while (handled < maxFrames && (used.left() > 0 || lookAhead(maxFrames - handled, handler.readsFrames()))) {
            int plain = findPlain(maxFrames - handled);
            handled += Math.max(1, plain);
            frames += plain > 0 ? receivePlain(handler, plain) : receiveNext(handler);
        }
        if (handled > 0) {
            publish();
        }
        return frames;
    }

    /** Takes used buffers ahead, no more than frames are wanted; false if there are none. */
    private boolean lookAhead(int maxBuffers, boolean readsFrames) {
        if (used.take(half, slotOfHead, maxBuffers) > 0) {
            violations.add(DeviceViolation.NOT_OFFERED);
            if (!vring.goesOnBehindAStray()) {
                used.dropLast();
            }
        }
        used.touch(buffers, headerOffset, readsFrames);
        return used.left() > 0;
    }

    /** How many of the next buffers are plain frames, each whole and in one piece; they are in the burst then. */
    private int findPlain(int max) {
        burst.begin(headerOffset);
        int most = framing.isOneDescriptor() ? Math.min(max, used.left()) : 0;
        int count = 0;
        while (count < most && used.hasSlot(count)) {
            long data = buffers.host(used.slot(count));
            int written = used.writtenByteLength(count);
            if (written < headerByteLength || written > bufferByteLength || !isPlain(data - headerOffset)) {
                break;
            }
            burst.add(data, written - headerByteLength);
            count++;
        }
        return count;
    }

    private boolean isPlain(long header) {
        return ReceivedHeaderRules.isPlain(header)
                && (!mergeable || HostMemory.loadShort(header + NetHeaderLayout.NUM_BUFFERS) == 1);
    }

    /** Has the handler see the frames of the burst; returns how many it saw. */
    private int receivePlain(FrameHandler handler, int count) {
        receivedFrames += count;
        for (int i = 0; i < count; i++) {
            receivedBytes += burst.byteLength(i);
        }
        try {
            handler.onFrames(burst, frame);
        } finally {
            offerPlainAgain(count);
        }
        return count;
    }

    private void offerPlainAgain(int count) {
        for (int i = 0; i < count; i++) {
            guestAddresses[i] = buffers.guest(used.slot(i)) - headerByteLength;
        }
        half.offerEach(guestAddresses, byteLengths, heads, count, true);
        for (int i = 0; i < count; i++) {
            slotOfHead[heads[i]] = used.slot(i);
        }
        used.skip(count);
    }

    /** Has the handler see the next frame; returns how many it saw. */
    private int receiveNext(FrameHandler handler) {
        try {
            if (takeBuffer() && gather()) {
                receivedFrames++;
                receivedBytes += frame.byteLength();
                handler.onFrame(frame);
                return 1;
            }
            return 0;
        } finally {
            offerAgain();
        }
    }

    /** Takes one used buffer; false if there is none. One that was never offered counts as a buffer without a slot. */
    private boolean takeBuffer() {
        if (used.left() == 0 && !lookAhead(1, false)) {
            return false;
        }
        if (used.hasSlot(0)) {
            taken[takenCount++] = used.slot(0);
        }
        writtenByteLength = used.writtenByteLength(0);
        used.skip(1);
        return true;
    }

    /** Makes a frame of the buffer taken and those it says belong to it. False if that cannot be. */
    private boolean gather() {
        if (takenCount == 0) {
            return false;
        }
        long data = buffers.host(taken[0]);
        int written = writtenByteLength;
        if (written < headerByteLength) {
            return violated(DeviceViolation.SHORTER_THAN_HEADER);
        }
        if (written > bufferByteLength) {
            return violated(DeviceViolation.WRITTEN_BEYOND_BUFFER);
        }
        long header = data - headerOffset;
        int numBuffers = mergeable ? HostMemory.loadShort(header + NetHeaderLayout.NUM_BUFFERS) : 1;
        frame.begin(header);
        if (numBuffers == 1 && framing.isOneDescriptor()) {
            frame.addPiece(data, written - headerByteLength);
            return hasGoodHeader();
        }
        return gatherPieces(data, written, numBuffers) && hasGoodHeader();
    }

    private boolean hasGoodHeader() {
        DeviceViolation violation = headerRules.judge(frame.headerAddress(), frame.byteLength());
        return violation == null || violated(violation);
    }

    private boolean gatherPieces(long firstData, int firstWritten, int numBuffers) {
        if (numBuffers == 0) {
            return violated(DeviceViolation.NUM_BUFFERS_ZERO);
        }
        addPieces(firstData, firstWritten, headerByteLength);
        for (int i = 1; i < numBuffers; i++) {
            int before = takenCount;
            if (before == taken.length || !takeBuffer() || takenCount == before) {
                return violated(DeviceViolation.BUFFERS_MISSING);
            }
            int written = writtenByteLength;
            if (written > bufferByteLength) {
                return violated(DeviceViolation.WRITTEN_BEYOND_BUFFER);
            }
            frame.addBuffer();
            addPieces(buffers.host(taken[before]), written, 0);
        }
        return frame.byteLength() <= ReceivedFrame.MAX_BYTE_LENGTH || violated(DeviceViolation.FRAME_TOO_LONG);
    }

    /** Adds what was written into one buffer, without the first {@code skip} bytes. */
    private void addPieces(long data, int written, int skip) {
        int pieces = chains.describe(headerByteLength, bufferByteLength - headerByteLength);
        int left = written;
        int skipped = skip;
        for (int i = 0; i < pieces && left > 0; i++) {
            int inPiece = Math.min(left, chains.pieceByteLength(i));
            int without = Math.min(skipped, inPiece);
            if (inPiece > without) {
                frame.addPiece(data + chains.pieceOffset(i) + without, inPiece - without);
            }
            skipped -= without;
            left -= inPiece;
        }
    }

    private boolean violated(DeviceViolation kind) {
        violations.add(kind);
        return false;
    }

    private void offerAgain() {
        for (int i = 0; i < takenCount; i++) {
            post(taken[i]);
        }
        takenCount = 0;
    }

    private void post(int slot) {
        int head = chains.offer(
                half, slot, buffers.guest(slot), headerByteLength, bufferByteLength - headerByteLength, true);
        slotOfHead[head] = slot;
    }

    private void publish() {
        boolean asked = half.publishAvail();
        if (kickPolicy == KickPolicy.ALWAYS || (asked && kickPolicy == KickPolicy.AS_ASKED)) {
            vring.kick();
        }
    }

    /** Waits, sleeping, until the device has used something; false if it did not in time. */
    public boolean awaitUsed(long timeoutNanos) {
        return awaitUsed(1, timeoutNanos);
    }

    /** As above, until with EVENT_IDX {@code buffers} more have been used: one call for all of them. */
    public boolean awaitUsed(int buffers, long timeoutNanos) {
        boolean used = half.requestCalls(buffers - 1) || vring.awaitCall(timeoutNanos);
        half.suppressCalls();
        return used;
    }

    public long receivedFrames() {
        return receivedFrames;
    }

    /** Bytes of the frames received, headers not counted. */
    public long receivedBytes() {
        return receivedBytes;
    }

    public DeviceViolations violations() {
        return violations;
    }
}
