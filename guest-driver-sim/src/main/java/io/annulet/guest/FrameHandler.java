package io.annulet.guest;

/** What is done with each received frame. */
@FunctionalInterface
public interface FrameHandler {

    /** The frame and its memory belong to the handler until it returns. */
    void onFrame(ReceivedFrame frame);
}
