package io.annulet.backend.policy;

import io.annulet.backend.stats.DropReason;
import io.annulet.memory.HostMemory;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The addresses that a port may send from, and say of itself; immutable, used by all workers.
 *
 * <p>With MAC addresses: the frame's source, the sender in ARP and RARP, and the link-layer addresses that neighbour
 * discovery gives away have to be among them. With IP addresses: the source in IPv4 and IPv6, the sender in ARP, and the
 * target that a neighbour advertisement speaks for. Who has no address yet may ask for one: a DHCP client from 0.0.0.0, an
 * ARP probe (RFC 5227) and duplicate address detection (RFC 4862) for an address that is the port's, multicast listener
 * reports and router solicitations from ::.
 *
 * <p>What cannot be told is refused: cut headers, more than two tags, neighbour discovery in fragments (RFC 6980) or beyond
 * the copy. What is neither ARP nor IP is judged by its source alone.
 */
public final class SourceRule {

    private static final int SOURCE_MAC = 6;
    private static final int ETHERTYPE = 12;
    private static final int TAG_BYTES = 4;
    private static final int MAX_TAGS = 2;
    private static final int ARP = 0x0806;
    private static final int RARP = 0x8035;
    private static final int IPV4 = 0x0800;
    private static final int IPV6 = 0x86dd;

    private static final int ARP_BYTES = 28;
    private static final int ARP_REQUEST = 1;
    /** Hardware Ethernet, protocol IPv4, and the lengths of their addresses: the first six bytes of ARP. */
    private static final long ARP_FORM = 0x0001_0800_0604L;

    private static final int IPV4_BYTES = 20;
    private static final int IPV4_FIRST_BYTE = 0x45;

    /** All that is looked at of TCP and UDP, whose copy may be short. */
    private static final int IPV6_SOURCE_END = 24;

    private static final int TCP = 6;
    private static final int UDP = 17;
    private static final int DHCP_SERVER = 67;
    private static final int DHCP_CLIENT = 68;
    private static final int BROADCAST = -1;

    private final long[] macs;
    private final List<IpPrefix> addresses;
    private final String text;
    private final NeighbourMessage neighbours = new NeighbourMessage(this);

    private SourceRule(long[] macs, List<IpPrefix> addresses, String text) {
        this.macs = macs;
        this.addresses = addresses;
        this.text = text;
    }

    /**
     * Reads the addresses.
     *
     * @param macs with + between them, or null for any
     * @param addresses IP addresses and networks likewise
     */
    public static SourceRule parse(@Nullable String macs, @Nullable String addresses) {
        List<IpPrefix> prefixes = new ArrayList<>();
        for (String address : parts(addresses)) {
            prefixes.add(IpPrefix.parse(address));
        }
        long[] allowed = new long[parts(macs).length];
        for (int i = 0; i < allowed.length; i++) {
            allowed[i] = mac(parts(macs)[i]);
        }
        String text = (macs == null ? "" : "allow-mac=" + macs)
                + (macs == null || addresses == null ? "" : ",")
                + (addresses == null ? "" : "allow-ip=" + addresses);
        return new SourceRule(allowed, List.copyOf(prefixes), text);
    }

    private static String[] parts(@Nullable String text) {
        return text == null ? new String[0] : text.split("\\+", -1);
    }

    private static long mac(String text) {
        if (!text.matches("[0-9a-fA-F][02468aceACE](:[0-9a-fA-F]{2}){5}")) {
            throw new IllegalArgumentException(
                    "'" + text + "' is no MAC address of one station; write some, such as 52:54:00:00:00:01");
        }
        return MacText.parse(text);
    }

    /** Whether a frame can only be judged on a long copy: of IPv6, other than plain TCP and UDP. */
    public boolean needsLongCopy(long frame, int copyBytes) {
        int l3 = l3Offset(frame, copyBytes);
        if (type(frame, l3, copyBytes) != IPV6 || l3 + IPV6_SOURCE_END > copyBytes) {
            return false;
        }
        int next = HostMemory.loadByte(frame + l3 + 6);
        return next != TCP && next != UDP;
    }

