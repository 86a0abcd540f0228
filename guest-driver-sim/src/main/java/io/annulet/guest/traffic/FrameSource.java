package io.annulet.guest.traffic;

import io.annulet.guest.FrameBurst;

/** Where a sender gets its frames, one after the other, for ever; owned by the thread that sends them. */
sealed interface FrameSource permits TestFrameSource, CaptureSource {

    /** Which of {@code pairs} queue pairs the next frame takes: frames of one flow take one. */
    int nextPair(int pairs);

    /** How many frames from the next one on take the same of {@code pairs} queue pairs, at least. */
    int nextOfPair(int pairs);

    /**
     * Writes the next frames and goes on to those after them.
     *
     * @param burst where they go; the virtio-net headers are zeroed, and the lengths are set here
     * @param stamps the time of each
     */
    void writeNext(FrameBurst burst, long[] stamps);

    int maxByteLength();

    /** Of all frames, in bytes. */
    double meanByteLength();
}
