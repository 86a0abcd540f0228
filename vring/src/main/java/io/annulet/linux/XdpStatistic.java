package io.annulet.linux;

/** What the kernel counts for an XDP socket, in the order of {@code struct xdp_statistics}, 8 bytes each. */
public enum XdpStatistic {
    /** Frames that came and were dropped, for want of a chunk or as too long, but not as {@link #RECEIVE_FULL}. */
    DROPPED("dropped"),
    /** Entries of the fill ring that the kernel refused. */
    BAD_FILL("bad-fill"),
    /** Likewise of the transmit ring. */
    BAD_TRANSMIT("bad-transmit"),
    /** Frames that came and were dropped because the receive ring was full. */
    RECEIVE_FULL("receive-full"),
    /** How often the kernel looked for a chunk for a frame that came, and found none. */
    FILL_EMPTY("fill-empty"),
    /** How often the kernel looked for a frame to send and found none. */
    TRANSMIT_EMPTY("transmit-empty");

    static final int BYTES = 48;

    private static final XdpStatistic[] VALUES = values();

    private final String label;

    XdpStatistic(String label) {
        this.label = label;
    }

    /** The name that counters and reports show. */
    public String label() {
        return label;
    }

    public static int count() {
        return VALUES.length;
    }

    public static XdpStatistic of(int ordinal) {
        return VALUES[ordinal];
    }
}
