package io.annulet.channel;

/** A handshake message that leads to nothing: altered, of a stranger, replayed, of another version. The message says which. */
final class HandshakeFailure extends Exception {
    private static final long serialVersionUID = 1L;

    HandshakeFailure(String reason) {
        super(reason);
    }
}
