package io.annulet.guest;

import io.annulet.memory.HostMemory;

/**
 * Proves what became of the frames of {@link FrameFactory}: loss, duplication, reordering, corruption, delivery to the
 * wrong place; owned by the thread that receives them. {@link SequenceTracker} tells how numbers are judged.
 */
public final class TrafficChecker implements FrameHandler {

    /** Sequence numbers that a flow remembers. */
    public static final int WINDOW = SequenceTracker.WINDOW;

    private static final long BROADCAST = 0xffff_ffff_ffffL;
    private static final long MAC_MASK = 0xffff_ffff_ffffL;

    private final long ownMac;
    private final SequenceTracker sequences;
    private long frames;
    private long bytes;
    private long corrupted;
    private long misdelivered;
    private long foreign;

    /**
     * A checker for flows 0 to {@code flows} - 1 at the receiver with this MAC address.
     *
     * @param mac the first byte in bits 40 to 47
     */
    public TrafficChecker(long mac, int flows) {
        ownMac = FrameFactory.macBytes(mac);
        sequences = new SequenceTracker(flows);
    }

    @Override
    public void onFrame(ReceivedFrame frame) {
        onFrame(frame.address(), frame.byteLength());
    }

    /** Checks the frame at a host address. */
    public void onFrame(long address, int byteLength) {
        if (byteLength < FrameFactory.MIN_BYTE_LENGTH
                || HostMemory.loadShortUnaligned(address + FrameFactory.ETHER_TYPE_AT)
                        != FrameFactory.ETHER_TYPE_LOADED) {
            foreign++;
            return;
        }
        int flow = HostMemory.loadShortUnaligned(address + FrameFactory.FLOW_AT);
        long sequence = HostMemory.loadLong(address + FrameFactory.SEQUENCE_AT);
        if (flow >= sequences.flows() || !hasItsPayload(address, byteLength, flow, sequence)) {
            corrupted++;
            return;
        }
        frames++;
        bytes += byteLength;
        long destination = HostMemory.loadLong(address) & MAC_MASK;
        if (destination != ownMac && destination != BROADCAST) {
            misdelivered++;
        }
        sequences.onFrame(flow, sequence);
    }

    private static boolean hasItsPayload(long address, int byteLength, int flow, long sequence) {
        return PayloadPattern.matches(
                address + FrameFactory.PAYLOAD_AT,
                byteLength - FrameFactory.PAYLOAD_AT,
                PayloadPattern.base(flow, sequence, byteLength));
    }

    /** The number behind the newest one of a flow that came. */
    public long nextSequence(int flow) {
        return sequences.nextSequence(flow);
    }

    /** Counts as lost what was sent behind the last frame that came: {@code sent} is the flow's next number. */
    public void closeFlow(int flow, long sent) {
        sequences.closeFlow(flow, sent);
    }

    /** Test frames that came whole, duplicates among them. */
    public long frames() {
        return frames;
    }

    public long bytes() {
        return bytes;
    }

    /** Frames of which a later one came, but not they. */
    public long lost() {
        return sequences.lost();
    }

    public long duplicated() {
        return sequences.duplicated();
    }

    /** Frames that came after a later one. */
    public long reordered() {
        return sequences.reordered();
    }

    /** Frames too old to tell a duplicate from a late one. */
    public long stale() {
        return sequences.stale();
    }

    /** Test frames whose payload, length, flow or number changed on the way. */
    public long corrupted() {
        return corrupted;
    }

    /** Frames that were neither for this receiver nor for all. */
    public long misdelivered() {
        return misdelivered;
    }

    /** Frames that are no test frames. */
    public long foreign() {
        return foreign;
    }

    /** Whether every frame came once, in order, whole and to the right place; foreign frames don't count. */
    public boolean isClean() {
        return lost() == 0
                && duplicated() == 0
                && reordered() == 0
                && stale() == 0
                && corrupted == 0
                && misdelivered == 0;
    }

    @Override
    public String toString() {
        return frames + " frames, " + bytes + " bytes, lost " + lost() + ", duplicated " + duplicated() + ", reordered "
                + reordered() + ", stale " + stale() + ", corrupted " + corrupted + ", misdelivered " + misdelivered
                + ", foreign " + foreign;
    }
}