    /**
     * Judges a frame.
     *
     * @param frame address of a private copy of its first bytes
     * @param copyBytes how many those are
     * @return null if the port may send it
     */
    public @Nullable DropReason judge(long frame, int copyBytes) {
        if (!isOurs(HostMemory.loadLong(frame + SOURCE_MAC))) {
            return DropReason.SPOOFED_MAC;
        }
        int l3 = l3Offset(frame, copyBytes);
        int type = type(frame, l3, copyBytes);
        long packet = frame + l3;
        int left = copyBytes - l3;
        return switch (type) {
            case ARP, RARP -> isHonestArp(packet, left, type == RARP) ? null : DropReason.SPOOFED_ARP;
            case IPV4 -> addresses.isEmpty() || isHonestIpv4(packet, left) ? null : DropReason.SPOOFED_IP;
            case IPV6 -> judgeIpv6(packet, left);
            default -> isTag(type) ? DropReason.SPOOFED_IP : null;
        };
    }

    private static int l3Offset(long frame, int copyBytes) {
        int l3 = ETHERTYPE + 2;
        for (int tags = 0; tags < MAX_TAGS && isTag(type(frame, l3, copyBytes)); tags++) {
            l3 += TAG_BYTES;
        }
        return l3;
    }

    private static int type(long frame, int l3, int copyBytes) {
        return l3 <= copyBytes ? Bytes.load16(frame + l3 - 2) : 0;
    }

    private static boolean isTag(int type) {
        return type == 0x8100 || type == 0x88a8 || type == 0x9100;
    }

    private boolean isHonestArp(long arp, int left, boolean isReverse) {
        if (left < ARP_BYTES || Bytes.load48(arp) != ARP_FORM || !isOurs(HostMemory.loadLong(arp + 8))) {
            return false;
        }
        int sender = Bytes.load32(arp + 14);
        if (sender != 0) {
            return isOurs(sender);
        }
        return isReverse || (Bytes.load16(arp + 6) == ARP_REQUEST && isOurs(Bytes.load32(arp + 24)));
    }

    private boolean isHonestIpv4(long ip, int left) {
        if (left < IPV4_BYTES || HostMemory.loadByte(ip) >>> 4 != 4) {
            return false;
        }
        int source = Bytes.load32(ip + 12);
        return source == 0 ? isDhcpClient(ip, left) : isOurs(source);
    }

    private static boolean isDhcpClient(long ip, int left) {
        return left >= IPV4_BYTES + 4
                && HostMemory.loadByte(ip) == IPV4_FIRST_BYTE
                && (Bytes.load16(ip + 6) & 0x3fff) == 0 // no fragment
                && HostMemory.loadByte(ip + 9) == UDP
                && Bytes.load32(ip + 16) == BROADCAST
                && Bytes.load16(ip + IPV4_BYTES) == DHCP_CLIENT
                && Bytes.load16(ip + IPV4_BYTES + 2) == DHCP_SERVER;
    }

    private @Nullable DropReason judgeIpv6(long ip, int left) {
        if (left < IPV6_SOURCE_END) {
            return DropReason.SPOOFED_IP;
        }
        boolean isUnspecified = Bytes.load64(ip + 8) == 0 && Bytes.load64(ip + 16) == 0;
        if (HostMemory.loadByte(ip) >>> 4 != 6 || (!isUnspecified && !isOurs(ip + 8, ip + 16))) {
            return DropReason.SPOOFED_IP;
        }
        return neighbours.judge(ip, left, isUnspecified);
    }

    /** Whether the port may use a MAC address: six bytes in memory order, and whatever follows. */
    boolean isOurs(long macAndMore) {
        long mac = macAndMore & 0xffff_ffff_ffffL;
        for (long allowed : macs) {
            if (allowed == mac) {
                return true;
            }
        }
        return macs.length == 0;
    }

    private boolean isOurs(int ipv4) {
        for (int i = 0; i < addresses.size(); i++) {
            if (addresses.get(i).hasIpv4(ipv4)) {
                return true;
            }
        }
        return addresses.isEmpty();
    }

    /** Whether the port may use the IPv6 address at two places. */
    boolean isOurs(long firstHalf, long secondHalf) {
        long first = Bytes.load64(firstHalf);
        long last = Bytes.load64(secondHalf);
        for (int i = 0; i < addresses.size(); i++) {
            if (addresses.get(i).hasIpv6(first, last)) {
                return true;
            }
        }
        return addresses.isEmpty();
    }

    boolean hasAddresses() {
        return !addresses.isEmpty();
    }

    /** As the options say it. */
    @Override
    public String toString() {
        return text;
    }
}
