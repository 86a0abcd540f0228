package io.annulet.backend.data;

import io.annulet.backend.offload.Offload;
import io.annulet.backend.policy.PortPolicy;
import io.annulet.backend.port.Port;
import io.annulet.backend.stats.DropReason;
import io.annulet.backend.stats.PortCounters;
import io.annulet.memory.HostMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.agrona.concurrent.status.CountersManager;
import org.jspecify.annotations.Nullable;

/**
 * Has the forwarder that workers use decide on one frame, between ports that keep what they get, so that one can be told
 * what would become of it. Nothing is sent, and no running worker notices. Used by one thread.
 */
public final class FrameTrial {

    /** A vhost-user queue's first: where frames of ports with one queue come from. */
    private static final int FIRST_QUEUE = 1;

    private static final int RING_SIZE = 256;

    /**
     * A port of the trial.
     *
     * @param accepts what it takes uncut and unfinished: a mask of {@link Offload}s
     * @param mtu that its driver agreed on, or 0
     */
    public record Place(String name, PortPolicy policy, int accepts, int mtu) {}

    /**
     * Where an address was seen.
     *
     * @param mac its six bytes as one number, as it is written
     * @param vlan 0 for none
     */
    public record Known(long mac, int vlan, String port) {}

    /**
     * How the frame was led.
     *
     * @param dropped why it goes nowhere, or null
     * @param needed what it needs of its receivers: a mask of {@link Offload}s
     * @param vlan in which it is forwarded, 0 for none
     * @param isGroup whether its destination is a group of stations
     * @param knownAt the port at which its destination was seen; null if it is flooded
     * @param ends what becomes of it at each port, but for that it comes from
     */
    public record Verdict(
            @Nullable DropReason dropped,
            int needed,
            int vlan,
            boolean isGroup,
            @Nullable String knownAt,
            Map<String, End> ends) {}

    /** Why it is pushed to a port, or not. */
    public enum Way {
        /** The destination was seen there, or a straight link leads there. */
        STRAIGHT,
        FLOODED,
        MIRRORED,
        /** The destination is elsewhere. */
        ELSEWHERE,
        /** The port does not carry the frame's VLAN. */
        OTHER_VLAN,
        BOTH_ISOLATED,
        /** It is dropped before it gets so far. */
        DROPPED
    }

    /**
     * What becomes of the frame at one port.
     *
     * @param parts the frames that are pushed to it
     * @param lost why it drops them, or null
     */
    public record End(Way way, List<Part> parts, @Nullable DropReason lost) {}

    /**
     * One frame that a port gets.
     *
     * @param offloads what it still needs of its receiver
     * @param isTagged whether it has a VLAN tag
     */
    public record Part(int frameByteLength, int offloads, boolean isTagged) {}

    private final Map<String, Place> places = new LinkedHashMap<>();
    private final Map<String, TrialPort> ports = new HashMap<>();
    private final SwitchTable table;
    private final @Nullable Switch network;
    private final Forwarder forwarder;

    private FrameTrial(List<Place> all, boolean isLink, CountersManager counters) {
        Map<String, PortPolicy> policies = new HashMap<>();
        all.forEach(place -> policies.put(place.name(), place.policy()));
        table = new SwitchTable(policies);
        network = isLink ? null : new Switch(table);
        forwarder = network == null ? new Link() : network;
        forwarder.tick(System.nanoTime());
        for (Place place : all) {
            TrialPort port = new TrialPort(place, new PortCounters(counters, place.name()));
            places.put(place.name(), place);
            ports.put(place.name(), port);
            forwarder.add(port);
        }
    }

    /**
     * Of a switch.
     *
     * @param counters with room for those of all ports
     */
    public static FrameTrial ofSwitch(List<Place> ports, CountersManager counters) {
        return new FrameTrial(ports, false, counters);
    }

    /** Of two ports with a straight link between them. */
    public static FrameTrial ofLink(List<Place> ends, CountersManager counters) {
        return new FrameTrial(ends, true, counters);
    }

