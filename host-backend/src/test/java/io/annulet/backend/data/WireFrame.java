package io.annulet.backend.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;

/**
 * Checks frames as they would go over a wire against the frame that was sent: puts the parts together again and
 * recomputes every checksum byte by byte. Shares no code with what is tested.
 */
public final class WireFrame {

    private WireFrame() {}

    /** Sum of big-endian words, one byte after the other. */
    static long sum(byte[] bytes, int from, int byteLength, long start) {
        long sum = start;
        for (int i = 0; i < byteLength; i++) {
            int value = bytes[from + i] & 0xff;
            sum += (i & 1) == 0 ? value << 8 : value;
        }
        return fold(sum);
    }

    static long fold(long sum) {
        long folded = sum;
        while (folded > 0xffff) {
            folded = (folded & 0xffff) + (folded >>> 16);
        }
        return folded;
    }

    private static int u16(byte[] bytes, int at) {
        return (bytes[at] & 0xff) << 8 | (bytes[at + 1] & 0xff);
    }

    private static int u32(byte[] bytes, int at) {
        return u16(bytes, at) << 16 | u16(bytes, at + 2);
    }

    /** IP header: length, checksum, and that nothing else changed but {@code id} and fragment fields. */
    private static void checkIp(SentFrame sent, byte[] part, boolean fragment, String what) {
        if (sent.ipv6) {
            assertEquals(part.length - sent.l3 - 40, u16(part, sent.l3 + 4), "IPv6 length of " + what);
        } else {
            assertEquals(part.length - sent.l3, u16(part, sent.l3 + 2), "IPv4 length of " + what);
            assertEquals(0xffff, sum(part, sent.l3, sent.l4 - sent.l3, 0), "IPv4 checksum of " + what);
        }
        byte[] expected = sent.bytes.clone();
        int end = sent.ipv6 ? sent.unfragmentable : sent.l4;
        if (sent.ipv6) {
            copy(part, expected, sent.l3 + 4, 2);
            if (fragment) {
                copyNextHeaders(sent, part, expected);
            }
        } else {
            copy(part, expected, sent.l3 + 2, 2);
            copy(part, expected, sent.l3 + 4, fragment ? 4 : 2);
            copy(part, expected, sent.l3 + 10, 2);
        }
        assertArrayEquals(Arrays.copyOf(expected, end), Arrays.copyOf(part, end), "headers of " + what);
    }

    /** One next-header field says "fragment" now; the fragment header has what it said. */
    private static void copyNextHeaders(SentFrame sent, byte[] part, byte[] expected) {
        int changed = 0;
        for (int i = sent.l3 + 6; i < sent.unfragmentable; i++) {
            if (part[i] != expected[i]) {
                assertEquals(44, part[i], "a changed field");
                assertEquals(expected[i], part[sent.unfragmentable], "next header in the fragment header");
                expected[i] = part[i];
                changed++;
            }
        }
        assertEquals(1, changed, "fields that say that a fragment header follows");
    }

    private static void copy(byte[] from, byte[] to, int at, int byteLength) {
        System.arraycopy(from, at, to, at, byteLength);
    }

    private static void checkTransportSum(SentFrame sent, byte[] frame, String what) {
        int l4Length = frame.length - sent.l4;
        assertEquals(0xffff, sum(frame, sent.l4, l4Length, sent.pseudo(l4Length)), "checksum of " + what);
        assertTrue(u16(frame, sent.l4 + (sent.tcp ? 16 : 6)) != 0, "UDP has no checksum 0: " + what);
    }

    /** The frame is the one sent, with its checksum completed. */
    public static void checkCompleted(SentFrame sent, byte[] frame) {
        assertEquals(sent.bytes.length, frame.length, "length");
        checkTransportSum(sent, frame, "the frame");
        byte[] expected = sent.bytes.clone();
        copy(frame, expected, sent.l4 + (sent.tcp ? 16 : 6), 2);
        assertArrayEquals(expected, frame);
    }

