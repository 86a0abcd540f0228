package io.annulet.backend.policy;

import io.annulet.memory.HostMemory;
import io.annulet.vhostuser.NetControl;
import java.util.Arrays;
import java.util.BitSet;
import org.jspecify.annotations.Nullable;

/**
 * Which frames a guest wants to get, as it told by its control queue; immutable, used by all workers. VIRTIO 1.4, "Network
 * Device, Control Virtqueue, Packet Receive Filtering" and "VLAN Filtering".
 *
 * <p>Addresses are six bytes in memory order in the low 48 bits. A promiscuous guest gets everything, frames of other VLANs
 * included. Frames without a tag, or with one that has a priority only, are in no VLAN, and pass the VLAN filter.
 */
public final class ReceiveFilter {

    private static final long MAC_MASK = 0xffff_ffff_ffffL;
    private static final long GROUP = 1;
    private static final int ETHERTYPE = 12;
    private static final int TAG_BYTES = 4;
    private static final int ETHERTYPE_VLAN = 0x8100;
    private static final int VLAN_MASK = 0xfff;

    /** The modes that the driver turns on and off one by one, as bits by the number of their command. */
    private final int modes;

    private final long mac;
    private final long[] unicast;
    private final long[] groups;
    private final @Nullable BitSet vlans;

    /**
     * @param modes bit n is on if command n of class {@link NetControl#RX} turned it on
     * @param mac the guest's own address
     * @param unicast further addresses, in any order
     * @param groups group addresses, in any order
     * @param vlans that it is in; null for all
     */
    public ReceiveFilter(int modes, long mac, long[] unicast, long[] groups, @Nullable BitSet vlans) {
        this.modes = modes;
        this.mac = mac;
        this.unicast = sorted(unicast);
        this.groups = sorted(groups);
        this.vlans = vlans == null ? null : (BitSet) vlans.clone();
    }

    private static long[] sorted(long[] addresses) {
        long[] sorted = addresses.clone();
        Arrays.sort(sorted);
        return sorted;
    }

    /**
     * Whether the guest gets a frame.
     *
     * @param frame address of a private copy of its first bytes
     * @param copyBytes how many those are, an Ethernet header at least
     */
    public boolean admits(long frame, int copyBytes) {
        return has(NetControl.RX_PROMISC) || (admitsVlan(frame, copyBytes) && admitsAddress(frame));
    }

    private boolean admitsAddress(long frame) {
        long destination = HostMemory.loadLong(frame) & MAC_MASK;
        if (destination == MAC_MASK) {
            return !has(NetControl.RX_NOBCAST);
        }
        if ((destination & GROUP) != 0) {
            return !has(NetControl.RX_NOMULTI)
                    && (has(NetControl.RX_ALLMULTI) || Arrays.binarySearch(groups, destination) >= 0);
        }
        return !has(NetControl.RX_NOUNI)
                && (has(NetControl.RX_ALLUNI) || destination == mac || Arrays.binarySearch(unicast, destination) >= 0);
    }

    private boolean admitsVlan(long frame, int copyBytes) {
        if (vlans == null || copyBytes < ETHERTYPE + TAG_BYTES || Bytes.load16(frame + ETHERTYPE) != ETHERTYPE_VLAN) {
            return true;
        }
        int vlan = Bytes.load16(frame + ETHERTYPE + 2) & VLAN_MASK;
        return vlan == 0 || vlans.get(vlan);
    }

    private boolean has(int mode) {
        return (modes & (1 << mode)) != 0;
    }
}
