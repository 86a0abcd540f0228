package io.annulet.guest.traffic;

import io.annulet.guest.NetHeaderLayout;
import io.annulet.vhostuser.VirtioFeature;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Work on a frame that its sender leaves to the device, and its receiver takes undone. From VIRTIO 1.2, "Network Device,
 * Packet Transmission": the bits it depends on are among those it needs.
 */
public enum Offload {
    NONE(NetHeaderLayout.GSO_NONE, 0, FrameForm.ETHERNET),
    /** The TCP or UDP checksum is left undone. */
    CSUM(NetHeaderLayout.GSO_NONE, 0, FrameForm.UDP),
    /** Long TCP segments over IPv4. */
    TSO4(NetHeaderLayout.GSO_TCPV4, VirtioFeature.NET_HOST_TSO4 | VirtioFeature.NET_GUEST_TSO4, FrameForm.TCP),
    /** Long TCP segments over IPv6. */
    TSO6(NetHeaderLayout.GSO_TCPV6, VirtioFeature.NET_HOST_TSO6 | VirtioFeature.NET_GUEST_TSO6, FrameForm.TCP6),
    /** Long TCP segments that tell of congestion. */
    ECN(
            NetHeaderLayout.GSO_TCPV4 | NetHeaderLayout.GSO_ECN,
            TSO4.features | VirtioFeature.NET_HOST_ECN | VirtioFeature.NET_GUEST_ECN,
            FrameForm.TCP),
    /** Long UDP datagrams that become IP fragments. */
    UFO(NetHeaderLayout.GSO_UDP, VirtioFeature.NET_HOST_UFO | VirtioFeature.NET_GUEST_UFO, FrameForm.UDP),
    /** Many UDP datagrams in one, over IPv4. */
    USO4(NetHeaderLayout.GSO_UDP_L4, VirtioFeature.NET_HOST_USO | VirtioFeature.NET_GUEST_USO4, FrameForm.UDP),
    /** Many UDP datagrams in one, over IPv6. */
    USO6(NetHeaderLayout.GSO_UDP_L4, VirtioFeature.NET_HOST_USO | VirtioFeature.NET_GUEST_USO6, FrameForm.UDP6);

    private static final Map<Long, String> NAMES = names();

    private final int segmentType;
    private final long features;
    private final FrameForm usualForm;

    Offload(int segmentType, long segmentFeatures, FrameForm usualForm) {
        this.segmentType = segmentType;
        this.features =
                name().equals("NONE") ? 0 : VirtioFeature.NET_CSUM | VirtioFeature.NET_GUEST_CSUM | segmentFeatures;
        this.usualForm = usualForm;
    }

    private static Map<Long, String> names() {
        Map<Long, String> names = new LinkedHashMap<>();
        names.put(VirtioFeature.NET_CSUM, "CSUM");
        names.put(VirtioFeature.NET_GUEST_CSUM, "GUEST_CSUM");
        names.put(VirtioFeature.NET_HOST_TSO4, "HOST_TSO4");
        names.put(VirtioFeature.NET_GUEST_TSO4, "GUEST_TSO4");
        names.put(VirtioFeature.NET_HOST_TSO6, "HOST_TSO6");
        names.put(VirtioFeature.NET_GUEST_TSO6, "GUEST_TSO6");
        names.put(VirtioFeature.NET_HOST_ECN, "HOST_ECN");
        names.put(VirtioFeature.NET_GUEST_ECN, "GUEST_ECN");
        names.put(VirtioFeature.NET_HOST_UFO, "HOST_UFO");
        names.put(VirtioFeature.NET_GUEST_UFO, "GUEST_UFO");
        names.put(VirtioFeature.NET_HOST_USO, "HOST_USO");
        names.put(VirtioFeature.NET_GUEST_USO4, "GUEST_USO4");
        names.put(VirtioFeature.NET_GUEST_USO6, "GUEST_USO6");
        return names;
    }

    /** The features that sender and receiver have to agree on with their devices. */
    public long features() {
        return features;
    }

    /** Names of what is missing among the acknowledged features. */
    List<String> missing(long acknowledged) {
        List<String> missing = new ArrayList<>();
        NAMES.forEach((mask, name) -> {
            if ((features & mask & ~acknowledged) != 0) {
                missing.add("VIRTIO_NET_F_" + name);
            }
        });
        return missing;
    }

    /** The gso_type of a frame that has to be cut. */
    int segmentType() {
        return segmentType;
    }

    boolean fits(FrameForm form) {
        return this == NONE || form == usualForm || (this == CSUM && form != FrameForm.ETHERNET);
    }

    /** The form that frames have if nothing else is said. */
    public FrameForm usualForm() {
        return usualForm;
    }
}
