package io.annulet.backend.port;

import java.nio.ByteBuffer;
import java.util.Random;

/** Frames that tests send; each is different and can be made again. */
public final class TestFrames {

    private static final int LOCAL_EXPERIMENTAL = 0x88b5;

    private TestFrames() {}

    /** A broadcast frame of an EtherType that nobody answers, with content that {@code seed} tells. */
    public static byte[] frame(int byteLength, int seed) {
        byte[] frame = new byte[byteLength];
        new Random(31L * byteLength + seed).nextBytes(frame);
        addresses(frame);
        frame[12] = (byte) (LOCAL_EXPERIMENTAL >> 8);
        frame[13] = (byte) LOCAL_EXPERIMENTAL;
        return frame;
    }

    /** A broadcast frame with IPv4 and UDP headers, so that the kernel takes {@code sourcePort} for a flow. */
    public static byte[] udp(int sourcePort, int byteLength) {
        byte[] frame = frame(byteLength, sourcePort);
        ByteBuffer bytes = ByteBuffer.wrap(frame);
        bytes.putShort(12, (short) 0x0800);
        bytes.put(14, (byte) 0x45).put(15, (byte) 0);
        bytes.putShort(16, (short) (byteLength - 14)).putInt(18, 0);
        bytes.put(22, (byte) 64).put(23, (byte) 17).putShort(24, (short) 0);
        // Between the addresses 198.18.0.1 and 198.18.0.2.
        bytes.putInt(26, 0xc612_0001).putInt(30, 0xc612_0002);
        bytes.putShort(24, (short) checksum(bytes, 14, 34));
        bytes.putShort(34, (short) sourcePort).putShort(36, (short) 9).putShort(38, (short) (byteLength - 34));
        bytes.putShort(40, (short) 0);
        return frame;
    }

    /** The Internet checksum, RFC 1071. */
    private static int checksum(ByteBuffer bytes, int from, int to) {
        int sum = 0;
        for (int i = from; i < to; i += 2) {
            sum += bytes.getShort(i) & 0xffff;
        }
        sum = (sum & 0xffff) + (sum >>> 16);
        return ~(sum + (sum >>> 16)) & 0xffff;
    }

    private static void addresses(byte[] frame) {
        for (int i = 0; i < 6; i++) {
            frame[i] = (byte) 0xff;
            frame[6 + i] = (byte) (i == 0 ? 0x02 : i);
        }
    }
}
