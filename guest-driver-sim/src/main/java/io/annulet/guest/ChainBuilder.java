package io.annulet.guest;

import io.annulet.vring.DriverHalf;
import io.annulet.vring.SplitRing;

/**
 * Offers a header and data as the descriptors that a {@link Framing} asks for; owned by the thread of its queue.
 *
 * <p>With the header apart it lies at the beginning of the room in front of the data, else right before the data.
 */
final class ChainBuilder {

    private final Framing framing;
    private final long[] addresses;
    private final int[] byteLengths;
    private final long[] tableHostAddresses;
    private final long[] tableGuestAddresses;

    /** @param slots how many buffers may be offered at a time, each with a table of its own if indirect */
    ChainBuilder(GuestRam ram, Framing framing, int slots) {
        this.framing = framing;
        addresses = new long[framing.descriptors()];
        byteLengths = new int[framing.descriptors()];
        tableHostAddresses = new long[framing.indirect() ? slots : 0];
        tableGuestAddresses = new long[framing.indirect() ? slots : 0];
        for (int i = 0; i < tableHostAddresses.length; i++) {
            tableHostAddresses[i] = ram.allocate(tableByteLength(framing), SplitRing.DESCRIPTOR_BYTES);
            tableGuestAddresses[i] = ram.guestAddressOf(tableHostAddresses[i]);
        }
    }

    /** Bytes of RAM that the table of one buffer takes. */
    static long tableByteLength(Framing framing) {
        return framing.indirect() ? SplitRing.descriptorTableBytes(framing.descriptors()) : 0;
    }

    /** Where the header lies, in bytes before the data. */
    static int headerOffset(Framing framing, int headerByteLength) {
        return framing.headerApart() ? BufferPool.HEADER_ROOM : headerByteLength;
    }

    /**
     * Offers a buffer.
     *
     * @param dataGuestAddress where the data begin, behind the header
     * @return the head, or {@link DriverHalf#FULL}
     */
    int offer(
            DriverHalf half,
            int slot,
            long dataGuestAddress,
            int headerByteLength,
            int dataByteLength,
            boolean writable) {
        if (framing.isOneDescriptor()) {
            return half.offer(dataGuestAddress - headerByteLength, headerByteLength + dataByteLength, writable);
        }
        int count = lay(dataGuestAddress, headerByteLength, dataByteLength);
        int readable = writable ? 0 : count;
        return framing.indirect()
                ? half.offerIndirect(
                        tableGuestAddresses[slot], tableHostAddresses[slot], addresses, byteLengths, count, readable)
                : half.offerChain(addresses, byteLengths, count, readable);
    }

    /** Lays the descriptors out; returns how many, fewer than asked for if there are too few bytes. */
    private int lay(long dataGuestAddress, int headerByteLength, int dataByteLength) {
        int count = 0;
        long at = dataGuestAddress;
        int left = dataByteLength;
        if (framing.headerApart()) {
            addresses[count] = dataGuestAddress - BufferPool.HEADER_ROOM;
            byteLengths[count++] = headerByteLength;
        } else {
            at -= headerByteLength;
            left += headerByteLength;
        }
        int each = pieceByteLength(left, headerByteLength);
        while (left > 0) {
            int byteLength = Math.min(left, each);
            addresses[count] = at;
            byteLengths[count++] = byteLength;
            at += byteLength;
            left -= byteLength;
        }
        return count;
    }

    /** How long each piece but the last is: the first one holds a whole header, if it is there. */
    private int pieceByteLength(int byteLength, int headerByteLength) {
        int each = (byteLength + framing.pieces() - 1) / framing.pieces();
        return framing.headerApart() ? each : Math.max(each, headerByteLength);
    }

    // Where the device may have written, for those who read a buffer back.

    /** How many pieces {@link #lay} made; {@link #pieceOffset} and {@link #pieceByteLength(int)} describe them. */
    int describe(int headerByteLength, int dataByteLength) {
        return lay(0, headerByteLength, dataByteLength);
    }

    /** Where a piece begins, in bytes from the data. */
    int pieceOffset(int piece) {
        return (int) addresses[piece];
    }

    int pieceByteLength(int piece) {
        return byteLengths[piece];
    }
}
