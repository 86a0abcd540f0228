package io.annulet.backend.port;

import io.annulet.vfio.PciFunction;

/**
 * How a NIC is used.
 *
 * @param address of the PCI device, such as 0000:02:00.0
 * @param zeroCopy which payload is not copied
 * @param mtu of the network behind the NIC; 0 for what the NIC takes with usual buffers
 * @param promiscuous whether frames for all addresses are received, as a switch needs it
 * @param evenWithoutReset whether a device that cannot be reset is taken all the same
 */
public record NicPortOptions(
        String address, ZeroCopy zeroCopy, int mtu, boolean promiscuous, boolean evenWithoutReset) {

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

    public NicPortOptions {
        if (!PciFunction.isAddress(address)) {
            throw new IllegalArgumentException(
                    "'" + address + "' is no PCI address; write DOMAIN:BUS:DEVICE.FUNCTION such as 0000:02:00.0");
        }
        if (mtu != 0 && (mtu < LEAST_MTU || mtu > MOST_MTU)) {
            throw new IllegalArgumentException("mtu=" + mtu + ": use " + LEAST_MTU + " to " + MOST_MTU);
        }
    }

    /** The length of each receive buffer, which holds a whole frame. */
    int receiveBytes() {
        return mtu <= USUAL_MTU ? USUAL_BUFFER_BYTES : LONG_BUFFER_BYTES;
    }
}
