package io.annulet.cli.study.batching;

import io.annulet.memory.HostMemory;

/**
 * The frames of this study, stateless: an Ethernet header, and behind it the time at which the frame was due. Little more
 * than a cache line is written for each, as for a frame whose payload is there already.
 */
final class TestFrame {

    /** Of the virtio-net header in front of a frame. */
    static final int HEADER_BYTES = 12;

    static final int STAMP_AT = 16;

    private static final long FIRST_WORD = 0x0002_0000_0000_0002L;
    private static final long SECOND_WORD = 0xb588_0100_0000L;

    private TestFrame() {}

    /** Writes the start of a frame that was due at {@code dueNanos}. */
    static void write(long address, long dueNanos) {
        HostMemory.storeLong(address, FIRST_WORD);
        HostMemory.storeLong(address + 8, SECOND_WORD);
        HostMemory.storeLong(address + STAMP_AT, dueNanos);
    }

    static long due(long address) {
        return HostMemory.loadLong(address + STAMP_AT);
    }

    static void writeHeader(long address) {
        HostMemory.storeLong(address, 0);
        HostMemory.storeShort(address + 8, 0);
        HostMemory.storeShort(address + 10, 1);
    }
}
