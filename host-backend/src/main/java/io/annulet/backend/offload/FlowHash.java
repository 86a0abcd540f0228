package io.annulet.backend.offload;

/**
 * Computes the hash of frames' flows, and keeps that of the last; owned by one worker. VIRTIO 1.4, "Network Device, Hash
 * calculation for incoming packets".
 */
public final class FlowHash {

    /** The kinds of flow that a driver may choose from: bits of hash_types. */
    public static final int IPV4 = 1;

    public static final int TCPV4 = 1 << 1;
    public static final int UDPV4 = 1 << 2;
    public static final int IPV6 = 1 << 3;
    public static final int TCPV6 = 1 << 4;
    public static final int UDPV6 = 1 << 5;
    public static final int TYPES = IPV4 | TCPV4 | UDPV4 | IPV6 | TCPV6 | UDPV6;

    /** No hash: the frame is of none of the kinds that were chosen. */
    public static final int REPORT_NONE = 0;

    private static final int IPV4_ADDRESSES = 12;
    private static final int IPV4_ADDRESSES_BYTES = 8;
    private static final int IPV6_ADDRESSES = 8;
    private static final int IPV6_ADDRESSES_BYTES = 32;
    private static final int PORTS_BYTES = 4;

    private final int types;
    private final Toeplitz toeplitz;
    private final FrameHeaders headers = new FrameHeaders();
    private int value;
    private int report;

    /**
     * For the chosen kinds of flow.
     *
     * @param types a mask of {@link #TYPES}
     */
    public FlowHash(int types, Toeplitz toeplitz) {
        this.types = types;
        this.toeplitz = toeplitz;
    }

    /**
     * Looks at a frame; ports count where the driver chose so, else the addresses.
     *
     * @param frame address of a private copy of all its headers
     * @param copyBytes how many bytes of it are there
     */
    public void compute(long frame, int copyBytes) {
        value = 0;
        report = REPORT_NONE;
        if (!headers.parse(frame, copyBytes)) {
            return;
        }
        boolean v4 = headers.isIpv4();
        int withPorts = headers.isFragment() ? 0 : types & kindWithPorts(v4);
        int chosen = withPorts != 0 ? withPorts : types & (v4 ? IPV4 : IPV6);
        if (chosen == 0) {
            return;
        }
        report = Integer.numberOfTrailingZeros(chosen) + 1;
        int byteLength = v4 ? IPV4_ADDRESSES_BYTES : IPV6_ADDRESSES_BYTES;
        value = toeplitz.hash(frame + headers.l3Offset() + (v4 ? IPV4_ADDRESSES : IPV6_ADDRESSES), byteLength, 0);
        if (withPorts != 0) {
            value ^= toeplitz.hash(frame + headers.l4Offset(), PORTS_BYTES, byteLength);
        }
    }

    private int kindWithPorts(boolean v4) {
        return switch (headers.protocol()) {
            case FrameHeaders.TCP -> v4 ? TCPV4 : TCPV6;
            case FrameHeaders.UDP -> v4 ? UDPV4 : UDPV6;
            default -> 0;
        };
    }

    /** The hash of the last frame, 0 if it has none. */
    public int value() {
        return value;
    }

    /** What it is of, as headers report it: {@link #REPORT_NONE}, or one more than the number of the kind's bit. */
    public int report() {
        return report;
    }
}
