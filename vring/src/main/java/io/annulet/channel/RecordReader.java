package io.annulet.channel;

import io.annulet.memory.HostMemory;
import org.jspecify.annotations.Nullable;

/**
 * Takes records out of the ring and opens them; used by its end's thread. The header is read once; the rest is copied into
 * private memory and only then opened, so nothing can change between check and use.
 */
final class RecordReader {
    static final int SCRATCH_BYTES = 2 * RecordHeader.MAX_RECORD_BYTES;

    private final int peer;
    private final RingReader ring;
    private final DirectionKey key;
    private final long sealed;
    private final long plain;

    private int type;
    private int plainByteLength;
    private long count;
    private @Nullable ChannelFault fault;

    /** @param scratch {@link #SCRATCH_BYTES} of private memory */
    RecordReader(int end, RingReader ring, DirectionKey key, long scratch) {
        this.peer = 1 - end;
        this.ring = ring;
        this.key = key;
        this.sealed = scratch;
        this.plain = scratch + RecordHeader.MAX_RECORD_BYTES;
    }

    /** Begins a session: see {@link RingReader#reset}. */
    void reset(long base, boolean lenient) {
        fault = null;
        ring.reset(base, lenient);
    }

    void beStrict() {
        ring.beStrict();
    }

    /** Whether there is something to read, or something wrong. */
    boolean hasMore() {
        return ring.available() != 0;
    }

    /**
     * Opens the next record, following changes of the key.
     *
     * @return whether there was one; if not, {@link #fault} tells whether there is anything wrong
     */
    boolean next() {
        while (fault == null && openOne()) {
            if (type != RecordHeader.TYPE_REKEY) {
                return true;
            }
            if (plainByteLength != Aead.KEY_BYTES) {
                return fail(ChannelFault.ITEM_MALFORMED);
            }
            key.change(plain);
        }
        return false;
    }

    private boolean openOne() {
        long available = ring.available();
        if (available == 0) {
            return false;
        }
        if (available < RecordHeader.HEADER_BYTES + RecordHeader.TAG_BYTES) {
            return fail(ChannelFault.INDEX_FORGED);
        }
        long word = ring.word();
        if (!RecordHeader.isPlausible(word, peer)) {
            return fail(ChannelFault.HEADER_FORGED);
        }
        int byteLength = (int) RecordHeader.plainByteLength(word);
        int recordByteLength = RecordHeader.recordByteLength(byteLength);
        if (recordByteLength > available) {
            return fail(ChannelFault.HEADER_FORGED);
        }
        if (key.isUsedUp()) {
            return fail(ChannelFault.KEY_USED_UP);
        }
        ring.copy(RecordHeader.WORD_BYTES, key.randomAddress(), RecordHeader.RANDOM_BYTES);
        ring.copy(RecordHeader.HEADER_BYTES, sealed, byteLength + RecordHeader.TAG_BYTES);
        ring.advance(recordByteLength);
        if (!key.open(word, sealed, byteLength, plain)) {
            return fail(ChannelFault.RECORD_ALTERED);
        }
        type = RecordHeader.type(word);
        plainByteLength = byteLength;
        count++;
        return true;
    }

    private boolean fail(ChannelFault what) {
        fault = what;
        return false;
    }

    @Nullable
    ChannelFault fault() {
        return fault;
    }

    int type() {
        return type;
    }

    /** The opened bytes; they last until the next record. */
    long plainAddress() {
        return plain;
    }

    int plainByteLength() {
        return plainByteLength;
    }

    /** Lets the other end have the room of the records that were read. */
    void release() {
        ring.release();
    }

    /** Records opened so far, in all sessions. */
    long count() {
        return count;
    }

    /** Overwrites what was opened last. */
    void forget() {
        HostMemory.zero(plain, RecordHeader.MAX_RECORD_BYTES);
    }
}
