package io.annulet.guest;

/** What a device did against the rules, as far as the driver can see it. */
public enum DeviceViolation {
    /** A used element with a head that was not offered, or was given back already. */
    NOT_OFFERED,
    /** A used length beyond the buffer. */
    WRITTEN_BEYOND_BUFFER,
    /** A received buffer without a whole header. */
    SHORTER_THAN_HEADER,
    /** num_buffers is 0. */
    NUM_BUFFERS_ZERO,
    /** num_buffers promises more buffers than were used together. */
    BUFFERS_MISSING,
    /** More bytes than an Ethernet frame can have. */
    FRAME_TOO_LONG,
    /** A header that asks for a checksum or tells of segments although the driver did not acknowledge that. */
    OFFLOAD_NOT_ACKNOWLEDGED,
    /** A checksum that would lie behind the frame's end. */
    CHECKSUM_OUTSIDE_FRAME,
    /** A gso_type without a gso_size, or without NEEDS_CSUM. */
    SEGMENTATION_INCOMPLETE
}
