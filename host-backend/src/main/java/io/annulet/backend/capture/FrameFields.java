package io.annulet.backend.capture;

import io.annulet.backend.policy.IpPrefix;
import io.annulet.memory.HostMemory;
import java.net.InetAddress;
import java.net.UnknownHostException;
import org.jspecify.annotations.Nullable;

/**
 * What filters ask of one frame, found in a private copy of its first bytes; owned by one thread, which uses it for one
 * frame after another. What is not wholly in the copy is not there.
 */
final class FrameFields {

    static final int NONE = -1;

    static final int ARP = 0x0806;
    static final int RARP = 0x8035;
    static final int IPV4 = 0x0800;
    static final int IPV6 = 0x86dd;

    static final int TCP = 6;
    static final int UDP = 17;
    static final int SCTP = 132;

    private static final int MAX_TAGS = 2;
    private static final int TAG_BYTES = 4;
    private static final int ETHERNET_BYTES = 14;
    private static final int IPV4_BYTES = 20;
    private static final int IPV6_BYTES = 40;
    private static final int ARP_BYTES = 28;
    private static final int MAX_EXTENSIONS = 8;

    private long at;
    private int have;
    private int frameByteLength;
    private int etherType;
    private int l3;
    private int l4;
    private int protocol;

    /** The VLANs of up to two tags, the outer one first, or {@link #NONE}. */
    private final int[] vlans = new int[MAX_TAGS];

    /** Looks at a frame. */
    void load(long copy, int copyByteLength, int byteLength) {
        at = copy;
        have = copyByteLength;
        frameByteLength = byteLength;
        etherType = NONE;
        protocol = NONE;
        l4 = NONE;
        vlans[0] = NONE;
        vlans[1] = NONE;
        if (have < ETHERNET_BYTES) {
            return;
        }
        passTags();
        if (etherType == IPV4 && has(l3, IPV4_BYTES)) {
            ipv4();
        } else if (etherType == IPV6 && has(l3, IPV6_BYTES)) {
            ipv6();
        }
    }

    private void passTags() {
        int offset = 12;
        etherType = load16(offset);
        for (int tag = 0; tag < MAX_TAGS && isTag(etherType) && has(offset, TAG_BYTES + 2); tag++) {
            vlans[tag] = load16(offset + 2) & 0xfff;
            offset += TAG_BYTES;
            etherType = load16(offset);
        }
        l3 = offset + 2;
    }

    private static boolean isTag(int type) {
        return type == 0x8100 || type == 0x88a8 || type == 0x9100;
    }

    private void ipv4() {
        protocol = load8(l3 + 9);
        boolean isFirst = (load16(l3 + 6) & 0x1fff) == 0;
        l4 = isFirst ? l3 + 4 * (load8(l3) & 15) : NONE;
    }

    private void ipv6() {
        int next = load8(l3 + 6);
        int offset = l3 + IPV6_BYTES;
        for (int i = 0; i < MAX_EXTENSIONS && isExtension(next) && has(offset, 8); i++) {
            boolean isLaterFragment = next == 44 && load16(offset + 2) >>> 3 != 0;
            int length = next == 44 ? 8 : next == 51 ? (load8(offset + 1) + 2) * 4 : (load8(offset + 1) + 1) * 8;
            next = load8(offset);
            offset += length;
            if (isLaterFragment) {
                protocol = next;
                return;
            }
        }
        protocol = next;
        l4 = offset;
    }

    private static boolean isExtension(int protocol) {
        return protocol == 0 || protocol == 43 || protocol == 44 || protocol == 51 || protocol == 60;
    }

    private boolean has(int offset, int byteLength) {
        return offset + byteLength <= have;
    }

    private int load8(int offset) {
        return HostMemory.loadByte(at + offset);
    }

    private int load16(int offset) {
        return load8(offset) << 8 | load8(offset + 1);
    }

    private int load32(int offset) {
        return load16(offset) << 16 | load16(offset + 2);
    }

    private long load64(int offset) {
        return Long.reverseBytes(HostMemory.loadLong(at + offset));
    }

    /** From the Ethernet header on. */
    int frameByteLength() {
        return frameByteLength;
    }

    /** Behind tags; {@link #NONE} of what is no frame. */
    int etherType() {
        return etherType;
    }