    /** How many parts a large frame makes. */
    public static int parts(SentFrame sent) {
        return switch (sent.kind) {
            case UDP_FRAGMENTS -> (sent.bytes.length - cut(sent) + (sent.gsoSize & ~7) - 1) / (sent.gsoSize & ~7);
            default -> (sent.bytes.length - sent.payloadAt + sent.gsoSize - 1) / sent.gsoSize;
        };
    }

    private static int cut(SentFrame sent) {
        return sent.ipv6 ? sent.unfragmentable : sent.l4;
    }

    /** The parts, in their order, are the large frame. {@code partial} says whether their checksums are left open. */
    public static void checkParts(SentFrame sent, List<byte[]> parts, boolean partial) {
        if (sent.kind == SentFrame.Kind.UDP_FRAGMENTS) {
            checkFragments(sent, parts);
            return;
        }
        ByteArrayOutputStream payload = new ByteArrayOutputStream();
        for (int i = 0; i < parts.size(); i++) {
            byte[] part = parts.get(i);
            String what = "part " + i + " of " + parts.size();
            checkIp(sent, part, false, what);
            if (partial) {
                int at = sent.l4 + (sent.tcp ? 16 : 6);
                int l4Length = part.length - sent.l4;
                assertEquals(fold(sent.pseudo(l4Length)), u16(part, at), "partial checksum of " + what);
            } else {
                checkTransportSum(sent, part, what);
            }
            checkTransport(sent, part, i, parts.size());
            int length = part.length - sent.payloadAt;
            assertTrue(i < parts.size() - 1 ? length == sent.gsoSize : length <= sent.gsoSize, "length of " + what);
            payload.write(part, sent.payloadAt, length);
        }
        assertArrayEquals(sent.payload(), payload.toByteArray(), "the payload of all parts");
    }

    private static void checkTransport(SentFrame sent, byte[] part, int i, int count) {
        byte[] expected = Arrays.copyOfRange(sent.bytes, sent.l4, sent.payloadAt);
        ByteBuffer fields = ByteBuffer.wrap(expected);
        if (!sent.ipv6) {
            assertEquals((u16(sent.bytes, sent.l3 + 4) + i) & 0xffff, u16(part, sent.l3 + 4), "IP id of part " + i);
        }
        if (sent.tcp) {
            fields.putInt(4, u32(sent.bytes, sent.l4 + 4) + i * sent.gsoSize);
            int flags = expected[13];
            flags &= i == count - 1 ? 0xff : ~0x09;
            flags &= i == 0 ? 0xff : ~0x80;
            expected[13] = (byte) flags;
            fields.putShort(16, (short) u16(part, sent.l4 + 16));
        } else {
            fields.putShort(4, (short) (part.length - sent.l4));
            fields.putShort(6, (short) u16(part, sent.l4 + 6));
        }
        assertArrayEquals(expected, Arrays.copyOfRange(part, sent.l4, sent.payloadAt), "transport header of part " + i);
    }

    private static void checkFragments(SentFrame sent, List<byte[]> parts) {
        ByteArrayOutputStream whole = new ByteArrayOutputStream();
        whole.write(sent.bytes, 0, cut(sent));
        int id = -1;
        for (int i = 0; i < parts.size(); i++) {
            byte[] part = parts.get(i);
            String what = "fragment " + i + " of " + parts.size();
            checkIp(sent, part, true, what);
            int from = cut(sent) + (sent.ipv6 ? 8 : 0);
            int field = sent.ipv6 ? u16(part, cut(sent) + 2) : u16(part, sent.l3 + 6);
            boolean more = (field & (sent.ipv6 ? 1 : 0x2000)) != 0;
            int offset = sent.ipv6 ? field & 0xfff8 : (field & 0x1fff) * 8;
            int partId = sent.ipv6 ? u32(part, cut(sent) + 4) : u16(part, sent.l3 + 4);
            assertEquals(i < parts.size() - 1, more, "whether more follow " + what);
            assertEquals(whole.size() - cut(sent), offset, "offset of " + what);
            assertTrue(i == 0 || partId == id, "identification of " + what);
            assertTrue(part.length - from <= sent.gsoSize, "length of " + what);
            id = partId;
            whole.write(part, from, part.length - from);
        }
        checkCompleted(sent, whole.toByteArray());
    }
}
