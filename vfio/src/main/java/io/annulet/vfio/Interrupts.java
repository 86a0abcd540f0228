package io.annulet.vfio;

/** How a device raises interrupts. */
public enum Interrupts {
    /** By messages: one for the queues, another one for all else. */
    MESSAGES,
    /** By its interrupt line, which is one for all. The kernel masks it whenever it is raised. */
    LINE
}
