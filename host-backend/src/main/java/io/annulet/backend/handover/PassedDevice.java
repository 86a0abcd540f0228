package io.annulet.backend.handover;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A device as its front-end and its driver have set it up; immutable.
 *
 * @param features that were acknowledged, if {@code featuresSet}
 * @param status of VIRTIO, as the front-end last told it
 * @param mtu what the front-end told the guest, 0 if nothing
 * @param backendChannel the socket for requests of ours
 * @param log null unless one is shared
 * @param inflight null unless some is shared; later than version 1 of the format, which passes it over
 */
public record PassedDevice(
        boolean featuresSet,
        long features,
        long protocolFeatures,
        int status,
        int mtu,
        int backendChannel,
        List<Region> regions,
        @Nullable Log log,
        List<Ring> rings,
        PassedNet net,
        @Nullable Inflight inflight) {

    public PassedDevice {
        regions = PassedState.orNothing(regions);
        rings = PassedState.orNothing(rings);
    }

    /** A region of the guest's memory. */
    public record Region(int file, long guestAddress, long userAddress, long byteLength, long fileOffset) {}

    /** The log of written pages. */
    public record Log(int file, long byteLength, long fileOffset) {}

    /**
     * Memory in which is noted what is in flight.
     *
     * @param packed whether it is for packed rings
     */
    public record Inflight(int file, long byteLength, long fileOffset, int queues, int queueSize, boolean packed) {}

    /**
     * A ring.
     *
     * @param size descriptors; 0 if not told yet
     * @param base where it goes on, in the terms of SET_VRING_BASE
     * @param enabled whether it is enabled, or will be once it starts
     * @param places null if not told yet
     */
    public record Ring(
            int index,
            int size,
            int base,
            boolean started,
            boolean enabled,
            boolean broken,
            @Nullable Places places,
            int kick,
            int call,
            int error) {}

    /** Where a ring's areas are, in the front-end's addresses. */
    public record Places(long descriptor, long available, long used, boolean logged, long log) {}
}
