package io.annulet.guest;

import io.annulet.memory.HostMemory;

/**
 * Writes the test frames of one flow, numbered one after the other; owned by the thread that sends them.
 *
 * <pre>
 * 0             6        12       14     16         24
 * | destination | source | 0x88b5 | flow | sequence | payload ...
 * </pre>
 *
 * <p>0x88b5 is the EtherType that IEEE 802 sets aside for experiments. Flow and sequence are little-endian. The payload
 * follows from flow, sequence and length, so {@link TrafficChecker} can tell each frame from any other and from a damaged
 * one.
 */
public final class FrameFactory {

    public static final int ETHER_TYPE = 0x88b5;
    /** The shortest frame that can be checked. */
    public static final int MIN_BYTE_LENGTH = 32;

    public static final int MAX_FLOW = 0xffff;

    static final int ETHER_TYPE_AT = 12;
    static final int FLOW_AT = 14;
    static final int SEQUENCE_AT = 16;
    static final int PAYLOAD_AT = 24;
    static final int ETHER_TYPE_LOADED = Short.toUnsignedInt(Short.reverseBytes((short) ETHER_TYPE));

    private final int flow;
    private final long firstWord;
    private final long secondWord;
    private long sequence;

    /**
     * Frames from number 0 on.
     *
     * @param destination MAC address, the first byte in bits 40 to 47
     * @param source MAC address likewise
     * @param flow 0 to {@link #MAX_FLOW}
     */
    public FrameFactory(long destination, long source, int flow) {
        if (flow < 0 || flow > MAX_FLOW) {
            throw new IllegalArgumentException("flow " + flow);
        }
        this.flow = flow;
        long destinationBytes = macBytes(destination);
        long sourceBytes = macBytes(source);
        firstWord = destinationBytes | sourceBytes << 48;
        secondWord = sourceBytes >>> 16 | (long) ETHER_TYPE_LOADED << 32 | (long) flow << 48;
    }

    /** A MAC address as a little-endian load of 8 bytes shows it, the upper two bytes 0. */
    static long macBytes(long mac) {
        return Long.reverseBytes(mac) >>> 16;
    }

    /** The next frame's number: how many were written. */
    public long sequence() {
        return sequence;
    }

    /** Writes the next frame to a host address, {@link #MIN_BYTE_LENGTH} bytes or more. */
    public void write(long address, int byteLength) {
        write(address, byteLength, sequence);
        sequence++;
    }

    /** Writes any frame of the flow, without counting it. */
    public void write(long address, int byteLength, long number) {
        if (address == 0) {
            throw new IllegalStateException("no buffer was reserved: all are with the device");
        }
        HostMemory.storeLong(address, firstWord);
        HostMemory.storeLong(address + 8, secondWord);
        HostMemory.storeLong(address + SEQUENCE_AT, number);
        PayloadPattern.write(
                address + PAYLOAD_AT, byteLength - PAYLOAD_AT, PayloadPattern.base(flow, number, byteLength));
    }
}
