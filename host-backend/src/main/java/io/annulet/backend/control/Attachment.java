package io.annulet.backend.control;

/** How a port comes by its front-ends; owned by the control thread. */
sealed interface Attachment permits ClientAttachment, ServerAttachment {

    /** Begins to listen or to connect, or throws a {@link io.annulet.linux.LinuxException} if that is not possible. */
    void open();

    /** The front-end that is connected is there, and has nothing more to say for now. */
    void onQuiet();

    /**
     * The last session has ended and left nothing behind: the next one may begin.
     *
     * @param spoken whether its front-end sent any message
     */
    void onVacant(boolean spoken);

    void close();
}
