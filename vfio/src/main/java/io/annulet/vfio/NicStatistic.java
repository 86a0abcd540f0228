package io.annulet.vfio;

/** What a NIC may count by itself. Bytes have the four of each frame's CRC. */
public enum NicStatistic {
    /** Frames that it dropped because there was no room for them in the NIC. */
    MISSED("missed"),
    /** How often it found no buffer for a frame that came; it may have had one soon after. */
    NO_BUFFER("no-buffer"),
    /** Frames that came, were whole, and passed its filter. */
    RECEIVED("received"),
    RECEIVED_BYTES("received-bytes"),
    /** Of those that came, the ones for everybody. */
    RECEIVED_BROADCAST("received-broadcast"),
    /** Of those that came, the ones for a group. */
    RECEIVED_GROUP("received-group"),
    /** Frames that were damaged on the wire. */
    CRC_ERRORS("crc-errors"),
    /** Frames with other errors of the wire. */
    RECEIVE_ERRORS("receive-errors"),
    TOO_SHORT("too-short"),
    TOO_LONG("too-long"),
    /** Frames that left, each piece of a segment that it cut among them. */
    SENT("sent"),
    SENT_BYTES("sent-bytes"),
    /** Long segments that it cut. */
    CUT("cut");

    private static final NicStatistic[] VALUES = values();

    private final String label;

    NicStatistic(String label) {
        this.label = label;
    }

    /** The name that counters and reports show. */
    public String label() {
        return label;
    }

    public static int count() {
        return VALUES.length;
    }

    public static NicStatistic of(int ordinal) {
        return VALUES[ordinal];
    }
}
