package io.annulet.backend.data;

import io.annulet.backend.policy.PortMeters;
import io.annulet.backend.policy.SourceRule;
import io.annulet.backend.policy.VlanRule;
import io.annulet.backend.port.Port;
import io.annulet.backend.stats.DropReason;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A learning switch; owned by a worker. If several work one switch, each has one of these, with its own shards of all
 * ports, over one {@link SwitchTable}.
 *
 * <p>A port may be in VLANs: its frames then reach only ports that carry theirs, with or without a tag as each of these has
 * it. Ports in no VLAN are among themselves, and tags mean nothing to them. A port may be held to its own addresses, and be
 * isolated from others that are isolated too; limits hold for all workers of a port together. All is decided on the snapshots.
 *
 * <p>It learns where addresses are from the snapshots' source addresses, sends a frame to the port its destination was
 * seen at, and to all other ports if the destination is a group or not known. A frame never goes back to where it came
 * from.
 */
public final class Switch implements Forwarder {

    /** The lowest bit of an address's first byte: a group address. */
    private static final long GROUP = 1;

    private static final int NO_VLAN = SwitchMember.NO_VLAN;

    private final SwitchTable shared;
    private final MacTable table;
    private final MacTable vlanTable;
    private final OffloadFinisher finisher = new OffloadFinisher();
    private final List<SwitchMember> members = new ArrayList<>();
    private SwitchMember[] ports = new SwitchMember[0];
    private SwitchMember[] portsInNoVlan = new SwitchMember[0];
    private @Nullable SwitchMember[] portsById = new @Nullable SwitchMember[0];
    private long nowNanos;
    private long lastSourceKey = -1;
    private @Nullable SwitchMember lastSource;

    /** Where the frame before went, if that was looked up in this burst and nothing was learned since. */
    private @Nullable SwitchMember lastDestination;

    private long lastDestinationKey = -1;

    // Of the burst under way, for its accounts if an error ends it.

    /** Where it came from, until it is counted as in. */
    private @Nullable Port source;

    private int dropped;

    /** Whether it was counted as in, and is on the lists of its destinations. */
    private boolean forwarding;

    private @Nullable SwitchMember pushedTo;

    /** The tag of each frame of the current burst, if it comes from a port in VLANs. */
    private final int[] tags = new int[FrameBurst.CAPACITY];

    private final FrameList passed = new FrameList();

    /** Of one worker alone. */
    public Switch() {
        this(new SwitchTable());
    }

    public Switch(SwitchTable shared) {
        this.shared = shared;
        this.table = shared.addresses();
        this.vlanTable = shared.vlanAddresses();
    }

    @Override
    public void add(Port port) {
        String name = port.name();
        members.add(new SwitchMember(port, shared.portId(name), shared.policy(name), shared.meters(name)));
        list();
    }

    @Override
    public void remove(Port port) {
        members.removeIf(member -> {
            if (member.port == port) {
                table.forget(member.id);
                vlanTable.forget(member.id);
                if (member.meters != null) {
                    member.meters.clear();
                }
            }
            return member.port == port;
        });
        list();
    }

    /** The port's new policy is in the table already. Where its addresses are is learnt anew if its VLANs changed. */
    @Override
    public void changePolicy(Port port) {
        for (int i = 0; i < members.size(); i++) {
            SwitchMember before = members.get(i);
            if (before.port == port) {
                String name = port.name();
                SwitchMember now = new SwitchMember(port, before.id, shared.policy(name), shared.meters(name));
                members.set(i, now);
                if (!Objects.toString(before.vlans).equals(Objects.toString(now.vlans))) {
                    table.forget(now.id);
                    vlanTable.forget(now.id);
                }
            }
        }
        list();
    }

    private void list() {
        ports = members.toArray(SwitchMember[]::new);
        portsInNoVlan =
                members.stream().filter(member -> member.carries(NO_VLAN)).toArray(SwitchMember[]::new);
        int places = members.stream().mapToInt(member -> member.id + 1).max().orElse(0);
        portsById = new @Nullable SwitchMember[places];
        for (SwitchMember member : ports) {
            portsById[member.id] = member;
            member.findMirrors(ports);
        }
        lastSource = null;
        lastSourceKey = -1;
        lastDestination = null;
        lastDestinationKey = -1;
    }

    @Override
    public void abandon() {
        if (source != null) {
            source.counters().in(dropped, 0, 0);
            source = null;
        }
        for (SwitchMember member : ports) {
            if (member == pushedTo) {
                member.port.counters().settle();
            } else if (forwarding) {
                member.port.counters().outDropped(DropReason.MEMORY_LOST, member.frames.count());
            }
            member.frames.clear();
        }
        pushedTo = null;
        forwarding = false;
    }

