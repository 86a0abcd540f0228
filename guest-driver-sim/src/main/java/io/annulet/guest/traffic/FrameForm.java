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
 * <p>Flow, sequence and stamp are little-endian. 0x88b5 is the EtherType that IEEE 802 sets aside for experiments. UDP
 * goes without a checksum, as IPv4 allows; the IPv4 identification is a check of the whole frame.
 */
public enum FrameForm {
    ETHERNET(14),
    UDP(42);

    private static final int SEQUENCE = 2;
    private static final int STAMP = 10;
    private static final int PAYLOAD = 18;

    private final int flowAt;

    FrameForm(int flowAt) {
        this.flowAt = flowAt;
    }

    /** The shortest frame of this form, in bytes as virtio carries them: without a frame check sequence. */
    public int minByteLength() {
        return flowAt + PAYLOAD;
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
