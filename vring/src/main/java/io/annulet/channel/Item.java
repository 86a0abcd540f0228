package io.annulet.channel;

import io.annulet.memory.HostMemory;

/**
 * What a record's plain bytes are made of; stateless. A batch is one record with many items.
 *
 * <pre>
 *   63                32 31      24 23              0
 *  +--------------------+----------+-----------------+
 *  |  region            |  kind    |  length         |   for PLACE: 8 bytes of offset; then the bytes
 *  +--------------------+----------+-----------------+
 * </pre>
 */
final class Item {
    /** The rest of the record is padding: a word of zeros. */
    static final int KIND_PADDING = 0;

    static final int KIND_MESSAGE = 1;
    static final int KIND_STREAM = 2;
    static final int KIND_PLACE = 3;

    static final int WORD_BYTES = 8;
    static final int MAX_HEADER_BYTES = 2 * WORD_BYTES;

    private static final int KIND_SHIFT = 24;
    private static final int LENGTH_MASK = (1 << KIND_SHIFT) - 1;

    private Item() {}

    static int headerByteLength(int kind) {
        return kind == KIND_PLACE ? MAX_HEADER_BYTES : WORD_BYTES;
    }

    static void store(long address, int kind, int byteLength, int region, long offset) {
        HostMemory.storeLong(address, (long) region << 32 | (long) kind << KIND_SHIFT | byteLength);
        if (kind == KIND_PLACE) {
            HostMemory.storeLong(address + WORD_BYTES, offset);
        }
    }

    static int kind(long word) {
        return (int) (word >>> KIND_SHIFT) & 0xff;
    }

    static int byteLength(long word) {
        return (int) word & LENGTH_MASK;
    }

    static int region(long word) {
        return (int) (word >>> 32);
    }
}
