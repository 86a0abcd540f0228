package io.annulet.backend.policy;

import io.annulet.backend.stats.DropReason;
import io.annulet.memory.HostMemory;
import org.jspecify.annotations.Nullable;

/**
 * Judges what an IPv6 packet says of its sender beside its source address: the messages of neighbour discovery, RFC 4861;
 * immutable.
 *
 * <pre>
 *   | type | code | checksum, 2 | 4 | target, 16 (NS, NA, redirect) | options: type, length / 8, MAC address, ...
 * </pre>
 */
final class NeighbourMessage {

    private static final int IPV6_BYTES = 40;
    private static final int HOP_BY_HOP = 0;
    private static final int ROUTING = 43;
    private static final int FRAGMENT = 44;
    private static final int AUTHENTICATION = 51;
    private static final int DESTINATION_OPTIONS = 60;
    private static final int ICMPV6 = 58;
    private static final int OTHER = -1;

    private static final int LISTENER_REPORT = 131;
    private static final int LISTENER_DONE = 132;
    private static final int ROUTER_SOLICITATION = 133;
    private static final int ROUTER_ADVERTISEMENT = 134;
    private static final int NEIGHBOUR_SOLICITATION = 135;
    private static final int NEIGHBOUR_ADVERTISEMENT = 136;
    private static final int REDIRECT = 137;
    private static final int LISTENER_REPORT_2 = 143;

    private static final int TARGET = 8;
    private static final int SOURCE_LINK_LAYER = 1;
    private static final int TARGET_LINK_LAYER = 2;

    private final SourceRule rule;

    NeighbourMessage(SourceRule rule) {
        this.rule = rule;
    }

    /**
     * @param ip address of the IPv6 header
     * @param left bytes that there are from there on
     */
    @Nullable
    DropReason judge(long ip, int left, boolean isUnspecified) {
        int next = HostMemory.loadByte(ip + 6);
        int at = IPV6_BYTES;
        boolean isFragment = false;
        // Each header takes eight bytes at least, so the copy's length bounds this.
        while (isExtension(next)) {
            if (at + 8 > left) {
                return DropReason.SPOOFED_ND;
            }
            int here = next;
            next = HostMemory.loadByte(ip + at);
            if (here == FRAGMENT) {
                isFragment = true;
                // What comes later is of the first fragment's kind, which is judged by itself.
                next = (Bytes.load16(ip + at + 2) & ~7) == 0 ? next : OTHER;
            }
            at += length(here, HostMemory.loadByte(ip + at + 1));
        }
        if (next != ICMPV6) {
            return isUnspecified && rule.hasAddresses() ? DropReason.SPOOFED_IP : null;
        }
        if (at + 4 > left) {
            return DropReason.SPOOFED_ND;
        }
        int type = HostMemory.loadByte(ip + at);
        if (isUnspecified && rule.hasAddresses() && !isFromNobody(type)) {
            return DropReason.SPOOFED_IP;
        }
        int fixed = fixedBytes(type);
        boolean isHonest = fixed == 0
                || (!isFragment
                        && IPV6_BYTES + Bytes.load16(ip + 4) <= left
                        && isHonest(ip, ip + at, type, isUnspecified)
                        && hasHonestOptions(ip, at + fixed));
        return isHonest ? null : DropReason.SPOOFED_ND;
    }

    private static boolean isExtension(int next) {
        return switch (next) {
            case HOP_BY_HOP, ROUTING, FRAGMENT, AUTHENTICATION, DESTINATION_OPTIONS -> true;
            default -> false;
        };
    }

    private static int length(int header, int field) {
        return switch (header) {
            case FRAGMENT -> 8;
            case AUTHENTICATION -> (field + 2) * 4;
            default -> (field + 1) * 8;
        };
    }

    /** What a node without an address may send. */
    private static boolean isFromNobody(int type) {
        return switch (type) {
            case LISTENER_REPORT, LISTENER_DONE, ROUTER_SOLICITATION, NEIGHBOUR_SOLICITATION, LISTENER_REPORT_2 -> true;
            default -> false;
        };
    }

    /** Bytes before the options of a message of neighbour discovery; 0 for other messages. */
    private static int fixedBytes(int type) {
        return switch (type) {
            case ROUTER_SOLICITATION -> 8;
            case ROUTER_ADVERTISEMENT -> 16;
            case NEIGHBOUR_SOLICITATION, NEIGHBOUR_ADVERTISEMENT -> 24;
            case REDIRECT -> 40;
            default -> 0;
        };
    }

    /** Whether the target is the port's, where the message speaks for it or is to make it the port's. */
    private boolean isHonest(long ip, long message, int type, boolean isUnspecified) {
        boolean speaksForTarget = type == NEIGHBOUR_ADVERTISEMENT || (type == NEIGHBOUR_SOLICITATION && isUnspecified);
        long end = ip + IPV6_BYTES + Bytes.load16(ip + 4);
        return !speaksForTarget
                || (message + TARGET + 16 <= end && rule.isOurs(message + TARGET, message + TARGET + 8));
    }

    /** Whether the options, from an offset to the packet's end, give away no MAC address but the port's. */
    private boolean hasHonestOptions(long ip, int from) {
        int end = IPV6_BYTES + Bytes.load16(ip + 4);
        int at = from;
        while (at + 8 <= end) {
            int type = HostMemory.loadByte(ip + at);
            int length = 8 * HostMemory.loadByte(ip + at + 1);
            boolean isLinkLayer = type == SOURCE_LINK_LAYER || type == TARGET_LINK_LAYER;
            if (length == 0 || (isLinkLayer && !rule.isOurs(HostMemory.loadLong(ip + at + 2)))) {
                return false;
            }
            at += length;
        }
        return at == end;
    }
}
