package io.annulet.backend.control;

import static io.annulet.vhostuser.ProtocolFeature.BACKEND_REQ;
import static io.annulet.vhostuser.ProtocolFeature.CONFIG;
import static io.annulet.vhostuser.ProtocolFeature.CONFIGURE_MEM_SLOTS;
import static io.annulet.vhostuser.ProtocolFeature.DEVICE_STATE;
import static io.annulet.vhostuser.ProtocolFeature.INFLIGHT_SHMFD;
import static io.annulet.vhostuser.ProtocolFeature.LOG_SHMFD;
import static io.annulet.vhostuser.ProtocolFeature.MQ;
import static io.annulet.vhostuser.ProtocolFeature.NET_MTU;
import static io.annulet.vhostuser.ProtocolFeature.PAGEFAULT;
import static io.annulet.vhostuser.ProtocolFeature.RARP;
import static io.annulet.vhostuser.ProtocolFeature.REPLY_ACK;
import static io.annulet.vhostuser.ProtocolFeature.RESET_DEVICE;
import static io.annulet.vhostuser.ProtocolFeature.STATUS;

import io.annulet.vhostuser.ProtocolFeature;
import io.annulet.vhostuser.VirtioFeature;

/** Which features a port offers: what is implemented, nothing else; stateless. */
final class Offer {

    /**
     * IN_ORDER too: chains are always given back in the order they were made available. ORDER_PLATFORM only makes drivers
     * use stronger barriers than they need toward a processor of the same machine, which is what works the rings here.
     */
    private static final long RING = VirtioFeature.VERSION_1
            | VirtioFeature.INDIRECT_DESC
            | VirtioFeature.EVENT_IDX
            | VirtioFeature.RING_PACKED
            | VirtioFeature.IN_ORDER
            | VirtioFeature.ORDER_PLATFORM;

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

    /**
     * What a driver says by a control queue of ours, or reads in a configuration space of ours. RING_RESET too: QEMU passes
     * it on, but tells a back-end behind vhost-user nothing when its driver resets a queue, and so leaves the two with
     * different rings.
     */
    private static final long CONTROLLED = VirtioFeature.RING_RESET
            | VirtioFeature.NET_STATUS
            | VirtioFeature.NET_CTRL_VQ
            | VirtioFeature.NET_CTRL_RX
            | VirtioFeature.NET_CTRL_RX_EXTRA
            | VirtioFeature.NET_CTRL_VLAN
            | VirtioFeature.NET_CTRL_MAC_ADDR
            | VirtioFeature.NET_CTRL_GUEST_OFFLOADS
            | VirtioFeature.NET_HASH_REPORT
            | VirtioFeature.NET_NOTF_COAL
            | VirtioFeature.NET_VQ_NOTF_COAL
            | VirtioFeature.NET_DEVICE_STATS;

    private Offer() {}

    static long features(VhostUserOptions options) {
        long features = RING | LEGACY | NET | OFFLOADS | VirtioFeature.LOG_ALL | VirtioFeature.PROTOCOL_FEATURES;
        if (options.queuePairs() > 1) {
            features |= VirtioFeature.NET_MQ;
        }
        if (options.mtu() != 0) {
            features |= VirtioFeature.NET_MTU;
        }
        if (options.iommu()) {
            features |= VirtioFeature.ACCESS_PLATFORM;
        }
        return options.isGeneric() ? features | controlled(options) : features;
    }

    /** What is offered only where the control queue is handed over. */
    static long controlled() {
        return CONTROLLED;
    }

    private static long controlled(VhostUserOptions options) {
        DeviceConfig config = options.config();
        return CONTROLLED
                | (options.queuePairs() > 1 ? VirtioFeature.NET_RSS : 0)
                | (config.mac() != 0 ? VirtioFeature.NET_MAC : 0)
                | (config.speedMegabits() >= 0 ? VirtioFeature.NET_SPEED_DUPLEX : 0);
    }

    /**
     * CONFIG only to those who do not have a configuration space of their own: QEMU warns of it. DEVICE_STATE likewise: what
     * there is to save is what a driver said by a control queue of ours.
     */
    static long protocolFeatures(VhostUserOptions options) {
        long features = ProtocolFeature.maskOf(
                MQ, LOG_SHMFD, REPLY_ACK, NET_MTU, BACKEND_REQ, RARP, RESET_DEVICE, CONFIGURE_MEM_SLOTS, STATUS);
        features |= options.isMemoryPartial() ? 0 : INFLIGHT_SHMFD.mask(); // such rings are not noted
        if (options.postcopy()) {
            features |= PAGEFAULT.mask();
        }
        return options.isGeneric() ? features | ProtocolFeature.maskOf(CONFIG, DEVICE_STATE) : features;
    }
}
