package io.annulet.backend.policy;

import java.net.InetAddress;
import java.nio.ByteBuffer;

/**
 * IP addresses that begin alike: an address, or those of a network.
 *
 * @param high the first 64 bits of an IPv6 address; 0 for IPv4
 * @param low the last 64 bits, or the 32 of an IPv4 address
 * @param bits how many of them count, 0 to 32 or 128
 */
public record IpPrefix(boolean isIpv4, long high, long low, int bits) {

    private static final int IPV4_BITS = 32;
    private static final int IPV6_BITS = 128;

    /** An address, or an address and the number of bits that count: {@code 10.0.0.1}, {@code fe80::/64}. */
    public static IpPrefix parse(String text) {
        int slash = text.indexOf('/');
        ByteBuffer bytes = ByteBuffer.wrap(address(slash < 0 ? text : text.substring(0, slash), text));
        boolean ipv4 = bytes.capacity() == Integer.BYTES;
        int most = ipv4 ? IPV4_BITS : IPV6_BITS;
        String bits = slash < 0 ? String.valueOf(most) : text.substring(slash + 1);
        if (!bits.matches("[0-9]{1,3}") || Integer.parseInt(bits) > most) {
            throw new IllegalArgumentException("'" + text + "': write 0 to " + most + " after the slash");
        }
        return ipv4
                ? new IpPrefix(true, 0, Integer.toUnsignedLong(bytes.getInt()), Integer.parseInt(bits))
                : new IpPrefix(false, bytes.getLong(), bytes.getLong(), Integer.parseInt(bits));
    }

    private static byte[] address(String address, String text) {
        try {
            if (address.matches("[0-9.]+|[0-9a-fA-F.:]+")) {
                return InetAddress.ofLiteral(address).getAddress();
            }
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(refusal(text), e);
        }
        throw new IllegalArgumentException(refusal(text));
    }

    private static String refusal(String text) {
        return "'" + text + "' is no IP address; write some, such as 10.0.0.1+fd00::1+fe80::/64";
    }

    public boolean hasIpv4(int address) {
        return isIpv4 && (bits == 0 || (address ^ (int) low) >>> (IPV4_BITS - bits) == 0);
    }

    public boolean hasIpv6(long first, long last) {
        if (isIpv4 || bits == 0) {
            return !isIpv4;
        }
        return bits <= Long.SIZE
                ? (first ^ high) >>> (Long.SIZE - bits) == 0
                : first == high && (last ^ low) >>> (IPV6_BITS - bits) == 0;
    }
}