    @Override
    public void tick(long now) {
        nowNanos = now;
        lastSourceKey = -1;
    }

    @Override
    public void forward(Port port, FrameBurst burst) {
        SwitchMember from = member(port);
        boolean mayAll = from.mayAll;
        lastDestinationKey = -1;
        dropped = 0;
        source = port;
        int count = burst.count();
        int forwarded = 0;
        long bytes = 0;
        for (int i = 0; i < count; i++) {
            bytes += burst.frameByteLength(i);
            DropReason why = burst.drop(i);
            if (why == null) {
                why = mayAll ? direct(from, burst, i) : police(from, burst, i);
            }
            if (why == null) {
                forwarded++;
            } else {
                dropped++;
                burst.drop(i, why);
                port.counters().inDropped(why);
            }
        }
        source = null;
        port.counters().in(count, bytes, forwarded);
        forwarding = true;
        burst.cost.begin(bytes);
        if (from.mirrorsOfIn.length > 0) {
            from.showIn(finisher, burst, passed);
        }
        for (SwitchMember member : ports) {
            if (member.frames.count() > 0) {
                push(from, member, burst);
            }
        }
        forwarding = false;
    }

    /** Sends the frames on a port's list to it, as far as it may get them. */
    private void push(SwitchMember from, SwitchMember to, FrameBurst burst) {
        FrameList frames = to.frames;
        to.port.counters().owes(frames.count());
        pushedTo = to;
        if (to.meters != null) {
            frames = within(to.meters, to, burst);
        }
        if (from.vlans != null && to.vlans != null) {
            dress(burst, frames, to.vlans);
        }
        if (frames.count() > 0) {
            for (SwitchMember mirror : to.mirrorsOfOut) {
                finisher.push(mirror.port, burst, frames);
            }
            finisher.push(to.port, burst, frames);
        }
        pushedTo = null;
        to.frames.clear();
    }

    private FrameList within(PortMeters meters, SwitchMember to, FrameBurst burst) {
        passed.clear();
        for (int i = 0; i < to.frames.count(); i++) {
            int frame = to.frames.frame(i);
            DropReason why = meters.out(burst.frameByteLength(frame), BurstCost.parts(burst, frame), nowNanos);
            if (why == null) {
                passed.add(frame);
            } else {
                burst.watch().withhold(to.port, burst, frame, why);
            }
        }
        return passed;
    }

    private SwitchMember member(Port port) {
        for (SwitchMember member : ports) {
            if (member.port == port) {
                return member;
            }
        }
        throw new IllegalArgumentException("no port of this switch: " + port.name());
    }

    /** Adds one frame to the lists of its destinations; tells why if there is none. */
    private @Nullable DropReason direct(SwitchMember from, FrameBurst burst, int frame) {
        learn(table, from, burst.sourceMac(frame));
        long destination = burst.destinationMac(frame);
        if (destination != lastDestinationKey) {
            lastDestination = whereIs(table, destination, destination);
            lastDestinationKey = destination;
        }
        SwitchMember to = lastDestination;
        return to == null ? flood(from, frame) : sendTo(to, from, frame);
    }

    /** Likewise for a frame from a port that may not do everything. */
    private @Nullable DropReason police(SwitchMember from, FrameBurst burst, int frame) {
        if (from.isMirror()) {
            return DropReason.NO_DESTINATION;
        }
        DropReason why = from.policy.sources() == null ? null : judge(from.policy.sources(), burst, frame);
        if (why == null && from.vlans != null) {
            why = classify(from.vlans, burst, frame);
        }
        int vlan = from.vlans == null ? NO_VLAN : VlanRule.vlan(tags[frame]);
        long source = MacTable.key(burst.sourceMac(frame), vlan);
        if (why == null && from.meters != null) {
            why = measure(from.meters, from, source, burst, frame);
        }
        if (why != null) {
            return why;
        }
        MacTable addresses = vlan == NO_VLAN ? table : vlanTable;
        learn(addresses, from, source);
        long destination = burst.destinationMac(frame);
        SwitchMember to = whereIs(addresses, destination, MacTable.key(destination, vlan));
        if (to == null || !to.carries(vlan)) {
            return floodWherePermitted(from, vlan, frame);
        }
        return to != from && to.isApartFrom(from) ? DropReason.ISOLATED : sendTo(to, from, frame);
    }

