package io.annulet.backend.data;

import io.annulet.backend.port.Port;
import io.annulet.backend.stats.DropReason;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A learning switch; owned by a worker. If several work one switch, each has one of these, with its own shards of all
 * ports, over one {@link SwitchTable}.
 *
 * <p>It learns where addresses are from the snapshots' source addresses, sends a frame to the port its destination was
 * seen at, and to all other ports if the destination is a group or not known. A frame never goes back to where it came
 * from.
 */
public final class Switch implements Forwarder {

    /** The lowest bit of an address's first byte: a group address. */
    private static final long GROUP = 1;

    /** A port of the switch, with the frames of the current burst that go to it. */
    private static final class Member {
        final Port port;
        final int id;
        final FrameList frames = new FrameList();

        Member(Port port, int id) {
            this.port = port;
            this.id = id;
        }
    }

    private final SwitchTable shared;
    private final MacTable table;
    private final OffloadFinisher finisher = new OffloadFinisher();
    private final List<Member> members = new ArrayList<>();
    private Member[] ports = new Member[0];
    private @Nullable Member[] portsById = new @Nullable Member[0];
    private long nowNanos;
    private long lastSourceMac = -1;
    private @Nullable Member lastSource;

    /** Of one worker alone. */
    public Switch() {
        this(new SwitchTable());
    }

    public Switch(SwitchTable shared) {
        this.shared = shared;
        this.table = shared.addresses();
    }

    @Override
    public void add(Port port) {
        members.add(new Member(port, shared.portId(port.name())));
        list();
    }

    @Override
    public void remove(Port port) {
        members.removeIf(member -> {
            if (member.port == port) {
                table.forget(member.id);
            }
            return member.port == port;
        });
        list();
    }

    private void list() {
        ports = members.toArray(Member[]::new);
        int places = members.stream().mapToInt(member -> member.id + 1).max().orElse(0);
        portsById = new @Nullable Member[places];
        for (Member member : ports) {
            portsById[member.id] = member;
        }
        lastSource = null;
        lastSourceMac = -1;
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
        lastSourceMac = -1;
    }

    @Override
    public void forward(Port source, FrameBurst burst) {
        Member from = member(source);
        int count = burst.count();
        int forwarded = 0;
        long bytes = 0;
        for (int i = 0; i < count; i++) {
            bytes += burst.frameByteLength(i);
            DropReason why = burst.drop(i);
            if (why == null) {
                why = direct(from, burst, i);
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
                finisher.push(member.port, burst, member.frames);
                member.frames.clear();
            }
        }
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
        learn(from, burst.sourceMac(frame));
        long destination = burst.destinationMac(frame);
        Member to = (destination & GROUP) != 0 ? null : at(table.find(destination, nowNanos));
        if (to == null) {
            return flood(from, frame);
        }
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

    private void learn(Member from, long mac) {
        if ((mac == lastSourceMac && from == lastSource) || (mac & GROUP) != 0) {
            return;
        }
        table.learn(mac, from.id, nowNanos);
        lastSourceMac = mac;
        lastSource = from;
    }

    private @Nullable DropReason flood(Member from, int frame) {
        boolean sent = false;
        for (Member member : ports) {
            if (member != from) {
                member.frames.add(frame);
                sent = true;
            }
        }
        return sent ? null : DropReason.NO_DESTINATION;
    }

    /** Addresses in the table, old ones included. */
    public int knownAddresses() {
        return table.size();
    }
}
