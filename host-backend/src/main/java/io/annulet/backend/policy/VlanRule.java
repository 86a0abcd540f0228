package io.annulet.backend.policy;

import java.util.BitSet;

/**
 * The VLANs of a port, and the form that their frames have there; immutable.
 *
 * <p>An access port is in one VLAN and knows no tags. A trunk carries several, told apart by their tags, and at most one
 * without: its native VLAN. IEEE 802.1Q-2018, "VLAN classification" and "Acceptable Frame Types".
 */
public final class VlanRule {

    /** In the place of a tag: the frame has none. */
    public static final int UNTAGGED = -1;

    /** In the place of a tag: the frame may not pass. */
    public static final int REFUSED = -2;

    public static final int MAX_VLAN = 4094;

    private static final int NONE = 0;
    private static final int VLAN_MASK = 0xfff;

    private final BitSet carried;
    private final int untagged;
    private final boolean isTrunk;
    private final String text;

    private VlanRule(BitSet carried, int untagged, boolean isTrunk, String text) {
        this.carried = carried;
        this.untagged = untagged;
        this.isTrunk = isTrunk;
        this.text = text;
    }

    /** Frames without a tag only, all of one VLAN. */
    public static VlanRule access(int vlan) {
        check("vlan", vlan);
        BitSet one = new BitSet();
        one.set(vlan);
        return new VlanRule(one, vlan, false, "vlan=" + vlan);
    }

    /** Frames with the tag of one of these VLANs, and none without. */
    public static VlanRule trunk(BitSet vlans) {
        if (vlans.isEmpty()) {
            throw new IllegalArgumentException("trunk: name a VLAN, such as trunk=10+20-29");
        }
        check("trunk", vlans.nextSetBit(0));
        check("trunk", vlans.length() - 1);
        return new VlanRule((BitSet) vlans.clone(), NONE, true, "trunk=" + words(vlans));
    }

    /** Likewise; frames without a tag are of the native VLAN, and its frames leave without. */
    public static VlanRule trunk(BitSet vlans, int nativeVlan) {
        check("native", nativeVlan);
        VlanRule trunk = trunk(vlans);
        trunk.carried.set(nativeVlan);
        return new VlanRule(trunk.carried, nativeVlan, true, trunk.text + ",native=" + nativeVlan);
    }

    private static void check(String option, int vlan) {
        if (vlan < 1 || vlan > MAX_VLAN) {
            throw new IllegalArgumentException(option + "=" + vlan + ": VLANs are 1 to " + MAX_VLAN);
        }
    }

    private static String words(BitSet vlans) {
        StringBuilder words = new StringBuilder();
        for (int first = vlans.nextSetBit(0); first >= 0; ) {
            int last = vlans.nextClearBit(first) - 1;
            words.append(words.isEmpty() ? "" : "+").append(first).append(last > first ? "-" + last : "");
            first = vlans.nextSetBit(last + 1);
        }
        return words.toString();
    }

    /** The VLAN in a tag. */
    public static int vlan(int tag) {
        return tag & VLAN_MASK;
    }

    /**
     * The tag that a frame from this port has inside of the switch.
     *
     * @param tag as it came: priority, drop eligibility and VLAN in 16 bits, or {@link #UNTAGGED}
     * @return a tag whose VLAN this port carries, or {@link #REFUSED}
     */
    public int admit(int tag) {
        if (tag == UNTAGGED) {
            return untagged == NONE ? REFUSED : untagged;
        }
        if (!isTrunk) {
            return REFUSED;
        }
        // VLAN 0 is none: the tag is there for its priority.
        int vlan = vlan(tag) == NONE ? untagged : vlan(tag);
        return carries(vlan) ? (tag & ~VLAN_MASK) | vlan : REFUSED;
    }

    /** Whether frames of a VLAN may leave through this port. */
    public boolean carries(int vlan) {
        return carried.get(vlan);
    }

    /** Whether they leave with a tag. */
    public boolean isTagged(int vlan) {
        return vlan != untagged;
    }

    /** As the options say it. */
    @Override
    public String toString() {
        return text;
    }
}
