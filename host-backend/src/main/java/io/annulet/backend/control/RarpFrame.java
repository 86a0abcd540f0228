package io.annulet.backend.control;

import java.nio.ByteBuffer;

/**
 * The frame that tells a network at which port a MAC address is now: a RARP request for itself, broadcast, as hypervisors
 * send it after a migration. RFC 903; stateless.
 */
final class RarpFrame {

    /** The shortest Ethernet frame, without its check sequence. */
    static final int BYTES = 60;

    private static final int MAC_BYTES = 6;
    private static final byte[] BROADCAST = {-1, -1, -1, -1, -1, -1};
    private static final short ETHERTYPE_RARP = (short) 0x8035;
    private static final short HARDWARE_ETHERNET = 1;
    private static final short PROTOCOL_IPV4 = 0x0800;
    private static final short REVERSE_REQUEST = 3;
    private static final int NO_ADDRESS = 0;

    private RarpFrame() {}

    /** The frame for an address, its six bytes in memory order in the low 48 bits, as SEND_RARP carries them. */
    static byte[] of(long mac) {
        byte[] address = new byte[MAC_BYTES];
        for (int i = 0; i < MAC_BYTES; i++) {
            address[i] = (byte) (mac >>> (8 * i));
        }
        return ByteBuffer.allocate(BYTES)
                .put(BROADCAST)
                .put(address)
                .putShort(ETHERTYPE_RARP)
                .putShort(HARDWARE_ETHERNET)
                .putShort(PROTOCOL_IPV4)
                .put((byte) MAC_BYTES)
                .put((byte) Integer.BYTES)
                .putShort(REVERSE_REQUEST)
                .put(address)
                .putInt(NO_ADDRESS)
                .put(address)
                .putInt(NO_ADDRESS)
                .array();
    }
}