    /** Of IPv4 or IPv6, behind extension headers. */
    int protocol() {
        return protocol;
    }

    boolean hasVlan(int vlan) {
        return vlans[0] == vlan || vlans[1] == vlan;
    }

    boolean isTagged() {
        return vlans[0] != NONE;
    }

    /** Six bytes in the order of the wire, or {@link #NONE}. */
    long mac(boolean source) {
        return have < ETHERNET_BYTES ? NONE : load64(source ? 6 : 0) >>> 16;
    }

    /** A port of TCP, UDP or SCTP, or {@link #NONE}. */
    int port(boolean source) {
        boolean hasPorts = protocol == TCP || protocol == UDP || protocol == SCTP;
        return hasPorts && l4 != NONE && has(l4, 4) ? load16(source ? l4 : l4 + 2) : NONE;
    }

    /** Whether an address of IP, or that of a host in ARP, is among some. */
    boolean isOf(IpPrefix addresses, boolean source) {
        return switch (etherType) {
            case IPV4 -> has(l3, IPV4_BYTES) && addresses.hasIpv4(load32(l3 + (source ? 12 : 16)));
            case ARP, RARP -> has(l3, ARP_BYTES) && addresses.hasIpv4(load32(l3 + (source ? 14 : 24)));
            case IPV6 -> has(l3, IPV6_BYTES) && isOfIpv6(addresses, l3 + (source ? 8 : 24));
            default -> false;
        };
    }

    private boolean isOfIpv6(IpPrefix addresses, int offset) {
        return addresses.hasIpv6(load64(offset), load64(offset + 8));
    }

    /** Who sends to whom, for people. */
    String words() {
        if (etherType == NONE) {
            return "no frame";
        }
        StringBuilder words = new StringBuilder(macWords(true) + " > " + macWords(false));
        for (int vlan : vlans) {
            words.append(vlan == NONE ? "" : ", VLAN " + vlan);
        }
        String ends = switch (etherType) {
            case IPV4 -> has(l3, IPV4_BYTES) ? ends(4, l3 + 12, l3 + 16) : "";
            case IPV6 -> has(l3, IPV6_BYTES) ? ends(16, l3 + 8, l3 + 24) : "";
            case ARP, RARP -> has(l3, ARP_BYTES) ? ends(4, l3 + 14, l3 + 24) : "";
            default -> "";
        };
        return words.append(", ").append(kind()).append(ends).toString();
    }

    private String kind() {
        return switch (etherType) {
            case ARP -> "ARP";
            case RARP -> "RARP";
            case IPV4, IPV6 ->
                switch (protocol) {
                    case 1 -> "ICMP";
                    case TCP -> "TCP";
                    case UDP -> "UDP";
                    case SCTP -> "SCTP";
                    case 58 -> "ICMPv6";
                    default -> etherType == IPV4 ? "IPv4" : "IPv6";
                };
            default -> String.format("EtherType 0x%04x", etherType);
        };
    }

    private String macWords(boolean source) {
        String digits = String.format("%012x", mac(source));
        return digits.replaceAll("(..)(?!$)", "$1:");
    }

    private String ends(int byteLength, int source, int destination) {
        return " " + address(byteLength, source) + portWords(true) + " > " + address(byteLength, destination)
                + portWords(false);
    }

    private String portWords(boolean source) {
        return port(source) == NONE ? "" : " port " + port(source);
    }

    private String address(int byteLength, int offset) {
        try {
            return InetAddress.getByAddress(HostMemory.copyOut(at + offset, byteLength))
                    .getHostAddress();
        } catch (UnknownHostException e) {
            throw new IllegalStateException(byteLength + " bytes", e);
        }
    }

    /** A number by the name that filters have for an EtherType, or null. */
    static @Nullable Integer etherType(String name) {
        return switch (name) {
            case "ip" -> IPV4;
            case "ip6" -> IPV6;
            case "arp" -> ARP;
            case "rarp" -> RARP;
            default -> null;
        };
    }

    /** Likewise for a protocol of IP. */
    static @Nullable Integer protocol(String name) {
        return switch (name) {
            case "icmp" -> 1;
            case "igmp" -> 2;
            case "tcp" -> TCP;
            case "udp" -> UDP;
            case "icmp6" -> 58;
            case "sctp" -> SCTP;
            default -> null;
        };
    }
}
