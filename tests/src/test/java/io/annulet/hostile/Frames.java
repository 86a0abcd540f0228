package io.annulet.hostile;

import java.nio.ByteBuffer;
import java.util.Arrays;

/** Frames as bytes, for those who lay them out by hand; stateless. */
final class Frames {

    /** Of a virtio-net header with num_buffers. */
    static final int HEADER_BYTES = 12;

    static final long TO_ALL = 0xffff_ffff_ffffL;

    /** Set aside for experiments. */
    private static final short ETHER_TYPE = (short) 0x88b5;

    private Frames() {}

    static byte[] toAll(int byteLength, int seed) {
        return of(TO_ALL, Villain.MAC, byteLength, seed);
    }

    static byte[] of(long destination, long source, int byteLength, int seed) {
        ByteBuffer frame = ByteBuffer.allocate(Math.max(byteLength, 14));
        frame.putShort((short) (destination >> 32)).putInt((int) destination);
        frame.putShort((short) (source >> 32)).putInt((int) source);
        frame.putShort(ETHER_TYPE);
        int value = seed * 31 + byteLength;
        while (frame.hasRemaining()) {
            value = value * 1_103_515_245 + 12_345;
            frame.put((byte) (value >> 16));
        }
        return Arrays.copyOf(frame.array(), byteLength);
    }

    static byte[] behind(byte[] header, byte[] frame) {
        return ByteBuffer.allocate(header.length + frame.length)
                .put(header)
                .put(frame)
                .array();
    }

    /** A frame behind a header that asks for nothing. */
    static byte[] withHeader(byte[] frame) {
        return ByteBuffer.allocate(HEADER_BYTES + frame.length)
                .put(HEADER_BYTES, frame)
                .array();
    }
}
