package io.annulet.hostile;

import io.annulet.guest.GuestOptions;
import io.annulet.guest.RamOptions;
import io.annulet.vhostuser.ProtocolFeature;
import io.annulet.vhostuser.VirtioFeature;

/**
 * What a villain pretends to be.
 *
 * @param features those it acknowledges if offered
 * @param ringSize descriptors of each ring
 * @param baseIndex where the indexes of split rings begin
 */
record VillainOptions(
        long features, long protocolFeatures, int ringSize, int baseIndex, int queuePairs, RamOptions ram) {

    private static final long PLAIN = VirtioFeature.VERSION_1
            | VirtioFeature.NET_MRG_RXBUF
            | VirtioFeature.INDIRECT_DESC
            | VirtioFeature.PROTOCOL_FEATURES;

    /** Without event indexes, so that every publication is called for. */
    static final VillainOptions SPLIT =
            new VillainOptions(PLAIN, GuestOptions.QEMU_PROTOCOL_FEATURES, 16, 0, 1, RamOptions.of(1 << 20));

    static final VillainOptions PACKED = SPLIT.with(VirtioFeature.RING_PACKED);

    VillainOptions with(long more) {
        return new VillainOptions(features | more, protocolFeatures, ringSize, baseIndex, queuePairs, ram);
    }

    VillainOptions without(long some) {
        return new VillainOptions(features & ~some, protocolFeatures, ringSize, baseIndex, queuePairs, ram);
    }

    VillainOptions withProtocol(ProtocolFeature more) {
        return new VillainOptions(features, protocolFeatures | more.mask(), ringSize, baseIndex, queuePairs, ram);
    }

    VillainOptions withRingSize(int size) {
        return new VillainOptions(features, protocolFeatures, size, baseIndex, queuePairs, ram);
    }

    VillainOptions withBaseIndex(int index) {
        return new VillainOptions(features, protocolFeatures, ringSize, index, queuePairs, ram);
    }

    VillainOptions withQueuePairs(int pairs) {
        return new VillainOptions(features, protocolFeatures, ringSize, baseIndex, pairs, ram);
    }

    VillainOptions withRam(RamOptions other) {
        return new VillainOptions(features, protocolFeatures, ringSize, baseIndex, queuePairs, other);
    }

    /** With a control queue behind the others: of a {@link Trial#commander}. */
    VillainOptions withControlQueue() {
        return with(VirtioFeature.NET_CTRL_VQ | VirtioFeature.NET_CTRL_RX);
    }

    boolean isPacked() {
        return (features & VirtioFeature.RING_PACKED) != 0;
    }

    @Override
    public String toString() {
        return (isPacked() ? "packed" : "split") + String.format(", features 0x%x", features);
    }
}
