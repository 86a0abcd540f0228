package io.annulet.channel;

/**
 * What stands in the clear before each record; stateless. One word, read once:
 *
 * <pre>
 *   63      48 47     40 39     32 31                        0
 *  +----------+---------+---------+--------------------------+
 *  |  mark    |  end    |  type   |  length of plain bytes   |   then 16 random bytes, then sealed bytes and tag
 *  +----------+---------+---------+--------------------------+
 * </pre>
 *
 * <p>All of it is authenticated, together with the channel's identity and the record's number, which is not sent.
 */
final class RecordHeader {
    /** A batch of items: see {@link Item}. */
    static final int TYPE_ITEMS = 1;

    /** Nothing more will come. */
    static final int TYPE_END = 2;

    /** The next record is under the next key; holds the randomness that goes into it. */
    static final int TYPE_REKEY = 3;

    /** Confirms the keys of a handshake. */
    static final int TYPE_CONFIRM = 4;

    static final int WORD_BYTES = 8;
    static final int RANDOM_BYTES = 16;
    static final int HEADER_BYTES = WORD_BYTES + RANDOM_BYTES;
    static final int TAG_BYTES = 16;

    /** A message of 64 KiB and its item header. */
    static final int MAX_PLAIN_BYTES = (1 << 16) + Item.MAX_HEADER_BYTES;

    static final int MAX_RECORD_BYTES = align(HEADER_BYTES + MAX_PLAIN_BYTES + TAG_BYTES);

    /** "AN" and the layout's version. */
    private static final long MARK = 0xA101L << 48;

    private static final int END_SHIFT = 40;
    private static final int TYPE_SHIFT = 32;
    private static final long LENGTH_MASK = 0xffff_ffffL;

    private RecordHeader() {}

    static long word(int end, int type, int plainByteLength) {
        return MARK | (long) end << END_SHIFT | (long) type << TYPE_SHIFT | plainByteLength;
    }

    static int type(long word) {
        return (int) (word >>> TYPE_SHIFT) & 0xff;
    }

    static long plainByteLength(long word) {
        return word & LENGTH_MASK;
    }

    /** Whether a word can be of a record that {@code end} sent: mark, end and length. The type is checked once it is opened. */
    static boolean isPlausible(long word, int end) {
        return word >>> END_SHIFT == (MARK >>> END_SHIFT | end) && plainByteLength(word) <= MAX_PLAIN_BYTES;
    }

    /** What a record takes in the ring. */
    static int recordByteLength(int plainByteLength) {
        return align(HEADER_BYTES + plainByteLength + TAG_BYTES);
    }

    private static int align(int byteLength) {
        return (byteLength + 7) & -8;
    }
}
