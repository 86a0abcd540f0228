package io.annulet.guest;

import io.annulet.memory.HostMemory;
import io.annulet.vring.DriverHalf;

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
    private final int[] taken;
    private final ReceivedFrame frame;
    private final DeviceViolations violations = new DeviceViolations();
    private DriverHalf half;
    private ReceivedHeaderRules headerRules = new ReceivedHeaderRules(0);
    private int headerByteLength = NetHeaderLayout.BYTES;
    private int headerOffset;
    private boolean mergeable;
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
        boolean any = false;
        for (int i = 0; i < maxFrames && takeBuffer(); i++) {
            any = true;
            try {
                if (gather()) {
                    receivedFrames++;
                    receivedBytes += frame.byteLength();
                    frames++;
                    handler.onFrame(frame);
                }
            } finally {
                offerAgain();
            }
        }
        if (any) {
            publish();
        }
        return frames;
    }

    /** Takes one used buffer; false if there is none. One that was never offered counts as a buffer without a slot. */
    private boolean takeBuffer() {
        int head = half.takeUsed();
        if (head >= 0) {
            taken[takenCount++] = slotOfHead[head];
            return true;
        }
        if (head == DriverHalf.NOT_OFFERED) {
            violations.add(DeviceViolation.NOT_OFFERED);
            return vring.goesOnBehindAStray();
        }
        return false;
    }

    /** Makes a frame of the buffer taken and those it says belong to it. False if that cannot be. */
    private boolean gather() {
        if (takenCount == 0) {
            return false;
        }
        long data = buffers.host(taken[0]);
        long written = half.writtenByteLength();
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
            frame.addPiece(data, (int) written - headerByteLength);
            return hasGoodHeader();
        }
        return gatherPieces(data, (int) written, numBuffers) && hasGoodHeader();
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
            long written = half.writtenByteLength();
            if (written > bufferByteLength) {
                return violated(DeviceViolation.WRITTEN_BEYOND_BUFFER);
            }
            frame.addBuffer();
            addPieces(buffers.host(taken[before]), (int) written, 0);
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
