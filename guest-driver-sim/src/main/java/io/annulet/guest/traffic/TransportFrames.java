package io.annulet.guest.traffic;

import io.annulet.guest.NetHeaderLayout;
import io.annulet.guest.PayloadPattern;
import io.annulet.memory.HostMemory;

/**
 * Test frames of one form with a TCP or UDP checksum, done or left to the device; immutable. {@link FrameForm} draws them,
 * {@link NetHeaderLayout} their header.
 *
 * <p>The payload follows from everything in front of it but the checksum, which is judged by itself: done, or the sum of
 * the pseudo-header where the header says that it is not.
 */
final class TransportFrames {

    static final int IPV4 = 0x0800;
    static final int IPV6 = 0x86dd;
    static final int TCP = 6;
    static final int UDP = 17;

    private static final int TYPE_AT = 12;
    private static final int TCP_SEQUENCE = 4;
    private static final long HASH = 0xa0761d6478bd642fL;

    private final FrameForm form;
    private final Offload offload;
    private final Proof proof;
    private final int segmentByteLength;
    private final int transportAt;
    private final int checksumAt;

    TransportFrames(Load load) {
        form = load.form();
        offload = load.offloading().kind();
        proof = load.proof();
        segmentByteLength = load.offloading().segmentByteLength();
        transportAt = form.transportAt();
        checksumAt = transportAt + form.checksumOffset();
    }

    /** Whether a load's frames are these: a {@link FlowTable} makes the plain ones, faster. */
    static boolean areMadeFor(Load load) {
        return haveFullChecksum(load.form(), load.offloading())
                || load.offloading().kind() != Offload.NONE;
    }

    /** Whether the sender computes a checksum over all of a frame. */
    static boolean haveFullChecksum(FrameForm form, Offloading offloading) {
        boolean isPlain = form == FrameForm.ETHERNET || form == FrameForm.UDP;
        return !isPlain && offloading.kind() == Offload.NONE;
    }

    FrameForm form() {
        return form;
    }

    Offload offload() {
        return offload;
    }

    int protocol() {
        return form.isTcp() ? TCP : UDP;
    }

    // Writing.

    /** Completes a frame whose header has everything that is the same for all frames of its flow. */
    void complete(long address, int byteLength, int flow, long sequence, long stampNanos) {
        writeLengths(address, byteLength, sequence);
        HostMemory.storeShortUnaligned(address + form.flowAt(), flow);
        HostMemory.storeLong(address + form.sequenceAt(), sequence);
        HostMemory.storeLong(address + form.stampAt(), stampNanos);
        if (proof != Proof.HEADER) {
            long base = base(address, byteLength, flow, sequence, stampNanos);
            PayloadPattern.write(address + form.payloadAt(), byteLength - form.payloadAt(), base);
        }
        long pseudoSum = pseudoSum(address, byteLength);
        if (offload == Offload.NONE) {
            int sum = InternetChecksum.fold(
                    InternetChecksum.add(pseudoSum, address + transportAt, byteLength - transportAt));
            int checksum = ~sum & 0xffff;
            HostMemory.storeShortUnaligned(address + checksumAt, checksum == 0 ? 0xffff : checksum);
        } else {
            HostMemory.storeShortUnaligned(address + checksumAt, InternetChecksum.fold(pseudoSum));
        }
    }

    private void writeLengths(long address, int byteLength, long sequence) {
        int ip = FrameForm.IP_AT;
        if (form.isIpv6()) {
            putNetworkShort(address + ip + 4, byteLength - transportAt);
        } else {
            putNetworkShort(address + ip + 2, byteLength - ip);
            putNetworkShort(address + ip + 4, (int) sequence);
            HostMemory.storeShortUnaligned(address + ip + 10, 0);
            int sum = InternetChecksum.fold(InternetChecksum.add(0, address + ip, transportAt - ip));
            HostMemory.storeShortUnaligned(address + ip + 10, ~sum);
        }
        if (form.isTcp()) {
            putNetworkShort(address + transportAt + TCP_SEQUENCE, (int) sequence);
        } else {
            putNetworkShort(address + transportAt + 4, byteLength - transportAt);
        }
    }

    /** Whether a buffer holds a frame of this length with the header of a flow already, for {@link Proof#NONE}. */
    boolean isThere(long address, int byteLength, long header) {
        int lengthAt = FrameForm.IP_AT + (form.isIpv6() ? 4 : 2);
        int length = byteLength - (form.isIpv6() ? transportAt : FrameForm.IP_AT);
        return proof == Proof.NONE
                && HostMemory.loadLong(address) == HostMemory.loadLong(header)
                && HostMemory.loadLong(address + 8) == HostMemory.loadLong(header + 8)
                && networkShort(address + lengthAt) == length;
    }

