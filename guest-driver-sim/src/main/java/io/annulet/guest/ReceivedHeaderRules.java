package io.annulet.guest;

import io.annulet.memory.HostMemory;
import io.annulet.vhostuser.VirtioFeature;
import org.jspecify.annotations.Nullable;

/**
 * What a device may say in the header of a frame that it delivers, under the features that the driver acknowledged;
 * immutable. From VIRTIO 1.2, "Processing of Incoming Packets".
 */
final class ReceivedHeaderRules {

    private static final int ANYTHING = NetHeaderLayout.FLAG_NEEDS_CSUM | 0xff00; // of the first two bytes

    private final boolean mayNeedChecksum;
    private final boolean mayTellOfCongestion;
    private final int segmentTypes;

    ReceivedHeaderRules(long features) {
        mayNeedChecksum = (features & VirtioFeature.NET_GUEST_CSUM) != 0;
        mayTellOfCongestion = (features & VirtioFeature.NET_GUEST_ECN) != 0;
        segmentTypes = type(features, VirtioFeature.NET_GUEST_TSO4, NetHeaderLayout.GSO_TCPV4)
                | type(features, VirtioFeature.NET_GUEST_TSO6, NetHeaderLayout.GSO_TCPV6)
                | type(features, VirtioFeature.NET_GUEST_UFO, NetHeaderLayout.GSO_UDP)
                | type(
                        features,
                        VirtioFeature.NET_GUEST_USO4 | VirtioFeature.NET_GUEST_USO6,
                        NetHeaderLayout.GSO_UDP_L4);
    }

    private static int type(long features, long anyOf, int type) {
        return (features & anyOf) != 0 ? 1 << type : 0;
    }

    /** Whether a header says nothing but where the frame begins, which is right whatever was acknowledged. */
    static boolean isPlain(long header) {
        return (HostMemory.loadLong(header) & ANYTHING) == 0;
    }

    /** What is wrong with a header; null if nothing. */
    @Nullable
    DeviceViolation judge(long header, int frameByteLength) {
        long fields = HostMemory.loadLong(header);
        return (fields & ANYTHING) == 0 ? null : judgeOffloads(fields, header, frameByteLength);
    }

    private @Nullable DeviceViolation judgeOffloads(long fields, long header, int frameByteLength) {
        boolean needsChecksum = (fields & NetHeaderLayout.FLAG_NEEDS_CSUM) != 0;
        int type = (int) (fields >>> 8) & 0xff;
        if ((needsChecksum && !mayNeedChecksum) || !isAcknowledged(type)) {
            return DeviceViolation.OFFLOAD_NOT_ACKNOWLEDGED;
        }
        int start = (int) (fields >>> 48);
        int offset = HostMemory.loadShortUnaligned(header + NetHeaderLayout.CSUM_OFFSET);
        if (needsChecksum && start + offset + 2 > frameByteLength) {
            return DeviceViolation.CHECKSUM_OUTSIDE_FRAME;
        }
        boolean hasSize = (fields >>> 32 & 0xffff) != 0;
        return type != NetHeaderLayout.GSO_NONE && !(hasSize && needsChecksum)
                ? DeviceViolation.SEGMENTATION_INCOMPLETE
                : null;
    }

    private boolean isAcknowledged(int type) {
        int plain = type & ~NetHeaderLayout.GSO_ECN;
        boolean congestionIsFine = plain == type || mayTellOfCongestion;
        return congestionIsFine
                && (type == NetHeaderLayout.GSO_NONE || (plain < Integer.SIZE && (segmentTypes >> plain & 1) != 0));
    }
}
