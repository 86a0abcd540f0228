package io.annulet.guest;

import io.annulet.memory.HostMemory;

/**
 * Proves what became of the frames of {@link FrameFactory}: loss, duplication, reordering, corruption, delivery to the
 * wrong place; owned by the thread that receives them.
 *
 * <p>Each flow has a window of sequence numbers behind its newest one. A number missing in it is lost until it comes late
 * (reordered); one that comes again is a duplicate; one from before the window can be either and is counted as stale.
 */
public final class TrafficChecker implements FrameHandler {

    /** Sequence numbers that a flow remembers. */
    public static final int WINDOW = 1 << 14;

    private static final long BROADCAST = 0xffff_ffff_ffffL;
    private static final long MAC_MASK = 0xffff_ffff_ffffL;
    private static final int BITS = 6;

    private final long ownMac;
    private final long[] nextSequences;
    private final long[][] seen;
    private long frames;
    private long bytes;
    private long lost;
    private long duplicated;
    private long reordered;
    private long stale;
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
        nextSequences = new long[flows];
        seen = new long[flows][WINDOW >> BITS];
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
        if (flow >= nextSequences.length || !hasItsPayload(address, byteLength, flow, sequence)) {
            corrupted++;
            return;
        }
        frames++;
        bytes += byteLength;
        long destination = HostMemory.loadLong(address) & MAC_MASK;
        if (destination != ownMac && destination != BROADCAST) {
            misdelivered++;
        }
        if (sequence == nextSequences[flow]) {
            nextSequences[flow] = sequence + 1;
            mark(flow, sequence);
        } else {
            outOfTurn(flow, sequence);
        }
    }

    private static boolean hasItsPayload(long address, int byteLength, int flow, long sequence) {
        return PayloadPattern.matches(
                address + FrameFactory.PAYLOAD_AT,
                byteLength - FrameFactory.PAYLOAD_AT,
                PayloadPattern.base(flow, sequence, byteLength));
    }

    private void outOfTurn(int flow, long sequence) {
        long next = nextSequences[flow];
        if (sequence > next) {
            lost += sequence - next;
            for (long missing = Math.max(next, sequence - WINDOW); missing < sequence; missing++) {
                unmark(flow, missing);
            }
            mark(flow, sequence);
            nextSequences[flow] = sequence + 1;
        } else if (next - sequence > WINDOW) {
            stale++;
        } else if (isMarked(flow, sequence)) {
            duplicated++;
        } else {
            mark(flow, sequence);
            lost--;
            reordered++;
        }
    }

    private void mark(int flow, long sequence) {
        seen[flow][word(sequence)] |= 1L << sequence;
    }

    private void unmark(int flow, long sequence) {
        seen[flow][word(sequence)] &= ~(1L << sequence);
    }

    private boolean isMarked(int flow, long sequence) {
        return (seen[flow][word(sequence)] & 1L << sequence) != 0;
    }

    private static int word(long sequence) {
        return (int) (sequence & WINDOW - 1) >> BITS;
    }

    /** Counts as lost what was sent behind the last frame that came: {@code sent} is the flow's next number. */
    public void closeFlow(int flow, long sent) {
        lost += Math.max(0, sent - nextSequences[flow]);
        nextSequences[flow] = Math.max(sent, nextSequences[flow]);
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
        return lost;
    }

    public long duplicated() {
        return duplicated;
    }

    /** Frames that came after a later one. */
    public long reordered() {
        return reordered;
    }

    /** Frames too old to tell a duplicate from a late one. */
    public long stale() {
        return stale;
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
        return lost == 0 && duplicated == 0 && reordered == 0 && stale == 0 && corrupted == 0 && misdelivered == 0;
    }

    @Override
    public String toString() {
        return frames + " frames, " + bytes + " bytes, lost " + lost + ", duplicated " + duplicated + ", reordered "
                + reordered + ", stale " + stale + ", corrupted " + corrupted + ", misdelivered " + misdelivered
                + ", foreign " + foreign;
    }
}
