package io.annulet.backend.stats;

/** Why a frame ended without being delivered: each has a counter of its own, on the port that dropped it. */
public enum DropReason {
    BAD_CHAIN("bad-chain", "the chain's buffers are not readable guest memory in the right order"),
    TOO_SHORT("too-short", "shorter than a virtio-net header and an Ethernet header"),
    TOO_LONG("too-long", "longer than a port may send, or than the MTU allows that its receiver agreed on"),
    BAD_HEADER("bad-header", "a virtio-net header that asks for what was not acknowledged"),
    DISABLED("disabled", "the queue is disabled: its frames are discarded"),
    NO_DESTINATION("no-destination", "the destination is the port the frame came from, or there is no other port"),
    VLAN("vlan", "a tag that the port may not send, two tags, or no tag where one is needed"),
    SPOOFED_MAC("spoofed-mac", "the source address is not one that the port may send from"),
    SPOOFED_IP("spoofed-ip", "the IP source address is not one that the port may send from, or cannot be told"),
    SPOOFED_ARP("spoofed-arp", "the sender in ARP or RARP is not one that the port may send from"),
    SPOOFED_ND("spoofed-nd", "IPv6 neighbour discovery speaks for an address that is not the port's"),
    ISOLATED("isolated", "both ports, or all that could have got the frame, are isolated"),
    ADDRESS_LIMIT("address-limit", "the port uses as many addresses as it may already"),
    STORM("storm", "it is to be flooded, and the port has flooded as much as it may"),
    RATE_LIMIT("rate-limit", "more bits or frames a second than the port may send or receive"),
    NOT_READY("not-ready", "the destination has no started and enabled queue, or its link is down"),
    FILTERED("filtered", "the guest has told by its control queue that it does not want such frames"),
    NO_BUFFER("no-buffer", "the receive queue has no buffer available, or the host's queue is full"),
    QUEUE_BUSY("queue-busy", "another worker does not leave the receive queue: its front-end holds it up"),
    BUFFER_TOO_SMALL("buffer-too-small", "the receive buffers that are available cannot hold the frame"),
    REFUSED("refused", "the host's kernel refused the frame"),
    ABORTED("aborted", "the NIC was stopped, or restarted, before it had sent the frame"),
    MEMORY_LOST("memory-lost", "memory of the port, or of one beside it, went away while the frame was under way");

    private static final DropReason[] VALUES = values();

    private final String label;
    private final String meaning;

    DropReason(String label, String meaning) {
        this.label = label;
        this.meaning = meaning;
    }

    /** The name that counters and reports show. */
    public String label() {
        return label;
    }

    /** What that means, as a part of a sentence for people. */
    public String meaning() {
        return meaning;
    }

    public static int count() {
        return VALUES.length;
    }
}
