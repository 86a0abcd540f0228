package io.annulet.backend.control;

import java.util.List;

/**
 * What a port's front-end has negotiated and set up, as of the last message; immutable.
 *
 * @param attached whether a front-end is connected
 * @param peerProcessId the process that connected, by the kernel's word; 0 if none
 * @param offeredFeatures what GET_FEATURES answers
 * @param acknowledgedFeatures what SET_FEATURES brought
 * @param offeredProtocolFeatures what GET_PROTOCOL_FEATURES answers
 * @param acknowledgedProtocolFeatures what SET_PROTOCOL_FEATURES brought
 * @param mtu what NET_SET_MTU brought, 0 if nothing
 */
public record SessionStatus(
        boolean attached,
        int peerProcessId,
        long offeredFeatures,
        long acknowledgedFeatures,
        long offeredProtocolFeatures,
        long acknowledgedProtocolFeatures,
        int deviceStatus,
        int mtu,
        List<Ring> rings,
        List<SharedRegion> regions) {

    /**
     * One ring.
     *
     * @param enabled whether it is enabled, or will be once it starts
     * @param broken whether its driver broke it since it was started
     * @param size descriptors, 0 if not set
     * @param base where the ring was started, or stopped last
     */
    public record Ring(int index, RingState state, boolean enabled, boolean broken, int size, int base) {}

    /**
     * One region of the memory table.
     *
     * @param sealed whether its file cannot become shorter
     */
    public record SharedRegion(long guestAddress, long userAddress, long byteLength, boolean sealed) {}

    /** Nobody is connected. */
    static SessionStatus detached(VhostUserOptions options) {
        return new SessionStatus(
                false, 0, Offer.features(options), 0, Offer.protocolFeatures(options), 0, 0, 0, List.of(), List.of());
    }

    static SessionStatus of(Device device, int peerProcessId) {
        Negotiation negotiation = device.negotiation;
        return new SessionStatus(
                true,
                peerProcessId,
                negotiation.offeredFeatures(),
                negotiation.features(),
                negotiation.offeredProtocolFeatures(),
                negotiation.protocolFeatures(),
                device.status,
                device.mtu,
                device.vrings().stream().map(SessionStatus::ring).toList(),
                device.memory().regions().stream().map(SessionStatus::region).toList());
    }

    private static Ring ring(VringConfig vring) {
        return new Ring(vring.index(), vring.state(), vring.isEnableWished(), vring.isBroken(), vring.size, vring.base);
    }

    private static SharedRegion region(MappedRegion mapped) {
        return new SharedRegion(
                mapped.region().guestAddress(),
                mapped.region().userAddress(),
                mapped.region().byteLength(),
                mapped.isSealed());
    }

    /** Whether frames can be delivered: the first receive queue is started and enabled. */
    boolean receives() {
        return !rings.isEmpty() && rings.getFirst().state() == RingState.STARTED_ENABLED;
    }

    /** Whether every region is sealed against shrinking. */
    public boolean isSealed() {
        return regions.stream().allMatch(SharedRegion::sealed);
    }
}
