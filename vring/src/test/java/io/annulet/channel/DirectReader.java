package io.annulet.channel;

import io.annulet.memory.HostMemory;
import java.lang.foreign.Arena;

/** A writer and a reader of records without handshake or ends, whose ring a test can set back. Of the test's thread. */
final class DirectReader implements AutoCloseable {
    private static final int PLAIN_BYTES = 40;

    private final Arena arena = Arena.ofShared();
    private final ChannelLayout layout =
            new ChannelLayout(arena.allocate(1 << 20, 4096).address(), 1 << 20);
    private final long plain = arena.allocate(PLAIN_BYTES, 8).address();
    private final KeyLimits limits;
    private final DirectionKey sealing;
    private final RecordWriter writer;

    DirectReader() {
        this(KeyLimits.DEFAULT);
    }

    DirectReader(KeyLimits limits) {
        this.limits = limits;
        this.sealing = key();
        RingWriter ring = Control.writer(layout, 0);
        ring.reset(0);
        this.writer = new RecordWriter(0, ring, sealing, Freshness.best(), allocate(RecordWriter.SCRATCH_BYTES));
        sealOne();
    }

    private DirectionKey key() {
        DirectionKey key = new DirectionKey(limits, allocate(DirectionKey.SCRATCH_BYTES));
        key.begin(new Secret(new byte[32]), new Secret(new byte[32]));
        return key;
    }

    private long allocate(long byteLength) {
        return arena.allocate(byteLength, 64).address();
    }

    void sealOne() {
        writer.write(RecordHeader.TYPE_ITEMS, plain, PLAIN_BYTES);
        writer.publish();
    }

    int plainByteLength() {
        return PLAIN_BYTES;
    }

    int recordByteLength() {
        return RecordHeader.recordByteLength(PLAIN_BYTES);
    }

    /** Whether the first record opens at a fresh reader after a bit of it was flipped; -1 for none. */
    boolean opensWith(int bit) {
        long at = layout.ringAddress(0) + bit / 8;
        int mask = bit < 0 ? 0 : 1 << bit % 8;
        int kept = bit < 0 ? 0 : HostMemory.loadByte(at);
        if (bit >= 0) {
            HostMemory.storeByte(at, kept ^ mask);
        }
        try (DirectionKey opening = key()) {
            return reader(opening).next();
        } finally {
            if (bit >= 0) {
                HostMemory.storeByte(at, kept);
            }
        }
    }

    private RecordReader reader(DirectionKey opening) {
        RecordReader reader =
                new RecordReader(1, Control.reader(layout, 1), opening, allocate(RecordReader.SCRATCH_BYTES));
        reader.reset(0, false);
        return reader;
    }

    /** Reads all that was sealed with one key under a limit of 500 records; returns what stopped it. */
    ChannelFault readAllWithoutRekey() {
        KeyLimits tight = new KeyLimits(400, 1L << 40, Long.MAX_VALUE, 500);
        try (DirectionKey opening = new DirectionKey(tight, allocate(DirectionKey.SCRATCH_BYTES))) {
            opening.begin(new Secret(new byte[32]), new Secret(new byte[32]));
            RecordReader reader = reader(opening);
            int count = 0;
            while (reader.next()) {
                count++;
            }
            if (count != 500) {
                throw new AssertionError("read " + count);
            }
            ChannelFault fault = reader.fault();
            if (fault == null) {
                throw new AssertionError("no fault");
            }
            return fault;
        }
    }

    @Override
    public void close() {
        sealing.close();
        arena.close();
    }
}
