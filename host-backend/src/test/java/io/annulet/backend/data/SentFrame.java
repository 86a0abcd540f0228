package io.annulet.backend.data;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Random;

/**
 * A frame as a driver sends it, made at random: any of the headers that may occur, an offload or none, and the virtio-net
 * header that asks for it. Knows by construction what a receiver must get. Shares no code with what is tested.
 */
public final class SentFrame {

    /** What the frame asks for. */
    public enum Kind {
        PLAIN,
        CHECKSUM,
        VALID,
        TCP_SEGMENTS,
        UDP_SEGMENTS,
        UDP_FRAGMENTS
    }

    static final int TCP = 6;
    static final int UDP = 17;

    public Kind kind = Kind.PLAIN;
    public boolean ipv6;
    boolean tcp;
    boolean ecn;
    int l3;
    /** IPv6: where a fragment header belongs. */
    int unfragmentable;

    int l4;
    int payloadAt;
    public int gsoSize;
    /** Destination for the pseudo-header: behind a routing header not the one in the IP header. */
    byte[] lastDestination = new byte[0];

    public byte[] header = new byte[12];
    public byte[] bytes = new byte[0];

    /** Whether this is a random frame whose payload is longer than one part may be. */
    public boolean isLarge() {
        return switch (kind) {
            case PLAIN, CHECKSUM, VALID -> false;
            case TCP_SEGMENTS, UDP_SEGMENTS -> bytes.length - payloadAt > gsoSize;
            case UDP_FRAGMENTS -> bytes.length - l4 > gsoSize;
        };
    }

    public static SentFrame random(Random random, int maxPayload) {
        SentFrame frame = new SentFrame();
        Kind[] kinds = Kind.values();
        frame.kind = kinds[random.nextInt(kinds.length)];
        frame.ipv6 = random.nextBoolean();
        frame.tcp = switch (frame.kind) {
            case TCP_SEGMENTS -> true;
            case UDP_SEGMENTS, UDP_FRAGMENTS -> false;
            default -> random.nextBoolean();
        };
        int payload = random.nextInt(4) == 0 ? random.nextInt(200) : random.nextInt(maxPayload + 1);
        frame.build(random, payload);
        frame.ask(random, payload);
        return frame;
    }

    private void build(Random random, int payload) {
        ByteBuffer out = ByteBuffer.allocate(70_000);
        byte[] macs = new byte[12];
        random.nextBytes(macs);
        macs[0] &= (byte) 0xfe; // no group
        macs[6] &= (byte) 0xfe;
        out.put(macs);
        int tags = random.nextInt(3);
        for (int i = 0; i < tags; i++) {
            out.putShort((short) (i == 0 && tags == 2 ? 0x88a8 : 0x8100)).putShort((short) random.nextInt(4096));
        }
        out.putShort((short) (ipv6 ? 0x86dd : 0x0800));
        l3 = out.position();
        if (ipv6) {
            putIpv6(out, random);
        } else {
            putIpv4(out, random);
        }
        l4 = out.position();
        if (tcp) {
            putTcp(out, random);
        } else {
            out.putShort((short) random.nextInt(65536)).putShort((short) random.nextInt(65536));
            out.putShort((short) (8 + payload)).putShort((short) 0);
        }
        payloadAt = out.position();
        byte[] data = new byte[payload];
        random.nextBytes(data);
        out.put(data);
        bytes = new byte[out.position()];
        out.flip().get(bytes);
        fixLengths();
    }

    private void putIpv4(ByteBuffer out, Random random) {
        int words = random.nextBoolean() ? 5 : 5 + random.nextInt(11);
        byte[] header = new byte[words * 4];
        random.nextBytes(header);
        header[0] = (byte) (0x40 | words);
        header[6] = (byte) (random.nextBoolean() ? 0x40 : 0);
        header[7] = 0;
        header[9] = (byte) (tcp ? TCP : UDP);
        lastDestination = new byte[] {header[16], header[17], header[18], header[19]};
        out.put(header);
    }

    private void putIpv6(ByteBuffer out, Random random) {
        byte[] header = new byte[40];
        random.nextBytes(header);
        header[0] = (byte) (0x60 | (header[0] & 0x0f));
        int at = out.position();
        out.put(header);
        lastDestination = Arrays.copyOfRange(header, 24, 40);
        int nextField = at + 6;
        unfragmentable = out.position();
        if (random.nextInt(3) == 0) {
            out.put(nextField, (byte) 0);
            nextField = putExtension(out, random, random.nextInt(3));
            unfragmentable = out.position();
        }
        if (random.nextInt(4) == 0) {
            out.put(nextField, (byte) 43);
            nextField = out.position();
            // One address to go: the transport's pseudo-header has that one.
            byte[] last = new byte[16];
            random.nextBytes(last);
            out.put((byte) 0)
                    .put((byte) 2)
                    .put((byte) 0)
                    .put((byte) 1)
                    .putInt(0)
                    .put(last);
            lastDestination = last;
            unfragmentable = out.position();
        }
        if (random.nextInt(3) == 0) {
            out.put(nextField, (byte) 60);
            nextField = putExtension(out, random, random.nextInt(4));
        }
        out.put(nextField, (byte) (tcp ? TCP : UDP));
    }

