package io.annulet.backend.stats;

/** Why a frame ended without being delivered: each has a counter of its own, on the port that dropped it. */
public enum DropReason {
    /** The chain's buffers are not readable guest memory in the right order. */
    BAD_CHAIN("bad-chain"),
    /** Shorter than a virtio-net header and an Ethernet header. */
    TOO_SHORT("too-short"),
    /** Longer than the largest frame a port may send. */
    TOO_LONG("too-long"),
    /** A virtio-net header that asks for what was not acknowledged. */
    BAD_HEADER("bad-header"),
    /** The queue is disabled: its frames are discarded. */
    DISABLED("disabled"),
    /** The destination is the port the frame came from, or there is no other port. */
    NO_DESTINATION("no-destination"),
    /** A tag that the port may not send, two tags, or no tag where one is needed. */
    VLAN("vlan"),
    /** The source address is not one that the port may send from. */
    SPOOFED_MAC("spoofed-mac"),
    /** An IP source address likewise, or headers in which it cannot be told. */
    SPOOFED_IP("spoofed-ip"),
    /** The sender in ARP or RARP likewise. */
    SPOOFED_ARP("spoofed-arp"),
    /** An address that IPv6 neighbour discovery claims or gives away likewise. */
    SPOOFED_ND("spoofed-nd"),
    /** Both ports, or all that could have got the frame, are isolated. */
    ISOLATED("isolated"),
    /** The port uses as many addresses as it may already. */
    ADDRESS_LIMIT("address-limit"),
    /** It is to be flooded, and the port has flooded as much as it may. */
    STORM("storm"),
    /** More bits or frames a second than the port may send or receive. */
    RATE_LIMIT("rate-limit"),
    /** The destination has no started and enabled queue, or its link is down. */
    NOT_READY("not-ready"),
    /** The receive queue has no buffer available, or the host's queue is full. */
    NO_BUFFER("no-buffer"),
    /** Another worker does not leave the receive queue: its front-end holds it up. */
    QUEUE_BUSY("queue-busy"),
    /** The receive buffers that are available cannot hold the frame. */
    BUFFER_TOO_SMALL("buffer-too-small"),
    /** The host's kernel refused the frame. */
    REFUSED("refused"),
    /** Memory of the port, or of one beside it, went away while the frame was under way. */
    MEMORY_LOST("memory-lost");

    private static final DropReason[] VALUES = values();

    private final String label;

    DropReason(String label) {
        this.label = label;
    }

    /** The name that counters and reports show. */
    public String label() {
        return label;
    }

    public static int count() {
        return VALUES.length;
    }
}
