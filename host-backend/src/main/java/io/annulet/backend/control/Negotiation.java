package io.annulet.backend.control;

import io.annulet.vhostuser.ProtocolFeature;
import io.annulet.vhostuser.VirtioFeature;

/** What both sides of a session have agreed on; owned by the control thread. */
final class Negotiation {

    private final long offeredFeatures;
    private final long offeredProtocolFeatures;
    private boolean featuresSet;
    private long features;
    private long protocolFeatures;

    Negotiation(long offeredFeatures, long offeredProtocolFeatures) {
        this.offeredFeatures = offeredFeatures;
        this.offeredProtocolFeatures = offeredProtocolFeatures;
    }

    long offeredFeatures() {
        return offeredFeatures;
    }

    long offeredProtocolFeatures() {
        return offeredProtocolFeatures;
    }

    /** The acknowledged features; 0 until SET_FEATURES. */
    long features() {
        return features;
    }

    /** Whether SET_FEATURES came. */
    boolean isSet() {
        return featuresSet;
    }

    void acknowledge(long acknowledged) {
        features = acknowledged;
        featuresSet = true;
    }

    long protocolFeatures() {
        return protocolFeatures;
    }

    void acknowledgeProtocol(long acknowledged) {
        protocolFeatures = acknowledged;
    }

    boolean has(ProtocolFeature feature) {
        return feature.in(protocolFeatures);
    }

    /**
     * Whether the front-end enables rings one by one. QEMU does so even before it has acknowledged any feature, so only
     * one that has acknowledged features without this one may not.
     */
    boolean ringsStartDisabled() {
        return !featuresSet || (features & VirtioFeature.PROTOCOL_FEATURES) != 0;
    }
}
