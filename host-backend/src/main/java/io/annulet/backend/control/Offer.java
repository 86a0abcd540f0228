package io.annulet.backend.control;

import static io.annulet.vhostuser.ProtocolFeature.BACKEND_REQ;
import static io.annulet.vhostuser.ProtocolFeature.CONFIGURE_MEM_SLOTS;
import static io.annulet.vhostuser.ProtocolFeature.MQ;
import static io.annulet.vhostuser.ProtocolFeature.NET_MTU;
import static io.annulet.vhostuser.ProtocolFeature.RARP;
import static io.annulet.vhostuser.ProtocolFeature.REPLY_ACK;
import static io.annulet.vhostuser.ProtocolFeature.RESET_DEVICE;
import static io.annulet.vhostuser.ProtocolFeature.STATUS;

import io.annulet.vhostuser.ProtocolFeature;
import io.annulet.vhostuser.VirtioFeature;

/** Which features a port offers: what is implemented, nothing else; stateless. */
final class Offer {

    /** IN_ORDER too: chains are always given back in the order they were made available. */
    private static final long RING = VirtioFeature.VERSION_1
            | VirtioFeature.INDIRECT_DESC
            | VirtioFeature.EVENT_IDX
            | VirtioFeature.RING_PACKED
            | VirtioFeature.IN_ORDER;

    /** The data path gathers headers over any descriptors, as ANY_LAYOUT allows legacy drivers to spread them. */
    private static final long LEGACY = VirtioFeature.ANY_LAYOUT;

    private static final long NET = VirtioFeature.NET_MRG_RXBUF | VirtioFeature.NET_GUEST_ANNOUNCE;

    /** What a guest may leave to us, and what it may take unfinished. What one guest gives and another does not take is
     * finished in between. */
    private static final long OFFLOADS = VirtioFeature.NET_CSUM
            | VirtioFeature.NET_HOST_TSO4
            | VirtioFeature.NET_HOST_TSO6
            | VirtioFeature.NET_HOST_ECN
            | VirtioFeature.NET_HOST_UFO
            | VirtioFeature.NET_HOST_USO
            | VirtioFeature.NET_GUEST_CSUM
            | VirtioFeature.NET_GUEST_TSO4
            | VirtioFeature.NET_GUEST_TSO6
            | VirtioFeature.NET_GUEST_ECN
            | VirtioFeature.NET_GUEST_UFO
            | VirtioFeature.NET_GUEST_USO4
            | VirtioFeature.NET_GUEST_USO6;

    private Offer() {}

    static long features(VhostUserOptions options) {
        long features = RING | LEGACY | NET | OFFLOADS | VirtioFeature.PROTOCOL_FEATURES;
        if (options.queuePairs() > 1) {
            features |= VirtioFeature.NET_MQ;
        }
        if (options.mtu() != 0) {
            features |= VirtioFeature.NET_MTU;
        }
        return features;
    }

    static long protocolFeatures() {
        return ProtocolFeature.maskOf(
                MQ, REPLY_ACK, NET_MTU, BACKEND_REQ, RARP, RESET_DEVICE, CONFIGURE_MEM_SLOTS, STATUS);
    }
}
