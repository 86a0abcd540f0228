package io.annulet.backend.port;

import io.annulet.vfio.PciFunction;
import java.util.List;

/**
 * How a NIC is used.
 *
 * @param address of the PCI device, such as 0000:02:00.0
 * @param zeroCopy which payload is not copied
 * @param mtu of the network behind the NIC; 0 for what the NIC takes with usual buffers
 * @param promiscuous whether frames for all addresses are received, as a switch needs it that floods what it does not know
 * @param allGroups else whether those for all groups are
 * @param groups else for which groups, their first bytes lowest
 * @param evenWithoutReset whether a device that cannot be reset is taken all the same
 */
public record NicPortOptions(
        String address,
        ZeroCopy zeroCopy,
        int mtu,
        boolean promiscuous,
        boolean allGroups,
        List<Long> groups,
        boolean evenWithoutReset) {

    private static final int USUAL_MTU = 1_500;
    private static final int MOST_MTU = 9_000;
    private static final int LEAST_MTU = 68;
    private static final int USUAL_BUFFER_BYTES = 2_048;
    private static final int LONG_BUFFER_BYTES = 16_384;

    /** Which payload is not copied. */
    public enum ZeroCopy {
        /** Frames out. */
        TX,
        /** None. */
        OFF
    }

    private static final int MOST_GROUPS = 32;

    public NicPortOptions {
        groups = List.copyOf(groups);
        if (groups.size() > MOST_GROUPS) {
            throw new IllegalArgumentException(
                    "groups: " + groups.size() + " of them; use up to " + MOST_GROUPS + ", or all");
        }
        if (!PciFunction.isAddress(address)) {
            throw new IllegalArgumentException(
                    "'" + address + "' is no PCI address; write DOMAIN:BUS:DEVICE.FUNCTION such as 0000:02:00.0");
        }
        if (mtu != 0 && (mtu < LEAST_MTU || mtu > MOST_MTU)) {
            throw new IllegalArgumentException("mtu=" + mtu + ": use " + LEAST_MTU + " to " + MOST_MTU);
        }
    }

    /** Of a port that receives everything, or for all groups. */
    public NicPortOptions(String address, ZeroCopy zeroCopy, int mtu, boolean promiscuous, boolean evenWithoutReset) {
        this(address, zeroCopy, mtu, promiscuous, true, List.of(), evenWithoutReset);
    }

    /** The length of each receive buffer, which holds a whole frame. */
    int receiveBytes() {
        return mtu <= USUAL_MTU ? USUAL_BUFFER_BYTES : LONG_BUFFER_BYTES;
    }
}
