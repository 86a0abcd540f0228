package io.annulet.channel;

import io.annulet.memory.HostMemory;

/**
 * Seals records and puts them into the ring; used by its end's thread. Everything is sealed in private memory first: what
 * stands in the ring is never an input of the cipher.
 */
final class RecordWriter {
    static final int SCRATCH_BYTES = RecordHeader.MAX_RECORD_BYTES + Aead.KEY_BYTES;

    private final int end;
    private final RingWriter ring;
    private final DirectionKey key;
    private final Freshness freshness;
    private final long record;
    private final long random;

    private long count;

    /** @param scratch {@link #SCRATCH_BYTES} of private memory */
    RecordWriter(int end, RingWriter ring, DirectionKey key, Freshness freshness, long scratch) {
        this.end = end;
        this.ring = ring;
        this.key = key;
        this.freshness = freshness;
        this.record = scratch;
        this.random = scratch + RecordHeader.MAX_RECORD_BYTES;
    }

    /** Whether a record of {@code plainByteLength} finds room, and a change of the key before it. */
    boolean hasRoom(int plainByteLength) {
        return ring.hasRoom(
                (long) RecordHeader.recordByteLength(plainByteLength) + RecordHeader.recordByteLength(Aead.KEY_BYTES));
    }

    /** Seals {@code byteLength} private bytes as the next record, behind a change of the key if that is due. */
    void write(int type, long from, int byteLength) {
        write(type, from, byteLength, from, 0);
    }

    /** Likewise private bytes that lie in two places. */
    void write(int type, long head, int headByteLength, long body, int bodyByteLength) {
        if (key.isDue()) {
            changeKey();
        }
        seal(type, head, headByteLength, body, bodyByteLength);
    }

    private void changeKey() {
        freshness.draw(random);
        freshness.draw(random + RecordHeader.RANDOM_BYTES);
        seal(RecordHeader.TYPE_REKEY, random, Aead.KEY_BYTES, random, 0);
        key.change(random);
        HostMemory.zero(random, Aead.KEY_BYTES);
    }

    private void seal(int type, long head, int headByteLength, long body, int bodyByteLength) {
        int byteLength = headByteLength + bodyByteLength;
        long word = RecordHeader.word(end, type, byteLength);
        long nonce = key.randomAddress();
        freshness.draw(nonce);
        HostMemory.storeLong(record, word);
        HostMemory.copy(nonce, record + RecordHeader.WORD_BYTES, RecordHeader.RANDOM_BYTES);
        key.seal(word, head, headByteLength, body, bodyByteLength, record + RecordHeader.HEADER_BYTES);
        ring.write(record, RecordHeader.recordByteLength(byteLength));
        count++;
    }

    /** Lets the other end see the records. */
    void publish() {
        ring.publish();
    }

    /** Records sealed so far, in all sessions. */
    long count() {
        return count;
    }
}
