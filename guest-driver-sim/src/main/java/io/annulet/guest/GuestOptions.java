package io.annulet.guest;

import io.annulet.vhostuser.ProtocolFeature;
import io.annulet.vhostuser.VirtioFeature;
import org.jspecify.annotations.Nullable;

/**
 * What kind of guest is simulated.
 *
 * @param features those it acknowledges if offered
 * @param protocolFeatures those its front-end acknowledges if offered
 * @param queuePairs how many it sets up
 * @param queues how each queue is made
 * @param ram its memory; null for one region that is large enough
 * @param memorySlots whether memory is told region by region (ADD_MEM_REG) if that was agreed on, or as one table
 * @param timeoutNanos how long connecting and each answer may take
 */
public record GuestOptions(
        long features,
        long protocolFeatures,
        int queuePairs,
        QueueOptions queues,
        @Nullable RamOptions ram,
        boolean memorySlots,
        long timeoutNanos) {

    /** What a Linux guest under QEMU acknowledges, offloads apart. */
    public static final long LINUX_FEATURES = VirtioFeature.VERSION_1
            | VirtioFeature.NET_MRG_RXBUF
            | VirtioFeature.INDIRECT_DESC
            | VirtioFeature.EVENT_IDX
            | VirtioFeature.NET_MTU
            | VirtioFeature.NET_MQ
            | VirtioFeature.PROTOCOL_FEATURES;

    /** What a Linux guest acknowledges beside them where the control queue is the back-end's. */
    public static final long CONTROL_FEATURES = VirtioFeature.NET_MAC
            | VirtioFeature.NET_STATUS
            | VirtioFeature.NET_CTRL_VQ
            | VirtioFeature.NET_CTRL_RX
            | VirtioFeature.NET_CTRL_RX_EXTRA
            | VirtioFeature.NET_CTRL_VLAN
            | VirtioFeature.NET_CTRL_MAC_ADDR
            | VirtioFeature.NET_GUEST_ANNOUNCE
            | VirtioFeature.NET_CTRL_GUEST_OFFLOADS
            | VirtioFeature.NET_SPEED_DUPLEX;

    /** And what there is to say about queues by it, which changes the header before each frame. */
    public static final long QUEUE_FEATURES = VirtioFeature.NET_RSS
            | VirtioFeature.NET_HASH_REPORT
            | VirtioFeature.NET_NOTF_COAL
            | VirtioFeature.NET_VQ_NOTF_COAL
            | VirtioFeature.NET_DEVICE_STATS;

    public static final long QEMU_PROTOCOL_FEATURES = ProtocolFeature.maskOf(
            ProtocolFeature.MQ,
            ProtocolFeature.RARP,
            ProtocolFeature.REPLY_ACK,
            ProtocolFeature.NET_MTU,
            ProtocolFeature.BACKEND_REQ,
            ProtocolFeature.RESET_DEVICE,
            ProtocolFeature.CONFIGURE_MEM_SLOTS,
            ProtocolFeature.STATUS);

    public static final GuestOptions DEFAULTS = new GuestOptions(
            LINUX_FEATURES,
            QEMU_PROTOCOL_FEATURES,
            1,
            QueueOptions.DEFAULTS,
            null,
            true,
            VhostUserFrontEnd.DEFAULT_TIMEOUT_NANOS);

    public GuestOptions {
        if (queuePairs < 1 || queuePairs > 128) {
            throw new IllegalArgumentException(queuePairs + " queue pairs");
        }
    }

    public GuestOptions withFeatures(long other) {
        return new GuestOptions(other, protocolFeatures, queuePairs, queues, ram, memorySlots, timeoutNanos);
    }

    /** A front-end that hands the control queue and the configuration space over. */
    public GuestOptions withControlQueue() {
        return withFeatures(features | CONTROL_FEATURES)
                .withProtocolFeatures(protocolFeatures | ProtocolFeature.CONFIG.mask());
    }

    boolean mayHaveControlQueue() {
        return (features & VirtioFeature.NET_CTRL_VQ) != 0;
    }

    public GuestOptions without(long some) {
        return withFeatures(features & ~some);
    }

    public GuestOptions withProtocolFeatures(long other) {
        return new GuestOptions(features, other, queuePairs, queues, ram, memorySlots, timeoutNanos);
    }

    public GuestOptions withQueuePairs(int count) {
        return new GuestOptions(features, protocolFeatures, count, queues, ram, memorySlots, timeoutNanos);
    }

    public GuestOptions withQueues(QueueOptions other) {
        return new GuestOptions(features, protocolFeatures, queuePairs, other, ram, memorySlots, timeoutNanos);
    }

    public GuestOptions withRam(RamOptions other) {
        return new GuestOptions(features, protocolFeatures, queuePairs, queues, other, memorySlots, timeoutNanos);
    }

    public GuestOptions withMemoryTable() {
        return new GuestOptions(features, protocolFeatures, queuePairs, queues, ram, false, timeoutNanos);
    }

    public GuestOptions withTimeoutNanos(long nanos) {
        return new GuestOptions(features, protocolFeatures, queuePairs, queues, ram, memorySlots, nanos);
    }

    /** The same with all pages of the memory brought in at once, so that no frame waits for one. */
    public GuestOptions withPopulatedRam() {
        return withRam(ramOrEnough().withPopulate());
    }

    RamOptions ramOrEnough() {
        long control = mayHaveControlQueue() ? DriverControlQueue.RAM_BYTES : 0;
        return ram != null ? ram : RamOptions.of(NetDriver.ramByteLength(queues, queuePairs, control));
    }
}
