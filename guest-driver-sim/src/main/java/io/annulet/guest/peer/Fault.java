package io.annulet.guest.peer;

/**
 * What a back-end of this package does wrong. {@code n} is {@link BackEndOptions#every}.
 *
 * <p>A tool that is meant to find a fault is tested against a back-end that has it.
 */
public enum Fault {
    NONE,

    // With frames, each n-th one.
    /** It is given back to the sender and never delivered. */
    DROPS,
    /** It is delivered twice. */
    DUPLICATES,
    /** One bit in its middle is flipped. */
    CORRUPTS,
    /** Its last byte is cut off. */
    TRUNCATES,
    /** It is delivered behind the one after it. */
    REORDERS,
    /** It is delivered with another destination address. */
    MISDIRECTS,
    /** What its header leaves to the device is forgotten. */
    FORGETS_OFFLOADS,
    /** Its header asks for a checksum behind the frame's end, whether the receiver acknowledged that or not. */
    INVENTS_CHECKSUMS,

    // With rings, each n-th frame.
    /** The sender's buffer is given back under an id that was never offered. */
    RETURNS_UNKNOWN_BUFFERS,
    /** More bytes are said to be written than the receive buffer has. */
    CLAIMS_TOO_MANY_BYTES,
    /** num_buffers of the delivered header is 0. */
    SAYS_NO_BUFFERS,

    // For good, after n frames.
    /** Nothing is taken from transmit queues any more; messages are answered. */
    STOPS_TAKING,
    /** Frames are taken, and none is delivered. */
    STOPS_DELIVERING,
    /** Neither rings nor messages are looked at any more. */
    HANGS,
    /** All connections are closed. */
    CLOSES,

    // With messages.
    /** From the n-th message on there are no replies. */
    KEEPS_SILENT,
    /** The n-th message is refused, if it asks for a status. */
    REFUSES
}
