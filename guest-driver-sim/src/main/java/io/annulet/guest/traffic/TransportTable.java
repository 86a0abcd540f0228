package io.annulet.guest.traffic;

import io.annulet.memory.HostMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** The headers of some flows of {@link TransportFrames}; immutable. */
final class TransportTable implements FrameTable {

    private static final int FIRST_PORT = 1024;
    private static final int PORTS = 60_000;
    private static final int HOPS = 64;
    private static final int TCP_HEADER_WORDS = 5;
    private static final int TCP_ACK_AND_PUSH = 0x18;
    private static final int TCP_CWR = 0x80;
    private static final int IP_CONGESTION_IS_TOLD = 2;

    private final TransportFrames frames;
    private final int firstFlow;
    private final int count;
    private final int headerByteLength;
    private final MemorySegment memory;
    private final long headers;

    /** Flows {@code firstFlow} and up from one guest to another, with addresses and ports as in a {@link FlowTable}. */
    TransportTable(TransportFrames frames, Load load, int firstFlow, int fromStation, int toStation) {
        this.frames = frames;
        this.firstFlow = firstFlow;
        this.count = load.flows();
        this.headerByteLength = frames.form().flowAt();
        this.memory = Arena.ofAuto().allocate((long) headerByteLength * count, 8);
        this.headers = HostMemory.addressOf(memory);
        for (int i = 0; i < count; i++) {
            long header = header(i);
            FlowTable.putMac(header, MacAddresses.of(toStation, i % load.macs()));
            FlowTable.putMac(header + 6, MacAddresses.of(fromStation, i % load.macs()));
            putIp(header + FrameForm.IP_AT, fromStation, toStation);
            putTransport(header + frames.form().transportAt(), i, i / load.macs());
        }
    }

    private long header(int index) {
        return headers + (long) headerByteLength * index;
    }

    /** Addresses of the networks set aside for benchmarks: 198.18.0.0/15 by RFC 2544, 2001:2::/48 by RFC 5180. */
    private void putIp(long ip, int fromStation, int toStation) {
        boolean isIpv6 = frames.form().isIpv6();
        int congestion = frames.offload() == Offload.ECN ? IP_CONGESTION_IS_TOLD : 0;
        TransportFrames.putNetworkShort(ip - 2, isIpv6 ? TransportFrames.IPV6 : TransportFrames.IPV4);
        if (isIpv6) {
            TransportFrames.putNetworkShort(ip, 0x6000);
            HostMemory.storeByte(ip + 6, frames.protocol());
            HostMemory.storeByte(ip + 7, HOPS);
            putIpv6Address(ip + 8, fromStation);
            putIpv6Address(ip + 24, toStation);
        } else {
            TransportFrames.putNetworkShort(ip, 0x4500 | congestion);
            boolean isCutIntoFragments = frames.offload() == Offload.UFO;
            TransportFrames.putNetworkShort(ip + 6, isCutIntoFragments ? 0 : 0x4000); // else "don't fragment"
            HostMemory.storeByte(ip + 8, HOPS);
            HostMemory.storeByte(ip + 9, frames.protocol());
            putIpv4Address(ip + 12, fromStation);
            putIpv4Address(ip + 16, toStation);
        }
    }

    private static void putIpv4Address(long at, int station) {
        TransportFrames.putNetworkShort(at, 0xc612);
        TransportFrames.putNetworkShort(at + 2, station + 1);
    }

    private static void putIpv6Address(long at, int station) {
        TransportFrames.putNetworkShort(at, 0x2001);
        TransportFrames.putNetworkShort(at + 2, 0x0002);
        TransportFrames.putNetworkShort(at + 14, station + 1);
    }

    private void putTransport(long transport, int source, int destination) {
        TransportFrames.putNetworkShort(transport, FIRST_PORT + source % PORTS);
        TransportFrames.putNetworkShort(transport + 2, FIRST_PORT + destination % PORTS);
        if (frames.form().isTcp()) {
            int reduced = frames.offload() == Offload.ECN ? TCP_CWR : 0;
            HostMemory.storeByte(transport + 12, TCP_HEADER_WORDS << 4);
            HostMemory.storeByte(transport + 13, TCP_ACK_AND_PUSH | reduced);
            TransportFrames.putNetworkShort(transport + 14, 0xffff);
        }
    }

    @Override
    public int count() {
        return count;
    }

    @Override
    public void write(long address, int byteLength, int index, long sequence, long stampNanos) {
        if (frames.isThere(address, byteLength, header(index))) {
            return;
        }
        HostMemory.copy(header(index), address, headerByteLength);
        frames.complete(address, byteLength, firstFlow + index, sequence, stampNanos);
    }

    @Override
    public void describe(long headerAddress, int byteLength) {
        frames.describe(headerAddress, byteLength);
    }
}
