package io.annulet.cli.bench;

import io.annulet.guest.DriverTransmitQueue;
import io.annulet.guest.GuestOptions;
import io.annulet.guest.SimulatedGuest;
import java.nio.file.Path;

/** A simulated guest at a vhost-user back-end; used by one thread at a time. */
record VhostGuest(SimulatedGuest guest) implements SegmentSender.Guest {

    static VhostGuest connect(Path socket) {
        GuestOptions options =
                GuestOptions.DEFAULTS.withFeatures(SegmentSender.FEATURES).withQueues(SegmentSender.QUEUES);
        return new VhostGuest(SimulatedGuest.connect(socket, options));
    }

    @Override
    public DriverTransmitQueue queue() {
        return guest.transmitQueue(0);
    }

    @Override
    public void kicked() {
        // By its eventfd, which the back-end watches.
    }

    @Override
    public void close() {
        guest.close();
    }
}