    private static int putExtension(ByteBuffer out, Random random, int moreUnits) {
        int at = out.position();
        byte[] options = new byte[6 + 8 * moreUnits];
        random.nextBytes(options);
        out.put((byte) 0).put((byte) moreUnits).put(options);
        return at;
    }

    private void putTcp(ByteBuffer out, Random random) {
        int words = random.nextBoolean() ? 5 : 5 + random.nextInt(11);
        byte[] header = new byte[words * 4];
        random.nextBytes(header);
        header[12] = (byte) (words << 4 | (header[12] & 0x0f));
        if (random.nextBoolean()) {
            header[13] &= 0x7f;
        }
        out.put(header);
    }

    /** Lengths and the IPv4 header's checksum, as a sender has them. */
    private void fixLengths() {
        ByteBuffer frame = ByteBuffer.wrap(bytes);
        if (ipv6) {
            frame.putShort(l3 + 4, (short) (bytes.length - l3 - 40));
        } else {
            frame.putShort(l3 + 2, (short) (bytes.length - l3));
            frame.putShort(l3 + 10, (short) 0);
            frame.putShort(l3 + 10, (short) ~WireFrame.sum(bytes, l3, l4 - l3, 0));
        }
    }

    private void ask(Random random, int payload) {
        ByteBuffer field = ByteBuffer.wrap(header).order(ByteOrder.LITTLE_ENDIAN);
        int l4Length = bytes.length - l4;
        int sumAt = l4 + (tcp ? 16 : 6);
        if (kind == Kind.PLAIN || kind == Kind.VALID) {
            field.put(0, (byte) (kind == Kind.VALID ? 2 : 0));
            ByteBuffer.wrap(bytes).putShort(sumAt, (short) 0);
            putChecksum(sumAt, (int) ~WireFrame.sum(bytes, l4, l4Length, pseudo(l4Length)));
            return;
        }
        putChecksum(sumAt, (int) WireFrame.fold(pseudo(l4Length)));
        field.put(0, (byte) 1).putShort(6, (short) l4).putShort(8, (short) (sumAt - l4));
        boolean marked = tcp && (bytes[l4 + 13] & 0x80) != 0;
        switch (kind) {
            case TCP_SEGMENTS -> {
                gsoSize = Math.max(1, payload / (1 + random.nextInt(60)) + random.nextInt(3));
                ecn = marked;
                field.put(1, (byte) ((ipv6 ? 4 : 1) | (marked && random.nextBoolean() ? 0x80 : 0)));
            }
            case UDP_SEGMENTS -> {
                gsoSize = Math.max(1, payload / (1 + random.nextInt(60)) + random.nextInt(3));
                field.put(1, (byte) 5);
            }
            case UDP_FRAGMENTS -> {
                gsoSize = Math.max(8, (payload + 8) / (1 + random.nextInt(40)) + random.nextInt(9));
                field.put(1, (byte) 3);
            }
            default -> gsoSize = 0;
        }
        field.putShort(2, (short) random.nextInt(65536));
        field.putShort(4, (short) gsoSize);
        field.putShort(10, (short) random.nextInt(65536));
    }

    private void putChecksum(int at, int value) {
        int stored = (value & 0xffff) == 0 && kind != Kind.CHECKSUM ? 0xffff : value;
        ByteBuffer.wrap(bytes).putShort(at, (short) stored);
        if (kind == Kind.PLAIN || kind == Kind.VALID) {
            return;
        }
        ByteBuffer.wrap(bytes).putShort(at, (short) value);
    }

    /** The sum of the pseudo-header for a transport part of {@code l4Length}. */
    long pseudo(int l4Length) {
        int source = ipv6 ? l3 + 8 : l3 + 12;
        int addressBytes = ipv6 ? 16 : 4;
        long sum = WireFrame.sum(bytes, source, addressBytes, 0);
        sum += WireFrame.sum(lastDestination, 0, addressBytes, 0);
        return sum + (tcp ? TCP : UDP) + l4Length;
    }

    /** Whether the transport's pseudo-header has another destination than the IP header. */
    boolean isRouted() {
        int at = ipv6 ? l3 + 24 : l3 + 16;
        return !Arrays.equals(lastDestination, Arrays.copyOfRange(bytes, at, at + lastDestination.length));
    }

    /** Whether there is neither a VLAN tag nor a rare header: what any bridge carries. */
    public boolean isBare() {
        return l3 == 14 && l4 == l3 + (ipv6 ? 40 : 20);
    }

    /** Bytes of the transport's payload. */
    byte[] payload() {
        return Arrays.copyOfRange(bytes, payloadAt, bytes.length);
    }
}
