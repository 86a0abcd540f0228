package io.annulet.guest;

import io.annulet.vhostuser.ProtocolFeature;
import io.annulet.vhostuser.VirtioFeature;
import io.annulet.vring.SplitRing;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * A whole guest: RAM, a front-end that tells a back-end of it, and a virtio-net driver that works the queues; owned by one
 * thread.
 *
 * <p>It goes through the life of a guest under QEMU: set-up, stop, reboot, loss of the back-end and a new one, sudden
 * death. Frames go through the queues of {@link #driver}.
 */
public final class SimulatedGuest implements AutoCloseable {

    // VIRTIO 1.2, "Device Status Field".
    private static final int STATUS_FEATURES_OK = 1 | 2 | 8;
    private static final int STATUS_DRIVER_OK = STATUS_FEATURES_OK | 4;

    private final GuestOptions options;
    private final GuestRam ram;
    private final NetDriver driver;
    private final int[] bases;
    private VhostUserFrontEnd frontEnd;
    private @Nullable BackendChannel backendChannel;
    private long features;
    private boolean memoryIsKnown;

    private SimulatedGuest(VhostUserFrontEnd frontEnd, GuestRam ram, NetDriver driver, GuestOptions options) {
        this.options = options;
        this.frontEnd = frontEnd;
        this.ram = ram;
        this.driver = driver;
        this.bases = new int[2 * options.queuePairs()];
    }

    /** Connects to a back-end's socket and brings the device up. */
    public static SimulatedGuest connect(Path socket, GuestOptions options) {
        return attach(VhostUserFrontEnd.connect(socket, options.timeoutNanos()), options);
    }

    /** Brings the device up over a connection, which the guest owns from now on. */
    public static SimulatedGuest attach(VhostUserFrontEnd frontEnd, GuestOptions options) {
        SimulatedGuest guest = build(frontEnd, options);
        boolean up = false;
        try {
            guest.features = guest.negotiate() & options.features();
            guest.checkRingSize();
            guest.boot();
            up = true;
            return guest;
        } finally {
            if (!up) {
                guest.close();
            }
        }
    }

    private static SimulatedGuest build(VhostUserFrontEnd frontEnd, GuestOptions options) {
        GuestRam ram = null;
        SimulatedGuest guest = null;
        try {
            ram = GuestRam.create(options.ramOrEnough());
            NetDriver driver = new NetDriver(ram, options.queues(), options.queuePairs());
            guest = new SimulatedGuest(frontEnd, ram, driver, options);
            return guest;
        } finally {
            if (guest == null) {
                frontEnd.close();
                if (ram != null) {
                    ram.close();
                }
            }
        }
    }

    /** Agrees on protocol features; returns the features offered. */
    private long negotiate() {
        frontEnd.replyTimeoutNanos(options.timeoutNanos());
        long offered = frontEnd.getFeatures();
        memoryIsKnown = false;
        if ((offered & options.features() & VirtioFeature.PROTOCOL_FEATURES) != 0) {
            negotiateProtocol();
        }
        frontEnd.setOwner();
        return offered;
    }

    private void negotiateProtocol() {
        frontEnd.setProtocolFeatures(frontEnd.getProtocolFeatures() & options.protocolFeatures());
        if (has(ProtocolFeature.MQ) && frontEnd.getQueueNum() < options.queuePairs()) {
            throw new FrontEndException(
                    FrontEndException.Reason.NOT_OFFERED,
                    "the back-end has fewer than " + options.queuePairs() + " queue pairs");
        }
        if (has(ProtocolFeature.CONFIGURE_MEM_SLOTS)
                && frontEnd.getMaxMemSlots() < ram.regions().size()) {
            throw new FrontEndException(
                    FrontEndException.Reason.NOT_OFFERED,
                    "the back-end has fewer than " + ram.regions().size() + " memory slots");
        }
        if (has(ProtocolFeature.BACKEND_REQ)) {
            backendChannel = frontEnd.openBackendChannel();
        }
    }

    private boolean has(ProtocolFeature feature) {
        return feature.in(frontEnd.protocolFeatures());
    }

    private void checkRingSize() {
        int size = options.queues().ringSize();
        if ((features & VirtioFeature.RING_PACKED) == 0 && !SplitRing.isValidSize(size)) {
            throw new FrontEndException(
                    FrontEndException.Reason.NOT_OFFERED,
                    "a ring of " + size + " descriptors has to be packed, which was not agreed on");
        }
    }

    /** The driver probes its device: all rings empty. */
    private void boot() {
        driver.start(features);
        int first = options.queues().baseIndex();
        driver.vrings().forEach(vring -> bases[vring.index()] = vring.firstBase(first));
        resume();
    }

    /** Starts the device where its rings stand, as after {@link #shutdown}. */
    public void resume() {
        frontEnd.setFeatures(features);
        setStatus(STATUS_FEATURES_OK);
        shareMemory();
        driver.vrings().forEach(this::startVring);
        enable(true);
        setStatus(STATUS_DRIVER_OK);
        settle();
    }

    /**
     * Without acknowledgements nobody knows when a message has had its effect. Messages are served in their order, so a
     * question that is answered tells it, as QEMU does; else the first frames may find no started ring.
     */
    private void settle() {
        if ((features & VirtioFeature.PROTOCOL_FEATURES) == 0) {
            frontEnd.getFeatures();
        }
    }

    private void shareMemory() {
        if (!options.memorySlots() || !has(ProtocolFeature.CONFIGURE_MEM_SLOTS)) {
            frontEnd.setMemTable(ram.regions());
        } else if (!memoryIsKnown) {
            ram.regions().forEach(frontEnd::addMemRegion);
        }
        memoryIsKnown = true;
    }

    private void startVring(DriverVring vring) {
        int index = vring.index();
        frontEnd.setVringNum(index, vring.ring().size());
        frontEnd.setVringBase(index, bases[index]);
        frontEnd.setVringAddress(index, vring.ring());
        frontEnd.setVringErr(index, vring.errFd().fd());
        frontEnd.setVringCall(index, vring.callFd().fd());
        frontEnd.setVringKick(index, vring.kickFd().fd());
    }

    private void enable(boolean enable) {
        if ((features & VirtioFeature.PROTOCOL_FEATURES) != 0) {
            driver.vrings().forEach(vring -> frontEnd.setVringEnable(vring.index(), enable));
        }
    }

    private void setStatus(int status) {
        if (has(ProtocolFeature.STATUS)) {
            frontEnd.setStatus(status);
        }
    }

    /** Stops the device, as when the guest is paused or shuts down; afterwards the back-end touches no ring. */
    public void shutdown() {
        enable(false);
        driver.vrings().forEach(vring -> bases[vring.index()] = frontEnd.getVringBase(vring.index()));
        setStatus(0);
    }

    /** Reboots: stops, resets the device if that was agreed on, and probes it again. */
    public void reset() {
        shutdown();
        if (has(ProtocolFeature.RESET_DEVICE)) {
            frontEnd.resetDevice();
        }
        boot();
    }

    /**
     * Goes on with a new back-end after the old one died, as QEMU does: the same rings, each from its used index on. What
     * was available and not used is worked again.
     */
    public void reconnect(Path socket) {
        reconnect(VhostUserFrontEnd.connect(socket, options.timeoutNanos()));
    }

    /** Goes on over another connection, which the guest owns from now on. */
    public void reconnect(VhostUserFrontEnd other) {
        crash();
        frontEnd = other;
        long offered = negotiate();
        if ((features & ~offered) != 0) {
            throw new FrontEndException(
                    FrontEndException.Reason.NOT_OFFERED,
                    "the new back-end lacks features 0x" + Long.toHexString(features & ~offered));
        }
        driver.vrings().forEach(vring -> bases[vring.index()] = vring.baseAfterLoss());
        resume();
    }

    /** Cuts the connection without a word, as a VMM that was killed; memory and rings stay. */
    public void crash() {
        frontEnd.close();
        if (backendChannel != null) {
            backendChannel.close();
            backendChannel = null;
        }
    }

    public GuestRam ram() {
        return ram;
    }

    public NetDriver driver() {
        return driver;
    }

    public VhostUserFrontEnd frontEnd() {
        return frontEnd;
    }

    /** Where the back-end's own requests arrive; null if that was not agreed on. */
    public @Nullable BackendChannel backendChannel() {
        return backendChannel;
    }

    /** The acknowledged features. */
    public long features() {
        return features;
    }

    public DriverTransmitQueue transmitQueue(int pair) {
        return driver.transmitQueue(pair);
    }

    public DriverReceiveQueue receiveQueue(int pair) {
        return driver.receiveQueue(pair);
    }

    /** Cuts the connection and gives the memory back. */
    @Override
    public void close() {
        crash();
        driver.close();
        ram.close();
    }
}
