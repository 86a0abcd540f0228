package io.annulet.vhostuser;

/** Whether a request is answered. */
public enum ReplyRule {
    /** With a payload of its own. */
    ALWAYS,
    /** With a status of 8 bytes, 0 for success, if REPLY_ACK was acknowledged and the message has the need_reply flag. */
    IF_ASKED
}
