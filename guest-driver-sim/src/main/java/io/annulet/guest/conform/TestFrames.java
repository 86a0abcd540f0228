package io.annulet.guest.conform;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * The frames that rules send, each with a number and bytes that follow from it; stateless.
 *
 * <pre>
 * 0             6        12       14       22
 * | destination | source | 0x88b5 | number | pattern ...
 * </pre>
 *
 * 0x88b5 is the EtherType that IEEE 802 sets aside for experiments.
 */
final class TestFrames {

    static final int ETHER_TYPE = 0x88b5;
    /** The shortest frame on an Ethernet, checksum apart: switches need not forward shorter ones. */
    static final int MIN_BYTE_LENGTH = 60;
    /** The longest with an MTU of 1,500. */
    static final int MAX_BYTE_LENGTH = 1514;

    static final int ETHER_TYPE_AT = 12;
    private static final int NUMBER_AT = 14;
    private static final int PATTERN_AT = 22;

    private TestFrames() {}

    /** The MAC address of the guest at a port. */
    static byte[] mac(int port) {
        return new byte[] {2, 0, 0, (byte) 0xc0, 0, (byte) port};
    }

    static byte[] frame(int fromPort, int toPort, long number, int byteLength) {
        byte[] frame = new byte[byteLength];
        ByteBuffer bytes = ByteBuffer.wrap(frame).order(ByteOrder.BIG_ENDIAN);
        bytes.put(mac(toPort)).put(mac(fromPort)).putShort((short) ETHER_TYPE).putLong(number);
        SplittableRandom random = new SplittableRandom(number);
        byte[] pattern = new byte[byteLength - PATTERN_AT];
        random.nextBytes(pattern);
        bytes.put(pattern);
        return frame;
    }

    /** Whether a frame is one of these, and not what a host's own network stack put in. */
    static boolean isOurs(byte[] frame) {
        return frame.length >= PATTERN_AT && etherType(frame) == ETHER_TYPE;
    }

    static int etherType(byte[] frame) {
        return frame.length < ETHER_TYPE_AT + 2
                ? -1
                : Short.toUnsignedInt(ByteBuffer.wrap(frame).getShort(ETHER_TYPE_AT));
    }

    static long number(byte[] frame) {
        return ByteBuffer.wrap(frame).getLong(NUMBER_AT);
    }

    /** In what a received frame differs from the one sent; empty if in nothing. */
    static String difference(byte[] sent, byte[] received) {
        if (sent.length != received.length) {
            return "a frame of " + received.length + " bytes instead of " + sent.length;
        }
        int at = Arrays.mismatch(sent, received);
        return at < 0 ? "" : "a frame of " + sent.length + " bytes that differs from byte " + at + " on";
    }
}
