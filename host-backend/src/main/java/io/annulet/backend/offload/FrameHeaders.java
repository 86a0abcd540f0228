package io.annulet.backend.offload;

import io.annulet.memory.HostMemory;

/**
 * Where the headers of one frame lie, found in a private copy of its first bytes; owned by one thread, which uses it for
 * one frame after another.
 *
 * <p>Ethernet with up to two VLAN tags, IPv4 with options or IPv6 with extension headers, TCP with options or UDP.
 * Offsets count from the Ethernet header.
 */
public final class FrameHeaders {

    static final int ICMP = 1;
    static final int IPV4_IN_IP = 4;
    static final int TCP = 6;
    static final int UDP = 17;
    static final int DCCP = 33;
    static final int IPV6_IN_IP = 41;
    static final int GRE = 47;
    static final int ICMPV6 = 58;
    static final int UDP_LITE = 136;

    private static final int ETHERTYPE_OFFSET = 12;
    private static final int VLAN_TAG_BYTES = 4;
    private static final int MAX_VLAN_TAGS = 2;
    private static final int ETHERTYPE_VLAN = 0x8100;
    private static final int ETHERTYPE_SERVICE_VLAN = 0x88a8;
    private static final int ETHERTYPE_IPV4 = 0x0800;
    private static final int ETHERTYPE_IPV6 = 0x86dd;

    private static final int IPV4_BYTES = 20;
    private static final int IPV6_BYTES = 40;
    private static final int IPV6_NEXT_HEADER = 6;
    private static final int HOP_BY_HOP = 0;
    private static final int ROUTING = 43;
    private static final int FRAGMENT = 44;
    private static final int AUTHENTICATION = 51;
    private static final int DESTINATION_OPTIONS = 60;

    static final int TCP_BYTES = 20;
    static final int UDP_BYTES = 8;
    private static final int TCP_DATA_OFFSET = 12;

    private boolean ipv4;
    private int l3Offset;
    private int l4Offset;
    private int l4HeaderBytes;
    private int protocol;
    private boolean fragment;
    private boolean routed;
    private int fragmentOffset;
    private int fragmentNextHeader;

    /**
     * Looks at the first {@code byteLength} bytes of a frame.
     *
     * @return false if it is not IP, or its headers are cut, malformed or not wholly in those bytes
     */
    public boolean parse(long frame, int byteLength) {
        fragment = false;
        routed = false;
        int at = ETHERTYPE_OFFSET;
        int type = at + 2 <= byteLength ? NetworkOrder.load16(frame + at) : 0;
        for (int tags = 0; tags < MAX_VLAN_TAGS && isVlan(type); tags++) {
            at += VLAN_TAG_BYTES;
            type = at + 2 <= byteLength ? NetworkOrder.load16(frame + at) : 0;
        }
        l3Offset = at + 2;
        ipv4 = type == ETHERTYPE_IPV4;
        boolean found = ipv4 ? parseIpv4(frame, byteLength) : type == ETHERTYPE_IPV6 && parseIpv6(frame, byteLength);
        return found && l4Offset <= byteLength && (fragment || parseTransport(frame, byteLength));
    }

    private static boolean isVlan(int etherType) {
        return etherType == ETHERTYPE_VLAN || etherType == ETHERTYPE_SERVICE_VLAN;
    }

    private boolean parseIpv4(long frame, int byteLength) {
        if (l3Offset + IPV4_BYTES > byteLength) {
            return false;
        }
        long ip = frame + l3Offset;
        int first = HostMemory.loadByte(ip);
        int headerBytes = (first & 15) * 4;
        protocol = HostMemory.loadByte(ip + 9);
        fragment = (NetworkOrder.load16(ip + 6) & 0x3fff) != 0;
        l4Offset = l3Offset + headerBytes;
        return first >>> 4 == 4 && headerBytes >= IPV4_BYTES;
    }

