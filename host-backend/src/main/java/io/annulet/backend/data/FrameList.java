package io.annulet.backend.data;

/** The frames of one burst that go to one port, in their order; owned by the worker. */
public final class FrameList {

    private final int[] frames = new int[FrameBurst.CAPACITY];
    private int count;

    public int count() {
        return count;
    }

    /** The number of a frame in its burst. */
    public int frame(int i) {
        return frames[i];
    }

    public void add(int frame) {
        frames[count++] = frame;
    }

    public void clear() {
        count = 0;
    }
}
