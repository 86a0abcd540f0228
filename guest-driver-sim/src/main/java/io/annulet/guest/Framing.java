package io.annulet.guest;

/**
 * How a buffer is told to the device: in how many descriptors, directly or through a table. VIRTIO 1.2, "Message Framing"
 * leaves all of that to the driver.
 *
 * @param headerApart the virtio-net header has a descriptor of its own; else it lies right in front of the frame
 * @param pieces descriptors for the rest, of about equal length
 * @param indirect the descriptors stand in an indirect table, and the ring holds one for the table
 */
public record Framing(boolean headerApart, int pieces, boolean indirect) {

    /** One descriptor for header and frame, as modern drivers send small frames. */
    public static final Framing ONE_DESCRIPTOR = new Framing(false, 1, false);
    /** Header and frame in two descriptors, as legacy drivers had to. */
    public static final Framing HEADER_APART = new Framing(true, 1, false);

    public Framing {
        if (pieces < 1) {
            throw new IllegalArgumentException("a frame of " + pieces + " pieces");
        }
    }

    /** The frame in {@code count} descriptors, the first with the header in front. */
    public static Framing pieces(int count) {
        return new Framing(false, count, false);
    }

    public Framing throughTable() {
        return new Framing(headerApart, pieces, true);
    }

    /** Descriptors of one buffer, wherever they stand. */
    public int descriptors() {
        return pieces + (headerApart ? 1 : 0);
    }

    /** Descriptors of one buffer in the ring's own table. */
    public int ringDescriptors() {
        return indirect ? 1 : descriptors();
    }

    boolean isOneDescriptor() {
        return !indirect && !headerApart && pieces == 1;
    }
}
