package io.annulet.vring;

/** What is wrong with one descriptor chain whose ring is sound: it is given back with length 0, and the queue goes on. */
public enum ChainFault {
    NONE,
    /** A buffer is not, or not wholly, in guest memory. */
    UNMAPPED_ADDRESS,
    /** A buffer for the device to read follows one to write. VIRTIO 1.2, "Message Framing". */
    READABLE_AFTER_WRITABLE,
    /** One buffer of 2 GiB or more. */
    BUFFER_TOO_LONG,
    /** More pieces than a burst holds, after splitting at region borders. */
    TOO_MANY_SEGMENTS
}