    /** Notes where an address was seen, as a frame from there would have it noted. */
    public void learn(Known known) {
        MacTable addresses = known.vlan() == 0 ? table.addresses() : table.vlanAddresses();
        long inMemoryOrder = Long.reverseBytes(known.mac()) >>> 16;
        addresses.learn(MacTable.key(inMemoryOrder, known.vlan()), table.portId(known.port()), System.nanoTime());
    }

    /**
     * Decides on a frame.
     *
     * @param header the virtio-net header, {@link NetHeader#BYTES} bytes
     * @param usable offloads that the header may ask for
     */
    public Verdict decide(String from, byte[] header, byte[] frame, int usable) {
        TrialPort source = ports.get(from);
        if (source == null) {
            throw new IllegalArgumentException("there is no port " + from);
        }
        FrameBurst burst = new FrameBurst(RING_SIZE);
        try (Arena arena = Arena.ofConfined()) {
            // With room behind it for the words in which snapshots are copied.
            MemorySegment buffer = arena.allocate(NetHeader.BYTES + frame.length + HostMemory.LINE_BYTES, 64);
            long at = HostMemory.addressOf(buffer);
            HostMemory.copyIn(MemorySegment.ofArray(header).asSlice(0, NetHeader.BYTES), at);
            HostMemory.copyIn(frame, 0, at + NetHeader.BYTES, frame.length);
            burst.chains().addOwn(0, at, NetHeader.BYTES + frame.length);
            burst.flow(FIRST_QUEUE);
            burst.snapshot(0, NetHeader.BYTES, usable);
            burst.watch().observer(new Withheld());
            long destination = burst.destinationMac(0);
            forwarder.forward(source, burst);
            return verdict(source, burst, destination);
        }
    }

    /** Limits keep frames from ports without a push. */
    private final class Withheld implements FrameObserver {

        @Override
        public void withheld(Port destination, FrameBurst burst, int frame, DropReason why) {
            TrialPort port = ports.get(destination.name());
            if (port != null) {
                port.lost = why;
            }
        }

        @Override
        public void pulled(Port source, FrameBurst burst) {}

        @Override
        public void pushing(Port destination, FrameBurst burst, FrameList frames) {}

        @Override
        public void pushed(Port destination, FrameBurst burst, FrameList frames) {}

        @Override
        public void finished(Port source, FrameBurst burst) {}

        @Override
        public void abandoned() {}
    }

    private Verdict verdict(TrialPort source, FrameBurst burst, long destination) {
        DropReason dropped = burst.drop(0);
        int vlan = network == null || dropped != null ? 0 : network.vlanOf(source, 0);
        Port known = network == null || dropped != null ? null : network.whereIs(destination, vlan);
        Map<String, End> ends = new LinkedHashMap<>();
        for (TrialPort port : order()) {
            if (port != source) {
                Way way = way(source, port, known, vlan, dropped);
                ends.put(port.name(), new End(way, List.copyOf(port.parts), port.lost));
            }
        }
        boolean isGroup = (destination & 1) != 0;
        return new Verdict(dropped, burst.offloads(0), vlan, isGroup, known == null ? null : known.name(), ends);
    }

    private List<TrialPort> order() {
        List<TrialPort> all = new ArrayList<>();
        for (String name : places.keySet()) {
            TrialPort port = ports.get(name);
            if (port != null) {
                all.add(port);
            }
        }
        return all;
    }

    private Way way(TrialPort source, TrialPort port, @Nullable Port known, int vlan, @Nullable DropReason dropped) {
        boolean got = !port.parts.isEmpty() || port.lost != null;
        boolean isMirror = port.isMirror();
        if (got) {
            return isMirror ? Way.MIRRORED : network == null || port == known ? Way.STRAIGHT : Way.FLOODED;
        }
        if (network == null || (dropped != null && dropped != DropReason.ISOLATED)) {
            return Way.DROPPED;
        }
        return switch (network.reach(source, port, vlan)) {
            case OTHER_VLAN -> Way.OTHER_VLAN;
            case BOTH_ISOLATED -> Way.BOTH_ISOLATED;
            case MIRROR, REACHES, ITSELF -> known == null ? Way.DROPPED : Way.ELSEWHERE;
        };
    }
}
