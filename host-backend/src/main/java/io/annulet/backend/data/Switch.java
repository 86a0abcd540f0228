package io.annulet.backend.data;

import io.annulet.backend.offload.Offload;
import io.annulet.backend.policy.PortMeters;
import io.annulet.backend.policy.PortPolicy;
import io.annulet.backend.policy.SourceRule;
import io.annulet.backend.policy.VlanRule;
import io.annulet.backend.port.Port;
import io.annulet.backend.stats.DropReason;
import java.util.ArrayList;
import java.util.List;
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

    private static final int NO_VLAN = 0;

    /** A port of the switch, with the frames of the current burst that go to it. */
    private static final class Member {
        final Port port;
        final int id;
        final PortPolicy policy;
        final boolean mayAll;
        final @Nullable VlanRule vlans;
        final @Nullable PortMeters meters;
        final FrameList frames = new FrameList();

        Member(Port port, int id, PortPolicy policy, @Nullable PortMeters meters) {
            this.port = port;
            this.id = id;
            this.policy = policy;
            this.mayAll = policy.isNone();
            this.vlans = policy.vlans();
            this.meters = meters;
        }

        boolean carries(int vlan) {
            return vlans == null ? vlan == NO_VLAN : vlans.carries(vlan);
        }

        boolean isApartFrom(Member other) {
            return policy.isIsolated() && other.policy.isIsolated();
        }
    }

    private final SwitchTable shared;
    private final MacTable table;
    private final MacTable vlanTable;
    private final OffloadFinisher finisher = new OffloadFinisher();
    private final List<Member> members = new ArrayList<>();
    private Member[] ports = new Member[0];
    private Member[] portsInNoVlan = new Member[0];
    private @Nullable Member[] portsById = new @Nullable Member[0];
    private long nowNanos;
    private long lastSourceKey = -1;
    private @Nullable Member lastSource;

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
        members.add(new Member(port, shared.portId(name), shared.policy(name), shared.meters(name)));
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

    private void list() {
        ports = members.toArray(Member[]::new);
        portsInNoVlan = members.stream().filter(member -> member.vlans == null).toArray(Member[]::new);
        int places = members.stream().mapToInt(member -> member.id + 1).max().orElse(0);
        portsById = new @Nullable Member[places];
        for (Member member : ports) {
            portsById[member.id] = member;
        }
        lastSource = null;
        lastSourceKey = -1;
    }

    @Override
    public void abandon() {
        for (Member member : ports) {
            member.frames.clear();
        }
    }

    @Override
    public void tick(long now) {
        nowNanos = now;
        lastSourceKey = -1;
    }

    @Override
    public void forward(Port source, FrameBurst burst) {
        Member from = member(source);
        boolean mayAll = from.mayAll;
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
                source.counters().inDropped(why);
            }
        }
        source.counters().in(count, bytes, forwarded);
        for (Member member : ports) {
            if (member.frames.count() > 0) {
                push(from, member, burst);
            }
        }
    }

    /** Sends the frames on a port's list to it, as far as it may get them. */
    private void push(Member from, Member to, FrameBurst burst) {
        FrameList frames = to.frames;
        if (to.meters != null) {
            frames = within(to.meters, to, burst);
        }
        if (from.vlans != null && to.vlans != null) {
            dress(burst, frames, to.vlans);
        }
        if (frames.count() > 0) {
            finisher.push(to.port, burst, frames);
        }
        to.frames.clear();
    }

    private FrameList within(PortMeters meters, Member to, FrameBurst burst) {
        passed.clear();
        for (int i = 0; i < to.frames.count(); i++) {
            int frame = to.frames.frame(i);
            DropReason why = meters.out(burst.frameByteLength(frame), segments(burst, frame), nowNanos);
            if (why == null) {
                passed.add(frame);
            } else {
                to.port.counters().outDropped(why);
            }
        }
        return passed;
    }

    /** How many frames a frame is on a wire. */
    private static int segments(FrameBurst burst, int frame) {
        if ((burst.offloads(frame) & Offload.LARGE) == 0) {
            return 1;
        }
        int size = NetHeader.segmentByteLength(burst.snapshotAddress(frame));
        return (burst.frameByteLength(frame) + size - 1) / size;
    }

    private Member member(Port port) {
        for (Member member : ports) {
            if (member.port == port) {
                return member;
            }
        }
        throw new IllegalArgumentException("no port of this switch: " + port.name());
    }

    /** Adds one frame to the lists of its destinations; tells why if there is none. */
    private @Nullable DropReason direct(Member from, FrameBurst burst, int frame) {
        learn(table, from, burst.sourceMac(frame));
        long destination = burst.destinationMac(frame);
        Member to = (destination & GROUP) != 0 ? null : at(table.find(destination, nowNanos));
        if (to == null) {
            return flood(from, frame);
        }
        return sendTo(to, from, frame);
    }

    /** Likewise for a frame from a port that may not do everything. */
    private @Nullable DropReason police(Member from, FrameBurst burst, int frame) {
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
        Member to = (destination & GROUP) != 0 ? null : at(addresses.find(MacTable.key(destination, vlan), nowNanos));
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

    private @Nullable DropReason measure(PortMeters meters, Member from, long source, FrameBurst burst, int frame) {
        DropReason why = meters.in(burst.frameByteLength(frame), segments(burst, frame), nowNanos);
        boolean isKnown = (source == lastSourceKey && from == lastSource) || (source & GROUP) != 0;
        return why != null || isKnown ? why : meters.use(source, nowNanos);
    }

    private static @Nullable DropReason sendTo(Member to, Member from, int frame) {
        if (to == from) {
            return DropReason.NO_DESTINATION;
        }
        to.frames.add(frame);
        return null;
    }

    /** Null if it is not known, or another worker knows of a port that this one has not been given. */
    private @Nullable Member at(int portId) {
        return portId >= 0 && portId < portsById.length ? portsById[portId] : null;
    }

    private void learn(MacTable addresses, Member from, long key) {
        if ((key == lastSourceKey && from == lastSource) || (key & GROUP) != 0) {
            return;
        }
        addresses.learn(key, from.id, nowNanos);
        lastSourceKey = key;
        lastSource = from;
    }

    private @Nullable DropReason flood(Member from, int frame) {
        boolean sent = false;
        for (Member member : portsInNoVlan) {
            if (member != from) {
                member.frames.add(frame);
                sent = true;
            }
        }
        return sent ? null : DropReason.NO_DESTINATION;
    }

    private @Nullable DropReason floodWherePermitted(Member from, int vlan, int frame) {
        DropReason storm = from.meters == null ? null : from.meters.flood(nowNanos);
        if (storm != null) {
            return storm;
        }
        DropReason none = DropReason.NO_DESTINATION;
        boolean sent = false;
        for (Member member : ports) {
            if (member == from || !member.carries(vlan)) {
                continue;
            }
            if (member.isApartFrom(from)) {
                none = DropReason.ISOLATED;
            } else {
                member.frames.add(frame);
                sent = true;
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

    /** Addresses in the table, old ones included. */
    public int knownAddresses() {
        return table.size() + vlanTable.size();
    }
}