    /** Writes what a device has to know of a frame. */
    void describe(long header, int byteLength) {
        if (offload == Offload.NONE) {
            return;
        }
        int type = segmentType(byteLength);
        HostMemory.storeByte(header + NetHeaderLayout.FLAGS, NetHeaderLayout.FLAG_NEEDS_CSUM);
        HostMemory.storeByte(header + NetHeaderLayout.GSO_TYPE, type);
        if (type != NetHeaderLayout.GSO_NONE) {
            HostMemory.storeShortUnaligned(header + NetHeaderLayout.HDR_LEN, form.flowAt());
            HostMemory.storeShortUnaligned(header + NetHeaderLayout.GSO_SIZE, segmentByteLength);
        }
        HostMemory.storeShortUnaligned(header + NetHeaderLayout.CSUM_START, transportAt);
        HostMemory.storeShortUnaligned(header + NetHeaderLayout.CSUM_OFFSET, form.checksumOffset());
    }

    private int segmentType(int byteLength) {
        return byteLength - form.flowAt() > segmentByteLength ? offload.segmentType() : NetHeaderLayout.GSO_NONE;
    }

    // Judging.

    /** Whether a frame is of the form at all. */
    boolean isOfForm(long address, int byteLength) {
        if (byteLength < form.minByteLength()) {
            return false;
        }
        int type = networkShort(address + TYPE_AT);
        int version = HostMemory.loadByte(address + FrameForm.IP_AT);
        int protocol = HostMemory.loadByte(address + FrameForm.IP_AT + (form.isIpv6() ? 6 : 9));
        return type == (form.isIpv6() ? IPV6 : IPV4)
                && (form.isIpv6() ? version >> 4 == 6 : version == 0x45)
                && protocol == protocol();
    }

    /** Whether a frame is as it was written, its checksum done or, if the header says so, left undone. */
    boolean isWhole(long header, long address, int byteLength, int flow, long sequence, long stampNanos) {
        long base = base(address, byteLength, flow, sequence, stampNanos);
        return hasGoodChecksum(header, address, byteLength)
                && PayloadPattern.matches(address + form.payloadAt(), byteLength - form.payloadAt(), base);
    }

    private boolean hasGoodChecksum(long header, long address, int byteLength) {
        long pseudoSum = pseudoSum(address, byteLength);
        int field = HostMemory.loadShortUnaligned(address + checksumAt);
        if (needsChecksum(header)) {
            return field == InternetChecksum.fold(pseudoSum);
        }
        long sum = InternetChecksum.add(pseudoSum, address + transportAt, byteLength - transportAt);
        return field != 0 && InternetChecksum.fold(sum) == 0xffff;
    }

    /** Whether the header says what the sender's said; a checksum may have been done on the way. */
    boolean isDescribed(long header, int byteLength) {
        int type = HostMemory.loadByte(header + NetHeaderLayout.GSO_TYPE);
        if (needsChecksum(header)
                && (HostMemory.loadShortUnaligned(header + NetHeaderLayout.CSUM_START) != transportAt
                        || HostMemory.loadShortUnaligned(header + NetHeaderLayout.CSUM_OFFSET)
                                != form.checksumOffset())) {
            return false;
        }
        return type == segmentType(byteLength)
                && (type == NetHeaderLayout.GSO_NONE
                        || HostMemory.loadShortUnaligned(header + NetHeaderLayout.GSO_SIZE) == segmentByteLength);
    }

    private static boolean needsChecksum(long header) {
        return (HostMemory.loadByte(header) & NetHeaderLayout.FLAG_NEEDS_CSUM) != 0;
    }

    // What both have in common.

    private long base(long address, int byteLength, int flow, long sequence, long stampNanos) {
        return PayloadPattern.base(flow, sequence, byteLength)
                + stampNanos * 0xd6e8feb86659fd93L
                + FlowTable.addressHash(address)
                + headerHash(address);
    }

    /** Of all from the EtherType to the end of the TCP or UDP header but its checksum. */
    private long headerHash(long address) {
        long hash = 0;
        for (int at = TYPE_AT; at < form.flowAt(); at += 2) {
            int word = at == checksumAt ? 0 : HostMemory.loadShortUnaligned(address + at);
            hash = (hash + word) * HASH;
        }
        return hash;
    }

    /** Of both IP addresses, the protocol and the length behind the IP header. */
    private long pseudoSum(long address, int byteLength) {
        int addresses = FrameForm.IP_AT + (form.isIpv6() ? 8 : 12);
        long protocolAndLength = swap(protocol()) + (long) swap(byteLength - transportAt);
        return InternetChecksum.add(protocolAndLength, address + addresses, transportAt - addresses);
    }

    static void putNetworkShort(long address, int value) {
        HostMemory.storeShortUnaligned(address, swap(value));
    }

    private static int networkShort(long address) {
        return swap(HostMemory.loadShortUnaligned(address));
    }

    private static int swap(int value) {
        return Short.reverseBytes((short) value) & 0xffff;
    }
}
