package io.annulet.guest.conform;

import io.annulet.guest.RamOptions;
import io.annulet.vhostuser.ProtocolFeature;
import io.annulet.vhostuser.VirtioFeature;

/**
 * How a guest is set up for a rule.
 *
 * @param features those it acknowledges if offered
 * @param protocolFeatures those its front-end acknowledges if offered
 * @param ringSize descriptors of each ring
 * @param baseIndex where a split ring's indexes stand at first
 * @param queuePairs how many it sets up
 * @param ram its memory
 * @param receiveBufferByteLength bytes of each receive buffer that {@link ProbeGuest#bringUp} posts
 * @param receiveBuffers how many of them; 0 leaves them to the rule
 */
record Setup(
        long features,
        long protocolFeatures,
        int ringSize,
        int baseIndex,
        int queuePairs,
        RamOptions ram,
        int receiveBufferByteLength,
        int receiveBuffers) {

    static final int USUAL_RING_SIZE = 256;
    static final long USUAL_RAM_BYTES = 4L << 20;
    static final long PAGE_BYTES = 4096;

    /** What nearly every front-end does: no offloads, one pair, one region of memory, a memory table. */
    static final Setup USUAL = new Setup(
            VirtioFeature.VERSION_1 | VirtioFeature.NET_MRG_RXBUF | VirtioFeature.PROTOCOL_FEATURES,
            ProtocolFeature.maskOf(ProtocolFeature.MQ, ProtocolFeature.REPLY_ACK),
            USUAL_RING_SIZE,
            0,
            1,
            RamOptions.of(USUAL_RAM_BYTES),
            2048,
            128);

    Setup with(long moreFeatures) {
        return withFeatures(features | moreFeatures);
    }

    Setup without(long someFeatures) {
        return withFeatures(features & ~someFeatures);
    }

    private Setup withFeatures(long other) {
        return new Setup(
                other, protocolFeatures, ringSize, baseIndex, queuePairs, ram, receiveBufferByteLength, receiveBuffers);
    }

    Setup with(ProtocolFeature... more) {
        return withProtocolFeatures(protocolFeatures | ProtocolFeature.maskOf(more));
    }

    Setup withProtocolFeatures(long other) {
        return new Setup(
                features, other, ringSize, baseIndex, queuePairs, ram, receiveBufferByteLength, receiveBuffers);
    }

    Setup withRingSize(int size) {
        return new Setup(
                features,
                protocolFeatures,
                size,
                baseIndex,
                queuePairs,
                ram,
                receiveBufferByteLength,
                Math.min(receiveBuffers, size));
    }

    Setup withBaseIndex(int index) {
        return new Setup(
                features, protocolFeatures, ringSize, index, queuePairs, ram, receiveBufferByteLength, receiveBuffers);
    }

    Setup withQueuePairs(int count) {
        return new Setup(
                features, protocolFeatures, ringSize, baseIndex, count, ram, receiveBufferByteLength, receiveBuffers);
    }

    Setup withRam(RamOptions other) {
        return new Setup(
                features,
                protocolFeatures,
                ringSize,
                baseIndex,
                queuePairs,
                other,
                receiveBufferByteLength,
                receiveBuffers);
    }

    Setup withReceiveBuffers(int count, int byteLength) {
        return new Setup(features, protocolFeatures, ringSize, baseIndex, queuePairs, ram, byteLength, count);
    }

    /** The rule posts its own receive buffers. */
    Setup withoutReceiveBuffers() {
        return withReceiveBuffers(0, receiveBufferByteLength);
    }
}
