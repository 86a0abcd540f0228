package io.annulet.channel;

import io.annulet.memory.HostMemory;
import java.util.Arrays;

/**
 * The key of one direction, how much it was used, and the numbers of its records; used by its end's thread. The numbers
 * are not sent: both ends count, through changes of the key, and a record that is not the next one does not open.
 */
final class DirectionKey implements AutoCloseable {
    private static final int NUMBER_AT = RecordHeader.RANDOM_BYTES;
    private static final int CHANNEL_BYTES = 16;

    /** The channel's identity, the record's number, its header word. */
    private static final int ASSOCIATED_BYTES = CHANNEL_BYTES + 16;

    private static final byte[] REKEY = {'a', 'n', 'n', 'u', 'l', 'e', 't', ' ', 'r', 'e', 'k', 'e', 'y'};

    static final int SCRATCH_BYTES = Aead.KEY_BYTES + Aead.NONCE_BYTES + 8 + ASSOCIATED_BYTES + Aead.SCRATCH_BYTES;

    private final KeyLimits limits;
    private final Aead aead;
    private final long key;
    private final long nonce;
    private final long associated;

    private long number;
    private long records;
    private long bytes;
    private long sinceNanos;

    /** @param scratch {@link #SCRATCH_BYTES} of private memory */
    DirectionKey(KeyLimits limits, long scratch) {
        this.limits = limits;
        this.key = scratch;
        this.nonce = key + Aead.KEY_BYTES;
        this.associated = nonce + Aead.NONCE_BYTES + 8;
        this.aead = Aead.open(associated + ASSOCIATED_BYTES);
    }

    /**
     * Begins a session.
     *
     * @param secret overwritten here
     * @param channel what tells this session from every other one
     */
    void begin(Secret secret, Secret channel) {
        HostMemory.copyIn(channel.bytes(), 0, CHANNEL_BYTES, associated);
        number = 0;
        use(secret.bytes());
    }

    private void use(byte[] secret) {
        HostMemory.copyIn(secret, 0, Aead.KEY_BYTES, key);
        Arrays.fill(secret, (byte) 0);
        aead.key(key);
        records = 0;
        bytes = 0;
        sinceNanos = System.nanoTime();
    }

    /** Goes on under the key that comes after this one, which cannot be computed back. */
    void change(long randomAddress) {
        byte[] old = HostMemory.copyOut(key, Aead.KEY_BYTES);
        byte[] fresh = HostMemory.copyOut(randomAddress, Aead.KEY_BYTES);
        byte[] next = Hkdf.one(old, fresh, REKEY);
        Arrays.fill(old, (byte) 0);
        Arrays.fill(fresh, (byte) 0);
        use(next);
    }

    /** Whether the writer changes the key before the next record. */
    boolean isDue() {
        return records >= limits.records()
                || bytes >= limits.bytes()
                || System.nanoTime() - sinceNanos >= limits.nanos();
    }

    /** Whether the key may not be used any more at all. */
    boolean isUsedUp() {
        return records >= limits.hardRecords();
    }

    /** Where the next record's randomness goes before it is sealed or opened. */
    long randomAddress() {
        return nonce;
    }

    void seal(long word, long head, int headByteLength, long body, int bodyByteLength, long to) {
        prepare(word, headByteLength + bodyByteLength);
        aead.seal(nonce, associated, ASSOCIATED_BYTES, head, headByteLength, body, bodyByteLength, to);
    }

    boolean open(long word, long from, int byteLength, long to) {
        prepare(word, byteLength);
        return aead.open(nonce, associated, ASSOCIATED_BYTES, from, byteLength, to);
    }

    private void prepare(long word, int byteLength) {
        if (isUsedUp()) {
            throw new IllegalStateException("the key is used up");
        }
        HostMemory.storeLong(nonce + NUMBER_AT, number);
        HostMemory.storeLong(associated + CHANNEL_BYTES, number);
        HostMemory.storeLong(associated + CHANNEL_BYTES + 8, word);
        number++;
        records++;
        bytes += byteLength;
    }

    /** Overwrites the key. */
    void forget() {
        HostMemory.zero(key, Aead.KEY_BYTES);
    }

    @Override
    public void close() {
        forget();
        aead.close();
    }
}
