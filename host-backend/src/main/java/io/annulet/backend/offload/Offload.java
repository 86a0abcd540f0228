package io.annulet.backend.offload;

import io.annulet.vhostuser.VirtioFeature;
import java.util.ArrayList;
import java.util.List;

/**
 * What a frame may leave for its receiver to do, as bits of a mask; stateless. VIRTIO 1.2, "Network Device, Feature
 * bits".
 *
 * <p>A frame's mask says what it needs; a port's mask says what it takes. A frame goes to a port as it is if the port
 * takes all that the frame needs.
 */
public final class Offload {

    /** A plain frame; a port that takes plain frames only. */
    public static final int NONE = 0;
    /** The transport checksum is to be completed (NEEDS_CSUM). */
    public static final int CHECKSUM = 1;
    /** The checksum was checked (DATA_VALID): nothing to do, but only some may be told. */
    public static final int VALID = 1 << 1;
    /** A TCP segment over IPv4 that is longer than its receiver's frames. */
    public static final int TSO4 = 1 << 2;
    /** A long TCP segment over IPv6. */
    public static final int TSO6 = 1 << 3;
    /** A long TCP segment with the congestion mark CWR, which only its first part may have. */
    public static final int ECN = 1 << 4;
    /** A UDP datagram to be cut into IP fragments. */
    public static final int UFO = 1 << 5;
    /** UDP datagrams of one size over IPv4, in one. */
    public static final int USO4 = 1 << 6;
    /** UDP datagrams of one size over IPv6, in one. */
    public static final int USO6 = 1 << 7;

    public static final int ALL = (1 << 8) - 1;

    /** Those that make many frames out of one. */
    public static final int LARGE = TSO4 | TSO6 | UFO | USO4 | USO6;

    private static final String[] NAMES = {"csum", "valid", "tso4", "tso6", "ecn", "ufo", "uso4", "uso6"};

    private Offload() {}

    /** What a driver that acknowledged {@code features} may ask of the device. A bit whose basis is missing counts not. */
    public static int usableWith(long features) {
        int mask = has(features, VirtioFeature.NET_CSUM, CHECKSUM)
                | has(features, VirtioFeature.NET_HOST_TSO4, TSO4)
                | has(features, VirtioFeature.NET_HOST_TSO6, TSO6)
                | has(features, VirtioFeature.NET_HOST_ECN, ECN)
                | has(features, VirtioFeature.NET_HOST_UFO, UFO)
                | has(features, VirtioFeature.NET_HOST_USO, USO4 | USO6);
        return founded(mask);
    }

    /** What a driver that acknowledged {@code features} takes from the device. */
    public static int acceptedWith(long features) {
        int mask = has(features, VirtioFeature.NET_GUEST_CSUM, CHECKSUM | VALID)
                | has(features, VirtioFeature.NET_GUEST_TSO4, TSO4)
                | has(features, VirtioFeature.NET_GUEST_TSO6, TSO6)
                | has(features, VirtioFeature.NET_GUEST_ECN, ECN)
                | has(features, VirtioFeature.NET_GUEST_UFO, UFO)
                | has(features, VirtioFeature.NET_GUEST_USO4, USO4)
                | has(features, VirtioFeature.NET_GUEST_USO6, USO6);
        return founded(mask);
    }

    private static int has(long features, long feature, int offloads) {
        return (features & feature) != 0 ? offloads : NONE;
    }

    /** VIRTIO 1.2, "Feature bit requirements": everything needs checksums, ECN needs TSO. */
    private static int founded(int mask) {
        if ((mask & CHECKSUM) == 0) {
            return NONE;
        }
        return (mask & (TSO4 | TSO6)) == 0 ? mask & ~ECN : mask;
    }

    /**
     * The mask of names.
     *
     * @throws IllegalArgumentException with one line that lists what there is
     */
    public static int parse(List<String> names) {
        int mask = NONE;
        for (String name : names) {
            int bit = List.of(NAMES).indexOf(name);
            if (bit < 0) {
                throw new IllegalArgumentException(
                        "'" + name + "' is no offload; there are " + String.join(", ", NAMES));
            }
            mask |= 1 << bit;
        }
        return mask;
    }

    /** The names of the bits of a mask, for people. */
    public static List<String> names(int mask) {
        List<String> names = new ArrayList<>();
        for (int i = 0; i < NAMES.length; i++) {
            if ((mask >> i & 1) != 0) {
                names.add(NAMES[i]);
            }
        }
        return names;
    }
}
