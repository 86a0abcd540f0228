package io.annulet.channel;

/**
 * Where things lie in a channel's memory; immutable. The picture is in the package's description.
 *
 * @param address where the memory is mapped
 * @param byteLength how much of it there is
 */
public record ChannelLayout(long address, long byteLength) {

    static final int PAGE_BYTES = 4096;

    /** One record and its successor always find room, and what is in flight stays in a processor's cache. */
    static final long MIN_RING_BYTES = 4L * RecordHeader.MAX_RECORD_BYTES;

    static final long MAX_RING_BYTES = 1L << 20;

    private static final long MAIL = 2 * PAGE_BYTES;
    private static final long RINGS = 4 * PAGE_BYTES;

    /** The least memory that makes a channel. */
    public static final long MIN_BYTES = RINGS + 2 * (MIN_RING_BYTES + PAGE_BYTES);

    public ChannelLayout {
        if (byteLength < MIN_BYTES) {
            throw new IllegalArgumentException(
                    byteLength + " bytes are no memory for a channel: it takes " + MIN_BYTES + " or more");
        }
        if ((address & (PAGE_BYTES - 1)) != 0) {
            throw new IllegalArgumentException("a channel's memory begins at a page");
        }
    }

    /** Both rings' size: both ends come to it from the memory's size, and the handshake holds them to it. */
    long ringByteLength() {
        return Math.min(MAX_RING_BYTES, (byteLength - RINGS) / 2) & -PAGE_BYTES;
    }

    long controlAddress(int end) {
        return address + (long) end * PAGE_BYTES;
    }

    long mailAddress(int end) {
        return address + MAIL + (long) end * PAGE_BYTES;
    }

    /** The ring that {@code end} writes. */
    long ringAddress(int end) {
        return address + RINGS + end * ringByteLength();
    }
}
