package io.annulet.channel;

import io.annulet.memory.HostMemory;

/** Items gathered for the next record, in private memory; used by its end's thread. */
final class Batch {
    private static final int ALONE_BYTES = 32 * 1024;

    private final long address;
    private final int padding;
    private int byteLength;

    /**
     * @param address of {@link RecordHeader#MAX_PLAIN_BYTES} private bytes
     * @param padding records are padded to a multiple of so many bytes
     */
    Batch(long address, int padding) {
        this.address = address;
        this.padding = padding;
    }

    long address() {
        return address;
    }

    boolean isEmpty() {
        return byteLength == 0;
    }

    void clear() {
        byteLength = 0;
    }

    boolean hasRoom(int kind, int itemByteLength) {
        return byteLength + Item.headerByteLength(kind) + itemByteLength <= RecordHeader.MAX_PLAIN_BYTES;
    }

    /** Whether an item is so large that copying it here first would cost more than a record of its own. */
    boolean isBetterAlone(int itemByteLength) {
        return padding == 1 && itemByteLength >= ALONE_BYTES;
    }

    /** Stores the header of an item whose bytes stay where they are; returns the header's length. */
    int addHeader(int kind, int region, long offset, int itemByteLength) {
        Item.store(address, kind, itemByteLength, region, offset);
        return Item.headerByteLength(kind);
    }

    void add(int kind, int region, long offset, long from, int itemByteLength) {
        Item.store(address + byteLength, kind, itemByteLength, region, offset);
        byteLength += Item.headerByteLength(kind);
        HostMemory.copy(from, address + byteLength, itemByteLength);
        byteLength += itemByteLength;
    }

    /** Fills up with zeros; the batch's items stay as they are, and so does their length. Returns the padded length. */
    int pad() {
        int padded = Math.min((byteLength + padding - 1) / padding * padding, RecordHeader.MAX_PLAIN_BYTES);
        HostMemory.zero(address + byteLength, padded - byteLength);
        return padded;
    }
}
