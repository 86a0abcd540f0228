package io.annulet.channel;

/**
 * What an end has its owner know; called by its thread, from {@code SealedChannel.poll}. Addresses are of private memory and
 * last until the method returns.
 */
public interface ChannelHandler {

    /** A session has begun, for the first time or anew: whatever was under way in the one before is lost. */
    default void onEstablished(PeerKey peer) {}

    /** The session is over: something is wrong with the shared memory, or with the other end. A new handshake follows. */
    default void onFault(ChannelFault fault) {}

    /** A handshake message led to nothing. */
    default void onHandshakeFailure(String reason) {}

    default void onMessage(long address, int byteLength) {}

    default void onStream(long address, int byteLength) {}

    /** Bytes have been placed in registered memory. */
    default void onPlaced(int region, long offset, int byteLength) {}

    /** The other end has said all that it will say. Without this a stream that stops was cut off. */
    default void onEnd() {}
}
