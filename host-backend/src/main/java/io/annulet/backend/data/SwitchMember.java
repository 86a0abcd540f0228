package io.annulet.backend.data;

import io.annulet.backend.policy.PortMeters;
import io.annulet.backend.policy.PortPolicy;
import io.annulet.backend.policy.VlanRule;
import io.annulet.backend.port.Port;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** A port of a switch, with the frames of the current burst that go to it; owned by the worker. */
final class SwitchMember {

    static final int NO_VLAN = 0;

    /** Whether a flooded frame gets from one port to another, and why not. */
    enum Reach {
        REACHES,
        ITSELF,
        OTHER_VLAN,
        BOTH_ISOLATED,
        MIRROR
    }

    private static final SwitchMember[] NOBODY = {};

    final Port port;
    final int id;
    final PortPolicy policy;
    final boolean mayAll;
    final @Nullable VlanRule vlans;
    final @Nullable PortMeters meters;
    final FrameList frames = new FrameList();

    /** Ports that get what comes from this one, and what goes to it. */
    SwitchMember[] mirrorsOfIn = NOBODY;

    SwitchMember[] mirrorsOfOut = NOBODY;

    SwitchMember(Port port, int id, PortPolicy policy, @Nullable PortMeters meters) {
        this.port = port;
        this.id = id;
        this.policy = policy;
        this.mayAll = policy.mayAll();
        this.vlans = policy.vlans();
        this.meters = meters;
    }

    /** Whether it gets copies of others' frames, and nothing else. */
    boolean isMirror() {
        return policy.mirror() != null;
    }

    boolean carries(int vlan) {
        return vlans == null ? vlan == NO_VLAN && !isMirror() : vlans.carries(vlan);
    }

    boolean isApartFrom(SwitchMember other) {
        return policy.isIsolated() && other.policy.isIsolated();
    }

    Reach reachFrom(SwitchMember source, int vlan) {
        if (this == source) {
            return Reach.ITSELF;
        }
        if (isMirror()) {
            return Reach.MIRROR;
        }
        if (!carries(vlan)) {
            return Reach.OTHER_VLAN;
        }
        return isApartFrom(source) ? Reach.BOTH_ISOLATED : Reach.REACHES;
    }

    /** Finds out which of all members of a switch are mirrors of this one. */
    void findMirrors(SwitchMember[] all) {
        mirrorsOfIn = select(all, true);
        mirrorsOfOut = select(all, false);
    }

    private SwitchMember[] select(SwitchMember[] all, boolean in) {
        return Arrays.stream(all)
                .filter(member ->
                        member.policy.mirror() != null && member.policy.mirror().shows(port.name(), in))
                .toArray(SwitchMember[]::new);
    }

    /** Copies of all frames from this port that could be read, dropped or not, in the form that they came in. */
    void showIn(OffloadFinisher finisher, FrameBurst burst, FrameList scratch) {
        scratch.clear();
        for (int i = 0; i < burst.count(); i++) {
            if (burst.frameByteLength(i) > 0) {
                scratch.add(i);
            }
        }
        for (SwitchMember mirror : mirrorsOfIn) {
            if (scratch.count() > 0) {
                finisher.push(mirror.port, burst, scratch);
            }
        }
    }
}
