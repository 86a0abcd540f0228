package io.annulet.guest.traffic;

import io.annulet.guest.Framing;
import io.annulet.guest.GuestOptions;
import io.annulet.guest.NetHeaderLayout;
import io.annulet.guest.QueueOptions;
import io.annulet.vhostuser.VirtioFeature;

/**
 * A run of traffic through simulated guests.
 *
 * @param bothWays in {@link TrafficMode#MEASURE} with two guests: each sends to the other
 * @param firstStation the number of the first guest, which its addresses follow from
 * @param to the number of the guest that frames are for which have no receiver in this run; {@link #NOBODY} for none in
 *     particular: a guest alone then measures with frames for itself, and sends to everybody
 */
public record TrafficOptions(
        TrafficMode mode,
        GuestOptions guest,
        Load load,
        boolean bothWays,
        int firstStation,
        int to,
        Placement placement,
        Patience patience) {

    public static final int MAX_STATION = 200;
    public static final int NOBODY = -1;

    public static final TrafficOptions DEFAULTS = new TrafficOptions(
            TrafficMode.MEASURE,
            GuestOptions.DEFAULTS,
            Load.DEFAULTS,
            false,
            0,
            NOBODY,
            Placement.DEFAULTS,
            Patience.DEFAULTS);

    public TrafficOptions {
        if (firstStation < 0 || firstStation > MAX_STATION) {
            throw new IllegalArgumentException("guest number " + firstStation + ": 0 to " + MAX_STATION);
        }
        if (to != NOBODY && (to < 0 || to > MAX_STATION)) {
            throw new IllegalArgumentException("to guest number " + to + ": 0 to " + MAX_STATION);
        }
    }

    public TrafficOptions withMode(TrafficMode other) {
        return new TrafficOptions(other, guest, load, bothWays, firstStation, to, placement, patience);
    }

    public TrafficOptions withGuest(GuestOptions other) {
        return new TrafficOptions(mode, other, load, bothWays, firstStation, to, placement, patience);
    }

    public TrafficOptions withLoad(Load other) {
        return new TrafficOptions(mode, guest, other, bothWays, firstStation, to, placement, patience);
    }

    public TrafficOptions withBothWays() {
        return new TrafficOptions(mode, guest, load, true, firstStation, to, placement, patience);
    }

    public TrafficOptions withFirstStation(int number) {
        return new TrafficOptions(mode, guest, load, bothWays, number, to, placement, patience);
    }

    public TrafficOptions withTo(int number) {
        return new TrafficOptions(mode, guest, load, bothWays, firstStation, number, placement, patience);
    }

    public TrafficOptions withPlacement(Placement other) {
        return new TrafficOptions(mode, guest, load, bothWays, firstStation, to, other, patience);
    }

    public TrafficOptions withPatience(Patience other) {
        return new TrafficOptions(mode, guest, load, bothWays, firstStation, to, placement, other);
    }

    /**
     * The guest with transmit buffers for the longest frame, receive buffers too if a frame has to fit one, and the
     * features that the load needs.
     */
    GuestOptions fittedGuest() {
        QueueOptions queues = guest.queues();
        int longest = load.maxByteLength();
        if (longest > queues.maxFrameByteLength()) {
            queues = queues.withMaxFrameByteLength(longest);
        }
        boolean isMergeable = (guest.features() & VirtioFeature.NET_MRG_RXBUF) != 0;
        int needed = longest + NetHeaderLayout.MAX_BYTES;
        if (!isMergeable && needed > queues.receiveBufferByteLength()) {
            queues = queues.withReceiveBuffers(needed, queues.receiveFraming());
        }
        return guest.withQueues(queues)
                .withFeatures(guest.features() | load.offloading().kind().features());
    }

    /** Frames and receive buffers as so many descriptors each, in the ring or through a table. */
    public static QueueOptions withDescriptors(QueueOptions queues, int count, boolean indirect) {
        Framing framing = indirect ? Framing.pieces(count).throughTable() : Framing.pieces(count);
        return queues.withTransmitFraming(framing);
    }
}
