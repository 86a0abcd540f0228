package io.annulet.guest.traffic;

/** How much of each frame is written by who sends it, and checked by who receives it. */
public enum Proof {
    /** Every byte: shows loss, duplication, reordering, wrong addresses and any damage. */
    FULL,
    /** Headers, flow, sequence number and time: shows all but damage of what is behind them, which is never touched. */
    HEADER,
    /**
     * Nothing: frames lie in their buffers once for all, and are counted where they arrive. That is what a forwarder does
     * that looks at no frame, such as DPDK's testpmd over virtio-user.
     */
    NONE
}
