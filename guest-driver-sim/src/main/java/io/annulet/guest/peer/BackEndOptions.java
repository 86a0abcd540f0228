package io.annulet.guest.peer;

import io.annulet.vhostuser.VirtioFeature;

/**
 * What a {@link ReferenceBackEnd} offers and what it does wrong.
 *
 * @param features offered
 * @param queuePairs offered
 * @param every the n of the fault: its period or its beginning, 1 or more
 */
public record BackEndOptions(long features, int queuePairs, Fault fault, int every) {

    /** All that a sender may leave to the device; this one hands it on as it is. */
    public static final long OFFLOADS = VirtioFeature.NET_CSUM
            | VirtioFeature.NET_GUEST_CSUM
            | VirtioFeature.NET_HOST_TSO4
            | VirtioFeature.NET_GUEST_TSO4
            | VirtioFeature.NET_HOST_TSO6
            | VirtioFeature.NET_GUEST_TSO6
            | VirtioFeature.NET_HOST_ECN
            | VirtioFeature.NET_GUEST_ECN
            | VirtioFeature.NET_HOST_UFO
            | VirtioFeature.NET_GUEST_UFO
            | VirtioFeature.NET_HOST_USO
            | VirtioFeature.NET_GUEST_USO4
            | VirtioFeature.NET_GUEST_USO6;

    /** All ring features, mergeable buffers and several queue pairs, and nothing wrong. */
    public static final BackEndOptions DEFAULTS = new BackEndOptions(
            VirtioFeature.VERSION_1
                    | VirtioFeature.NET_MRG_RXBUF
                    | VirtioFeature.NET_MQ
                    | VirtioFeature.INDIRECT_DESC
                    | VirtioFeature.EVENT_IDX
                    | VirtioFeature.RING_PACKED
                    | VirtioFeature.IN_ORDER
                    | VirtioFeature.PROTOCOL_FEATURES,
            8,
            Fault.NONE,
            1);

    public BackEndOptions {
        if (every < 1) {
            throw new IllegalArgumentException("a fault every " + every);
        }
    }

    public BackEndOptions withFeatures(long other) {
        return new BackEndOptions(other, queuePairs, fault, every);
    }

    public BackEndOptions with(long more) {
        return withFeatures(features | more);
    }

    public BackEndOptions without(long some) {
        return withFeatures(features & ~some);
    }

    public BackEndOptions withFault(Fault other, int n) {
        return new BackEndOptions(features, queuePairs, other, n);
    }
}
