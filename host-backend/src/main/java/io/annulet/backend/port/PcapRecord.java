package io.annulet.backend.port;

import io.annulet.memory.HostMemory;

/**
 * A frame as it lies in a pcap file of the kind we write, little-endian with nanoseconds; stateless.
 *
 * <pre>
 *    0         4             8                 12                16
 *    | seconds | nanoseconds | captured length | original length | frame ...
 * </pre>
 *
 * <p>The captured length is that of the frame which follows. Format: draft-ietf-opsawg-pcap.
 */
public final class PcapRecord {

    public static final int HEADER_BYTES = 16;

    private static final long NANOS_A_SECOND = 1_000_000_000;
    private static final long LOW_HALF = 0xffff_ffffL;

    private PcapRecord() {}

    /** Writes the header of a whole frame that was seen at a time since 1970. */
    public static void header(long address, long epochNanos, int frameByteLength) {
        long seconds = epochNanos / NANOS_A_SECOND;
        HostMemory.storeLong(address, (seconds & LOW_HALF) | (epochNanos - seconds * NANOS_A_SECOND) << 32);
        HostMemory.storeLong(address + 8, frameByteLength | (long) frameByteLength << 32);
    }

    public static long frameAddress(long address) {
        return address + HEADER_BYTES;
    }

    public static int frameByteLength(long address) {
        return (int) HostMemory.loadLong(address + 8);
    }

    /** When the frame was seen, since 1970. */
    public static long epochNanos(long address) {
        long time = HostMemory.loadLong(address);
        return (time & LOW_HALF) * NANOS_A_SECOND + (time >>> 32);
    }

    /** Length of the record with its header. */
    static int byteLength(long address) {
        return HEADER_BYTES + frameByteLength(address);
    }
}
