package io.annulet.backend.stats;

/** Why the payload of a frame was copied for a NIC, or an XDP socket, instead of being read from its sender's buffers. */
public enum CopyReason {
    /** The port was told not to (zero-copy=off). */
    OFF("off"),
    /** It did not come from a guest, so its buffers do not last. */
    SOURCE("source"),
    /** It may not be read in the guest's memory: that was not shared, or holes were found in it. */
    UNSHARED("unshared"),
    /** More pieces than are taken. */
    PIECES("pieces");

    private static final CopyReason[] VALUES = values();

    private final String label;

    CopyReason(String label) {
        this.label = label;
    }

    /** The name that counters and reports show. */
    public String label() {
        return label;
    }

    public static int count() {
        return VALUES.length;
    }
}
