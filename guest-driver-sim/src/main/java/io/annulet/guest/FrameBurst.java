package io.annulet.guest;

/**
 * Frames that lie in guest RAM, each in one piece, and are sent or received together; one object for all bursts of a
 * thread, owned by it.
 */
public final class FrameBurst {

    /** So many frames are worked together: waiting for the lines of one is waiting for those of all. */
    public static final int CAPACITY = 32;

    private final long[] addresses = new long[CAPACITY];
    private final int[] byteLengths = new int[CAPACITY];
    private int headerOffset;
    private int count;

    /** Begins anew, for frames whose header lies so many bytes before them. */
    void begin(int offset) {
        headerOffset = offset;
        count = 0;
    }

    void add(long address, int byteLength) {
        addresses[count] = address;
        byteLengths[count++] = byteLength;
    }

    /** How many frames there are. */
    public int count() {
        return count;
    }

    /** Host address of a frame. */
    public long address(int frame) {
        return addresses[frame];
    }

    /** Host address of a frame's virtio-net header; {@link NetHeaderLayout} draws it. */
    public long headerAddress(int frame) {
        return addresses[frame] - headerOffset;
    }

    /** Length of a frame, the header not counted. */
    public int byteLength(int frame) {
        return byteLengths[frame];
    }

    /** Says how long the frame is that was written. */
    public void byteLength(int frame, int byteLength) {
        byteLengths[frame] = byteLength;
    }
}
