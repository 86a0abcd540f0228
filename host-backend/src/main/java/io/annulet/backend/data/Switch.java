package io.annulet.backend.data;

import io.annulet.backend.port.Port;
import io.annulet.backend.stats.DropReason;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A learning switch; owned by a worker.
 *
 * <p>It learns where addresses are from the snapshots' source addresses, sends a frame to the port its destination was
 * seen at, and to all other ports if the destination is a group or not known. A frame never goes back to where it came
 * from.
 */
public final class Switch implements Forwarder {

    static final int TABLE_CAPACITY = 8192;
    static final long AGE_NANOS = TimeUnit.MINUTES.toNanos(5);

    /** The lowest bit of an address's first byte: a group address. */
    private static final long GROUP = 1;

    /** A port of the switch, with the frames of the current burst that go to it. */
    private static final class Member {
        final Port port;
        final FrameList frames = new FrameList();

        Member(Port port) {
            this.port = port;
        }
    }

    private final MacTable<Member> table;
    private final List<Member> members = new ArrayList<>();
    private Member[] ports = new Member[0];
    private long nowNanos;
    private long lastSourceMac = -1;
    private @Nullable Member lastSource;

    public Switch() {
        this(TABLE_CAPACITY, AGE_NANOS);
    }

    Switch(int tableCapacity, long ageNanos) {
        this.table = new MacTable<>(tableCapacity, ageNanos);
    }

    @Override
    public void add(Port port) {
        members.add(new Member(port));
        ports = members.toArray(Member[]::new);
    }

    @Override
    public void remove(Port port) {
        members.removeIf(member -> {
            if (member.port == port) {
                table.forget(member);
            }
            return member.port == port;
        });
        ports = members.toArray(Member[]::new);
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
                member.port.push(burst, member.frames);
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
        Member to = (destination & GROUP) != 0 ? null : table.find(destination, nowNanos);
        if (to == null) {
            return flood(from, frame);
        }
        if (to == from) {
            return DropReason.NO_DESTINATION;
        }
        to.frames.add(frame);
        return null;
    }

    private void learn(Member from, long mac) {
        if ((mac == lastSourceMac && from == lastSource) || (mac & GROUP) != 0) {
            return;
        }
        table.learn(mac, from, nowNanos);
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
