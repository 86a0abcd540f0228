package io.annulet.backend.data;

import io.annulet.backend.offload.Offload;

/**
 * The MTU that a driver agreed on, which bounds what it may be passed; stateless. VIRTIO 1.4, "Network Device, Device
 * configuration layout": no frame that is longer with its Ethernet header, unless it is a large one that the driver takes
 * uncut. VLAN tags belong to the header.
 */
public final class PromisedMtu {

    private PromisedMtu() {}

    /**
     * Whether a frame may be passed to the driver.
     *
     * @param mtu in bytes; 0 if none was agreed on
     */
    public static boolean admits(int mtu, FrameBurst burst, int frame) {
        if (mtu == 0) {
            return true;
        }
        int above = burst.frameByteLength(frame) - FrameBurst.ETHERNET_HEADER_BYTES - mtu;
        return above <= 0 || (burst.offloads(frame) & Offload.LARGE) != 0 || above <= VlanTag.byteLength(burst, frame);
    }
}
