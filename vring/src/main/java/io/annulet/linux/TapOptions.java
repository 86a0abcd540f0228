package io.annulet.linux;

/**
 * How to open a tap.
 *
 * @param presence whether the interface is there already
 * @param headerByteLength length of the virtio-net header before each frame, at least 10; 0 for bare frames
 * @param multiQueue whether further queues may be opened; an existing tap must have been made the same way
 * @param nonBlocking whether reads and writes return -EAGAIN where they would wait
 * @param offloads which frames the kernel may hand over unfinished, of the {@code OFFLOAD_} bits; 0 without a header
 */
public record TapOptions(
        Presence presence, int headerByteLength, boolean multiQueue, boolean nonBlocking, int offloads) {
    /** Checksums may be missing (TUN_F_CSUM); the other offloads need it. */
    public static final int OFFLOAD_CHECKSUM = 0x01;
    /** Large TCP frames over IPv4, to be segmented (TUN_F_TSO4). */
    public static final int OFFLOAD_TSO4 = 0x02;
    /** Large TCP frames over IPv6 (TUN_F_TSO6). */
    public static final int OFFLOAD_TSO6 = 0x04;
    /** Large TCP frames with congestion marks (TUN_F_TSO_ECN). */
    public static final int OFFLOAD_TSO_ECN = 0x08;
    /** UDP datagrams to be fragmented (TUN_F_UFO): known, but kernels since 4.14 never hand one over. */
    public static final int OFFLOAD_UFO = 0x10;
    /** Large UDP frames over IPv4, to be segmented (TUN_F_USO4); Linux 6.2 and later. */
    public static final int OFFLOAD_USO4 = 0x20;
    /** Large UDP frames over IPv6 (TUN_F_USO6); Linux 6.2 and later. */
    public static final int OFFLOAD_USO6 = 0x40;

    private static final int MIN_HEADER_BYTE_LENGTH = 10;

    /** Whether the interface exists before it is opened. One that is created here goes with its last descriptor. */
    public enum Presence {
        CREATE,
        ATTACH,
        ATTACH_OR_CREATE
    }

    public TapOptions {
        if (headerByteLength != 0 && headerByteLength < MIN_HEADER_BYTE_LENGTH) {
            throw new IllegalArgumentException("virtio-net header of " + headerByteLength + " bytes");
        }
        if (headerByteLength == 0 && offloads != 0) {
            throw new IllegalArgumentException("offloads need a virtio-net header");
        }
    }

    /** A single queue that does not block, with a virtio-net header of {@code headerByteLength} bytes, no offloads. */
    public static TapOptions withHeader(int headerByteLength) {
        return new TapOptions(Presence.ATTACH_OR_CREATE, headerByteLength, false, true, 0);
    }

    public TapOptions presence(Presence newPresence) {
        return new TapOptions(newPresence, headerByteLength, multiQueue, nonBlocking, offloads);
    }

    public TapOptions multiQueue(boolean newMultiQueue) {
        return new TapOptions(presence, headerByteLength, newMultiQueue, nonBlocking, offloads);
    }

    public TapOptions nonBlocking(boolean newNonBlocking) {
        return new TapOptions(presence, headerByteLength, multiQueue, newNonBlocking, offloads);
    }

    public TapOptions offloads(int newOffloads) {
        return new TapOptions(presence, headerByteLength, multiQueue, nonBlocking, newOffloads);
    }

    boolean hasHeader() {
        return headerByteLength != 0;
    }
}
