package io.annulet.guest.traffic;

/** Where a sender gets its frames, one after the other, for ever; owned by the thread that sends them. */
sealed interface FrameSource permits TestFrameSource, CaptureSource {

    /** Which of {@code pairs} queue pairs the next frame takes: frames of one flow take one. */
    int nextPair(int pairs);

    int nextByteLength();

    /**
     * Writes the next frame and goes on to the one after it.
     *
     * @param headerAddress of its virtio-net header, which is zeroed
     */
    void writeNext(long headerAddress, long address, long stampNanos);

    int maxByteLength();

    /** Of all frames, in bytes. */
    double meanByteLength();
}