    private static @Nullable DropReason judge(SourceRule rule, FrameBurst burst, int frame) {
        long start = burst.snapshotAddress(frame) + NetHeader.BYTES;
        if (rule.needsLongCopy(start, burst.snapshotFrameBytes(frame))) {
            burst.extend(frame);
        }
        return rule.judge(start, burst.snapshotFrameBytes(frame));
    }

    private @Nullable DropReason classify(VlanRule rule, FrameBurst burst, int frame) {
        tags[frame] = rule.admit(VlanTag.of(burst, frame));
        if (tags[frame] == VlanRule.REFUSED) {
            return DropReason.VLAN;
        }
        return burst.frameByteLength(frame) > VlanTag.MAX_UNTAGGED_BYTES ? DropReason.TOO_LONG : null;
    }

    private @Nullable DropReason measure(
            PortMeters meters, SwitchMember from, long source, FrameBurst burst, int frame) {
        DropReason why = meters.in(burst.frameByteLength(frame), BurstCost.parts(burst, frame), nowNanos);
        boolean isKnown = (source == lastSourceKey && from == lastSource) || (source & GROUP) != 0;
        return why != null || isKnown ? why : meters.use(source, nowNanos);
    }

    private static @Nullable DropReason sendTo(SwitchMember to, SwitchMember from, int frame) {
        if (to == from) {
            return DropReason.NO_DESTINATION;
        }
        to.frames.add(frame);
        return null;
    }

    private @Nullable SwitchMember whereIs(MacTable addresses, long destination, long key) {
        return (destination & GROUP) != 0 ? null : at(addresses.find(key, nowNanos));
    }

    /** Null if it is not known, or another worker knows of a port that this one has not been given. */
    private @Nullable SwitchMember at(int portId) {
        return portId >= 0 && portId < portsById.length ? portsById[portId] : null;
    }

    private void learn(MacTable addresses, SwitchMember from, long key) {
        if ((key == lastSourceKey && from == lastSource) || (key & GROUP) != 0) {
            return;
        }
        addresses.learn(key, from.id, nowNanos);
        lastDestinationKey = -1;
        lastSourceKey = key;
        lastSource = from;
    }

    private @Nullable DropReason flood(SwitchMember from, int frame) {
        boolean sent = false;
        for (SwitchMember member : portsInNoVlan) {
            if (member != from) {
                member.frames.add(frame);
                sent = true;
            }
        }
        return sent ? null : DropReason.NO_DESTINATION;
    }

    private @Nullable DropReason floodWherePermitted(SwitchMember from, int vlan, int frame) {
        DropReason storm = from.meters == null ? null : from.meters.flood(nowNanos);
        if (storm != null) {
            return storm;
        }
        DropReason none = DropReason.NO_DESTINATION;
        boolean sent = false;
        for (SwitchMember member : ports) {
            SwitchMember.Reach reach = member.reachFrom(from, vlan);
            if (reach == SwitchMember.Reach.REACHES) {
                member.frames.add(frame);
                sent = true;
            } else if (reach == SwitchMember.Reach.BOTH_ISOLATED) {
                none = DropReason.ISOLATED;
            }
        }
        return sent ? null : none;
    }

    /** Gives frames the form that they have at their destination, whatever they were made for the one before. */
    private void dress(FrameBurst burst, FrameList frames, VlanRule destination) {
        for (int i = 0; i < frames.count(); i++) {
            int frame = frames.frame(i);
            if (destination.isTagged(VlanRule.vlan(tags[frame]))) {
                VlanTag.put(burst, frame, tags[frame]);
            } else {
                VlanTag.takeOut(burst, frame);
            }
        }
    }

    // For people, about the frame that was forwarded last.

    /** The VLAN in which it was forwarded, 0 for none. */
    int vlanOf(Port source, int frame) {
        return member(source).vlans == null ? NO_VLAN : VlanRule.vlan(tags[frame]);
    }

    /** Where its destination was seen; null if it was flooded for want of that. */
    @Nullable
    Port whereIs(long destination, int vlan) {
        MacTable addresses = vlan == NO_VLAN ? table : vlanTable;
        SwitchMember to = whereIs(addresses, destination, MacTable.key(destination, vlan));
        return to == null || !to.carries(vlan) ? null : to.port;
    }

    SwitchMember.Reach reach(Port source, Port destination, int vlan) {
        return member(destination).reachFrom(member(source), vlan);
    }

    /** Addresses in the table, old ones included. */
    public int knownAddresses() {
        return table.size() + vlanTable.size();
    }
}