    private boolean parseIpv6(long frame, int byteLength) {
        if (l3Offset + IPV6_BYTES > byteLength || HostMemory.loadByte(frame + l3Offset) >>> 4 != 6) {
            return false;
        }
        int nextField = l3Offset + IPV6_NEXT_HEADER;
        int at = l3Offset + IPV6_BYTES;
        int next = HostMemory.loadByte(frame + nextField);
        fragmentOffset = at;
        fragmentNextHeader = nextField;
        // Each header takes eight bytes at least, so the copy's length bounds this.
        while (isExtension(next)) {
            if (at + 8 > byteLength) {
                return false;
            }
            int length = HostMemory.loadByte(frame + at + 1);
            boolean unfragmentable = next == HOP_BY_HOP || next == ROUTING;
            routed |= next == ROUTING;
            nextField = at;
            at += next == AUTHENTICATION ? (length + 2) * 4 : (length + 1) * 8;
            next = HostMemory.loadByte(frame + nextField);
            if (unfragmentable) {
                fragmentOffset = at;
                fragmentNextHeader = nextField;
            }
        }
        fragment = next == FRAGMENT;
        protocol = next;
        l4Offset = at;
        return true;
    }

    private static boolean isExtension(int protocol) {
        return protocol == HOP_BY_HOP
                || protocol == ROUTING
                || protocol == DESTINATION_OPTIONS
                || protocol == AUTHENTICATION;
    }

    private boolean parseTransport(long frame, int byteLength) {
        int left = byteLength - l4Offset;
        switch (protocol) {
            case TCP -> {
                l4HeaderBytes =
                        left < TCP_BYTES ? 0 : (HostMemory.loadByte(frame + l4Offset + TCP_DATA_OFFSET) >>> 4) * 4;
                return l4HeaderBytes >= TCP_BYTES && l4HeaderBytes <= left;
            }
            case UDP -> l4HeaderBytes = UDP_BYTES;
            default -> l4HeaderBytes = 0;
        }
        return l4HeaderBytes <= left;
    }

    public boolean isIpv4() {
        return ipv4;
    }

    /** Whether this is a fragment of an IP packet; nothing is known of its transport then. */
    public boolean isFragment() {
        return fragment;
    }

    /** Whether a routing header stands between, so that the destination address may not be the last one. */
    boolean isRouted() {
        return routed;
    }

    int protocol() {
        return protocol;
    }

    int l3Offset() {
        return l3Offset;
    }

    int l4Offset() {
        return l4Offset;
    }

    /** Length of the TCP or UDP header; 0 for other protocols. */
    int l4HeaderBytes() {
        return l4HeaderBytes;
    }

    /** Where the payload of TCP or UDP begins. */
    int payloadOffset() {
        return l4Offset + l4HeaderBytes;
    }

    /** Where the IP packet ends, by its own word. */
    int packetEnd(long frame) {
        return ipv4
                ? l3Offset + NetworkOrder.load16(frame + l3Offset + Segmentation.IPV4_TOTAL_LENGTH)
                : l3Offset + IPV6_BYTES + NetworkOrder.load16(frame + l3Offset + Segmentation.IPV6_PAYLOAD_LENGTH);
    }

    /** The sum of the pseudo-header, by the addresses in the IP header, for a transport of so many bytes. */
    long pseudoSum(long frame, int transportBytes) {
        long addresses = frame + l3Offset + (ipv4 ? 12 : 8);
        return Checksum.sum(addresses, ipv4 ? 8 : 32) + Checksum.number(protocol) + Checksum.number(transportBytes);
    }

    /** IPv6: where a fragment header belongs. RFC 8200, "Fragment Header". */
    int fragmentOffset() {
        return fragmentOffset;
    }

    /** IPv6: the field that says what comes at {@link #fragmentOffset}. */
    int fragmentNextHeader() {
        return fragmentNextHeader;
    }

    /** Where the checksum lies in the transport's header; -1 if the transport has none that we know. */
    int checksumOffset() {
        return switch (protocol) {
            case TCP -> 16;
            case UDP, UDP_LITE, DCCP -> 6;
            case GRE -> 4;
            case ICMP, ICMPV6 -> 2;
            default -> -1;
        };
    }

    /** Whether other headers with a checksum of their own may follow: the outer checksum is then someone else's. */
    boolean mayCarryOthers() {
        return switch (protocol) {
            case UDP, GRE, IPV4_IN_IP, IPV6_IN_IP -> true;
            default -> false;
        };
    }
}
