package io.annulet.guest.traffic;

import io.annulet.guest.FrameFactory;
import io.annulet.guest.PayloadPattern;
import io.annulet.memory.HostMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * The headers of some flows, and how frames are made from them; immutable. {@link FrameForm} draws the frames.
 *
 * <p>Everything in a frame follows from its flow, sequence number, stamp and length, and the payload from all of that, so
 * no bit of it can change unseen, except that addresses may be swapped as an echo does.
 */
final class FlowTable implements FrameTable {

    private static final int HEADER_WORDS = 6;
    private static final long LOW_48_BITS = 0xffff_ffff_ffffL;
    private static final int IPV4 = 0x0800;
    private static final int IP_AT = 14;
    private static final int IP_LENGTH_AT = 16;
    private static final int IP_CHECKSUM_AT = 24;
    private static final int UDP_AT = 34;
    private static final int IP_HEADER_AND_UDP = 0x45;
    private static final int DO_NOT_FRAGMENT = 0x40;
    private static final int TTL = 64;
    private static final int UDP = 17;
    private static final int FIRST_PORT = 1024;
    private static final int PORTS = 60_000;

    private final FrameForm form;
    private final Proof proof;
    private final int firstFlow;
    private final int count;
    private final long[] words;
    private final long[] headerHashes;
    private final int[] checksumParts;

    /**
     * Flows {@code firstFlow} and up from one guest to another. They use {@code macs} pairs of MAC addresses in turn, and
     * of UDP ports each its own pair.
     */
    FlowTable(FrameForm form, Proof proof, int firstFlow, int count, int macs, int fromStation, int toStation) {
        this.form = form;
        this.proof = proof;
        this.firstFlow = firstFlow;
        this.count = count;
        this.words = new long[HEADER_WORDS * count];
        this.headerHashes = new long[count];
        this.checksumParts = new int[count];
        MemorySegment scratch = Arena.ofAuto().allocate(8 * HEADER_WORDS, 8);
        long header = HostMemory.addressOf(scratch);
        for (int i = 0; i < count; i++) {
            HostMemory.zero(header, scratch.byteSize());
            putMac(header, MacAddresses.of(toStation, i % macs));
            putMac(header + 6, MacAddresses.of(fromStation, i % macs));
            if (form == FrameForm.UDP) {
                putIp(header, fromStation, toStation);
                putNetworkShort(header + UDP_AT, FIRST_PORT + i % PORTS);
                putNetworkShort(header + UDP_AT + 2, FIRST_PORT + i / macs % PORTS);
            } else {
                putNetworkShort(header + 12, FrameFactory.ETHER_TYPE);
            }
            headerHashes[i] = headerHash(form, header);
            checksumParts[i] = ipSum(header);
            for (int word = 0; word < HEADER_WORDS; word++) {
                words[HEADER_WORDS * i + word] = HostMemory.loadLong(header + 8L * word);
            }
        }
    }

    /** Addresses of RFC 2544's own network, 198.18.0.0/15. */
    private static void putIp(long header, int fromStation, int toStation) {
        putNetworkShort(header + 12, IPV4);
        HostMemory.storeByte(header + IP_AT, IP_HEADER_AND_UDP);
        HostMemory.storeByte(header + IP_AT + 6, DO_NOT_FRAGMENT);
        HostMemory.storeByte(header + IP_AT + 8, TTL);
        HostMemory.storeByte(header + IP_AT + 9, UDP);
        putNetworkShort(header + IP_AT + 12, 0xc612);
        putNetworkShort(header + IP_AT + 14, fromStation + 1);
        putNetworkShort(header + IP_AT + 16, 0xc612);
        putNetworkShort(header + IP_AT + 18, toStation + 1);
    }

    static void putMac(long address, long mac) {
        putNetworkShort(address, (int) (mac >>> 32));
        putNetworkShort(address + 2, (int) (mac >>> 16));
        putNetworkShort(address + 4, (int) mac);
    }

    private static void putNetworkShort(long address, int value) {
        HostMemory.storeShortUnaligned(address, swap(value));
    }

    private static int swap(int value) {
        return Short.reverseBytes((short) value) & 0xffff;
    }

    @Override
    public int count() {
        return count;
    }

    @Override
    public void describe(long headerAddress, int byteLength) {
        // nothing is left to the device
    }

    @Override
    public void write(long address, int byteLength, int index, long sequence, long stampNanos) {
        int at = HEADER_WORDS * index;
        if (proof == Proof.NONE && isThere(address, byteLength, at)) {
            return;
        }
        int flow = firstFlow + index;
        long base = base(flow, sequence, byteLength, stampNanos, headerHashes[index]);
        HostMemory.storeLong(address, words[at]);
        HostMemory.storeLong(address + 8, words[at + 1]);
        if (form == FrameForm.UDP) {
            writeIp(address, byteLength, at, checksumParts[index], identification(base));
        }
        HostMemory.storeShortUnaligned(address + form.flowAt(), flow);
        HostMemory.storeLong(address + form.sequenceAt(), sequence);
        HostMemory.storeLong(address + form.stampAt(), stampNanos);
        if (proof != Proof.HEADER) {
            PayloadPattern.write(address + form.payloadAt(), byteLength - form.payloadAt(), base);
        }
    }

