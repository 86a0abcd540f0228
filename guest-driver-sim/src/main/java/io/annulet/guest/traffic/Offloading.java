package io.annulet.guest.traffic;

/**
 * What senders leave to the device.
 *
 * @param segmentByteLength bytes of TCP or UDP payload of each segment: a frame with more is one to cut
 */
public record Offloading(Offload kind, int segmentByteLength) {

    /** What a segment of an Ethernet frame of 1,514 bytes holds, as TCP with its usual options has it; a multiple of 8. */
    public static final int USUAL_SEGMENT_BYTES = 1448;

    public static final Offloading NONE = new Offloading(Offload.NONE, USUAL_SEGMENT_BYTES);

    public Offloading {
        if (segmentByteLength < 8 || segmentByteLength > 65_535 || segmentByteLength % 8 != 0) {
            throw new IllegalArgumentException("segments have 8 to 65528 bytes, a multiple of 8");
        }
    }

    public static Offloading of(Offload kind) {
        return new Offloading(kind, USUAL_SEGMENT_BYTES);
    }
}
