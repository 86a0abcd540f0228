package io.annulet.cli.study.copy;

import io.annulet.backend.data.FrameBurst;
import io.annulet.backend.data.Link;
import io.annulet.backend.data.QueueSetup;
import io.annulet.backend.offload.Offload;
import io.annulet.backend.port.GuestPort;
import io.annulet.backend.port.GuestShard;
import io.annulet.backend.port.LoopbackPort;
import io.annulet.backend.port.Port;
import io.annulet.backend.port.PortListener;
import io.annulet.backend.stats.CountersFile;
import io.annulet.backend.stats.PortCounters;
import io.annulet.cli.study.StudyFailure;
import io.annulet.guest.DriverTransmitQueue;
import io.annulet.guest.DriverVring;
import io.annulet.guest.GuestRam;
import io.annulet.guest.KickPolicy;
import io.annulet.guest.NetDriver;
import io.annulet.guest.QueueOptions;
import io.annulet.guest.RamOptions;
import io.annulet.vhostuser.VirtioFeature;
import io.annulet.vring.RingFault;
import io.annulet.vring.RingFeatures;
import java.util.List;

/**
 * A driver, a port, a link and another port, all worked by the measuring thread: what a worker does for a frame, without
 * any notification. With one copy the other port is a second guest's; with two it is one that queues frames in memory of
 * its own and sends them back.
 */
final class RingToRing implements AutoCloseable {

    private static final int RING_SIZE = 64;
    private static final int BURST = 32;
    private static final long FEATURES = VirtioFeature.VERSION_1;
    private static final int HEADER_BYTES = 12;

    private final GuestRam ram;
    private final NetDriver sender;
    private final NetDriver receiver;
    private final Port source;
    private final Port destination;
    private final Link link = new Link();
    private final FrameBurst burst = new FrameBurst(RING_SIZE);
    private final int frameBytes;
    private final boolean twoCopies;
    private long delivered;

    /** A guest that nothing goes wrong with. */
    private static final class Quiet implements PortListener {

        @Override
        public void onRingBroken(int queueIndex, RingFault fault) {
            throw new StudyFailure("queue " + queueIndex + " broke: " + fault);
        }

        @Override
        public void onMemoryLost(int epoch) {
            throw new StudyFailure("guest memory is gone");
        }
    }

    RingToRing(int frameBytes, boolean twoCopies) {
        this.frameBytes = frameBytes;
        this.twoCopies = twoCopies;
        QueueOptions options = QueueOptions.DEFAULTS
                .withRingSize(RING_SIZE)
                .withMaxFrameByteLength(frameBytes)
                .withReceiveBuffers(HEADER_BYTES + frameBytes, QueueOptions.DEFAULTS.receiveFraming())
                .withKickPolicy(KickPolicy.NEVER);
        ram = GuestRam.create(
                RamOptions.of(2 * NetDriver.ramByteLength(options, 1)).withPopulate());
        sender = new NetDriver(ram, options, 1);
        receiver = twoCopies ? sender : new NetDriver(ram, options, 1);
        sender.start(FEATURES);
        CountersFile counters = CountersFile.inMemory(2 * PortCounters.COUNT);
        GuestShard first = guestPort("a", counters);
        open(first, sender);
        source = first;
        if (twoCopies) {
            destination = new LoopbackPort("b", new PortCounters(counters.manager(), "b"));
        } else {
            receiver.start(FEATURES);
            GuestShard second = guestPort("b", counters);
            open(second, receiver);
            destination = second;
        }
        link.add(source);
        link.add(destination);
    }

    private static GuestShard guestPort(String name, CountersFile counters) {
        return new GuestPort(name, 1, 0, List.of(new PortCounters(counters.manager(), name)), new Quiet(), () -> true)
                .shard(0);
    }

    private void open(GuestShard port, NetDriver driver) {
        for (DriverVring vring : driver.vrings()) {
            port.onOpenQueue(new QueueSetup(
                    vring.index(),
                    vring.layout(),
                    ram.asGuestMemory(),
                    RingFeatures.of(FEATURES),
                    HEADER_BYTES,
                    false,
                    Offload.NONE,
                    0,
                    true,
                    null,
                    vring.callFd(),
                    null));
        }
    }

    /** Lets a burst of frames through; how long the part between the rings took. */
    long carryBurst() {
        DriverTransmitQueue transmit = sender.transmitQueue(0);
        for (int i = 0; i < BURST; i++) {
            if (transmit.reserve() == 0) {
                throw new StudyFailure("the back-end keeps the sender's buffers");
            }
            transmit.submit(frameBytes);
        }
        transmit.flush();
        long began = System.nanoTime();
        int moved = 1;
        while (moved > 0) {
            moved = visit(source);
            while (twoCopies && visit(destination) > 0) {
                moved++;
            }
        }
        long nanos = System.nanoTime() - began;
        delivered += receiver.receiveQueue(0).receive(frame -> {}, RING_SIZE);
        return nanos;
    }

    private int visit(Port port) {
        burst.clear();
        int frames = port.pull(burst);
        if (frames > 0) {
            link.forward(port, burst);
            port.finish(burst);
        }
        return frames;
    }

    static int burst() {
        return BURST;
    }

    /** Frames that the receiver has seen. */
    long delivered() {
        return delivered;
    }

    @Override
    public void close() {
        source.detached();
        destination.detached();
        sender.close();
        if (receiver != sender) {
            receiver.close();
        }
        ram.close();
    }
}