    /** Whether a buffer holds a frame of the flow already, from an earlier round. */
    private boolean isThere(long address, int byteLength, int at) {
        return HostMemory.loadLong(address) == words[at]
                && ((HostMemory.loadLong(address + 8) ^ words[at + 1]) & LOW_48_BITS) == 0
                && (form == FrameForm.ETHERNET
                        || HostMemory.loadShortUnaligned(address + IP_LENGTH_AT) == swap(byteLength - IP_AT));
    }

    private void writeIp(long address, int byteLength, int at, int checksumPart, int identification) {
        int totalLength = swap(byteLength - IP_AT);
        long udpLength = swap(byteLength - UDP_AT);
        int sum = fold(checksumPart + totalLength + identification);
        HostMemory.storeLong(address + 16, words[at + 2] | totalLength | (long) identification << 16);
        HostMemory.storeLong(address + IP_CHECKSUM_AT, words[at + 3] | (~sum & 0xffff));
        HostMemory.storeLong(address + 32, words[at + 4] | udpLength << 48);
        HostMemory.storeShortUnaligned(address + 40, 0);
    }

    // What a received frame is judged by.

    /** Whether a frame is of the form at all. */
    static boolean isOfForm(FrameForm form, long address, int byteLength) {
        int type = swap(HostMemory.loadShortUnaligned(address + 12));
        return byteLength >= form.minByteLength() && type == (form == FrameForm.UDP ? IPV4 : FrameFactory.ETHER_TYPE);
    }

    /** Whether a frame is as it was written. */
    static boolean isWhole(FrameForm form, long address, int byteLength, int flow, long sequence, long stampNanos) {
        long base = base(flow, sequence, byteLength, stampNanos, headerHash(form, address));
        boolean headerIsWhole = form == FrameForm.ETHERNET || isIpWhole(address, byteLength, identification(base));
        return headerIsWhole && PayloadPattern.matches(address + form.payloadAt(), byteLength - form.payloadAt(), base);
    }

    private static boolean isIpWhole(long address, int byteLength, int identification) {
        return HostMemory.loadShortUnaligned(address + 16) == swap(byteLength - IP_AT)
                && HostMemory.loadShortUnaligned(address + 18) == identification
                && HostMemory.loadShortUnaligned(address + 38) == swap(byteLength - UDP_AT)
                && fold(ipSum(address)) == 0xffff;
    }

    /** A frame's destination, the first byte in bits 40 to 47. */
    static long destination(long address) {
        return Long.reverseBytes(HostMemory.loadLong(address)) >>> 16;
    }

    private static long base(int flow, long sequence, int byteLength, long stampNanos, long headerHash) {
        return PayloadPattern.base(flow, sequence, byteLength) + stampNanos * 0xd6e8feb86659fd93L + headerHash;
    }

    /** Of the two MAC addresses, which count the same. */
    static long addressHash(long address) {
        long first = HostMemory.loadLong(address);
        long second = HostMemory.loadLong(address + 8);
        long addresses = (first & LOW_48_BITS) + (first >>> 48 | (second & 0xffff_ffffL) << 16);
        return addresses * 0xa0761d6478bd642fL;
    }

    /** Of all that does not change from frame to frame. */
    private static long headerHash(FrameForm form, long address) {
        long hash = addressHash(address);
        if (form == FrameForm.ETHERNET) {
            return hash;
        }
        return hash
                + (HostMemory.loadLong(address + 8) >>> 32) * 0xe7037ed1a0b428dbL
                + (HostMemory.loadLong(address + 16) >>> 32) * 0x8ebc6af09c88c6e3L
                + (HostMemory.loadLong(address + 24) >>> 16) * 0x589965cc75374cc3L
                + (HostMemory.loadLong(address + 32) & LOW_48_BITS) * 0x1d8e4e27c47d124fL
                + HostMemory.loadShortUnaligned(address + 40) * 0xeb44accab455d165L;
    }

    private static int identification(long base) {
        return (int) (base ^ base >>> 16 ^ base >>> 32 ^ base >>> 48) & 0xffff;
    }

    /** The ones' complement sum of the IPv4 header, not folded. */
    private static int ipSum(long address) {
        int sum = 0;
        for (int at = IP_AT; at < UDP_AT; at += 2) {
            sum += HostMemory.loadShortUnaligned(address + at);
        }
        return sum;
    }

    private static int fold(int sum) {
        int once = (sum & 0xffff) + (sum >>> 16);
        return (once & 0xffff) + (once >>> 16);
    }
}
