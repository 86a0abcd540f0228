package io.annulet.guest;

/** When a queue of the driver kicks the device. */
public enum KickPolicy {
    /** As the device asks for it, by flag or event index. VIRTIO 1.2, "Available Buffer Notification Suppression". */
    AS_ASKED,
    /** With every publication, asked for or not. */
    ALWAYS,
    /** Never: for a device that polls, or to see what a device does without. */
    NEVER
}
