package io.annulet.guest;

/** What is done with each received frame. */
@FunctionalInterface
public interface FrameHandler {

    /** The frame and its memory belong to the handler until it returns. */
    void onFrame(ReceivedFrame frame);

    /**
     * Some frames that are in one piece each, in the order in which they came; for those who have many to handle.
     *
     * @param each can stand for each of them, one after the other
     */
    default void onFrames(FrameBurst burst, ReceivedFrame each) {
        for (int i = 0; i < burst.count(); i++) {
            each.begin(burst.headerAddress(i));
            each.addPiece(burst.address(i), burst.byteLength(i));
            onFrame(each);
        }
    }

    /** Whether it reads what is in frames: if so, their first lines are fetched together. */
    default boolean readsFrames() {
        return true;
    }
}
