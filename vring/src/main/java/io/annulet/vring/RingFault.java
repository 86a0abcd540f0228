package io.annulet.vring;

/** What broke a ring: its driver no longer keeps to the protocol, so the queue stops until it is set up afresh. */
public enum RingFault {
    NONE,
    /** The available index went further than the chains that the driver can have, or back. */
    AVAIL_INDEX_JUMP,
    /** A head that is no descriptor of the table. */
    HEAD_OUT_OF_RANGE,
    /** A next that is no descriptor of its table. */
    NEXT_OUT_OF_RANGE,
    /** A chain of more descriptors than the ring has. */
    CHAIN_TOO_LONG,
    /** An indirect descriptor although INDIRECT_DESC was not acknowledged. */
    INDIRECT_NOT_ACKNOWLEDGED,
    /** An indirect table that is empty, cut, longer than the ring, wraps, or is not in guest memory. */
    BAD_INDIRECT_TABLE,
    /** An indirect descriptor inside an indirect table, or one that has a next. */
    INDIRECT_MISUSED
}
