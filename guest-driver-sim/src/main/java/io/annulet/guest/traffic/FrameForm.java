package io.annulet.guest.traffic;

/**
 * What test frames look like from outside.
 *
 * <pre>
 * ETHERNET  0             6        12       14     16         24      32
 *           | destination | source | 0x88b5 | flow | sequence | stamp | payload ...
 * UDP       0             6        12       14                34      42     44         52      60
 *           | destination | source | 0x0800 | IPv4 header     | UDP   | flow | sequence | stamp | payload ...
 * </pre>
 *
 * <p>UDP6 has 40 bytes of IPv6 header, TCP and TCP6 have 20 bytes of TCP header in place of UDP's 8. Flow, sequence and
 * stamp are little-endian. 0x88b5 is the EtherType that IEEE 802 sets aside for experiments. UDP goes without a checksum,
 * as IPv4 allows, unless it is left to the device; its IPv4 identification is a check of the whole frame.
 */
public enum FrameForm {
    ETHERNET(0, 0),
    UDP(20, 8),
    TCP(20, 20),
    UDP6(40, 8),
    TCP6(40, 20);

    static final int IP_AT = 14;
    private static final int SEQUENCE = 2;
    private static final int STAMP = 10;
    private static final int PAYLOAD = 18;

    private final int ipByteLength;
    private final int flowAt;

    FrameForm(int ipByteLength, int transportByteLength) {
        this.ipByteLength = ipByteLength;
        this.flowAt = IP_AT + ipByteLength + transportByteLength;
    }

    /** The shortest frame of this form, in bytes as virtio carries them: without a frame check sequence. */
    public int minByteLength() {
        return flowAt + PAYLOAD;
    }

    boolean isIpv6() {
        return ipByteLength == 40;
    }

    boolean isTcp() {
        return this == TCP || this == TCP6;
    }

    /** Where the TCP or UDP header begins. */
    int transportAt() {
        return IP_AT + ipByteLength;
    }

    /** Where its checksum lies in that header. */
    int checksumOffset() {
        return isTcp() ? 16 : 6;
    }

    int flowAt() {
        return flowAt;
    }

    int sequenceAt() {
        return flowAt + SEQUENCE;
    }

    int stampAt() {
        return flowAt + STAMP;
    }

    int payloadAt() {
        return flowAt + PAYLOAD;
    }
}
