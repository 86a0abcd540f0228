package io.annulet.guest;

import io.annulet.vhostuser.MessageLayout;
import io.annulet.vhostuser.ProtocolFeature;
import io.annulet.vhostuser.VhostUserRequest;
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

    private static final int MAX_VRINGS = 256;
    private static final long TRANSLATED_PIECE_BYTES = 64 << 10;

    private final GuestOptions options;
    private final GuestRam ram;
    private final NetDriver driver;
    private final int[] bases;
    private VhostUserFrontEnd frontEnd;
    private @Nullable BackendChannel backendChannel;
    private @Nullable IoTranslation translation;
    private @Nullable InflightArea inflight;
    private @Nullable DirtyLog log;
    private long offered;
    private long features;
    private boolean memoryIsKnown;

    private SimulatedGuest(VhostUserFrontEnd frontEnd, GuestRam ram, NetDriver driver, GuestOptions options) {
        this.options = options;
        this.frontEnd = frontEnd;
        this.ram = ram;
        this.driver = driver;
        this.bases = new int[MAX_VRINGS];
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
            guest.features = guest.negotiate() & options.features() & ~VirtioFeature.LOG_ALL;
            guest.checkRingSize();
            guest.addControlQueue();
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
        offered = frontEnd.getFeatures();
        memoryIsKnown = false;
        if ((offered & options.features() & VirtioFeature.PROTOCOL_FEATURES) != 0) {
            negotiateProtocol();
        }
        frontEnd.setOwner();
        translation = newTranslation();
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

    /** With ACCESS_PLATFORM addresses are those of an IOMMU, and the back-end has to be able to ask for them. */
    private @Nullable IoTranslation newTranslation() {
        if ((offered & options.features() & VirtioFeature.ACCESS_PLATFORM) == 0) {
            return null;
        }
        if (backendChannel == null) {
            throw new FrontEndException(
                    FrontEndException.Reason.NOT_OFFERED,
                    "the back-end has ACCESS_PLATFORM, but cannot ask for translations: it lacks BACKEND_REQ");
        }
        return new IoTranslation(frontEnd, backendChannel, ram, TRANSLATED_PIECE_BYTES);
    }

    private void checkRingSize() {
        int size = options.queues().ringSize();
        if ((features & VirtioFeature.RING_PACKED) == 0 && !SplitRing.isValidSize(size)) {
            throw new FrontEndException(
                    FrontEndException.Reason.NOT_OFFERED,
                    "a ring of " + size + " descriptors has to be packed, which was not agreed on");
        }
    }

    /** VIRTIO 1.4, "Network Device, Virtqueues": the control queue is behind all pairs, or behind the one without MQ. */
    private void addControlQueue() {
        if ((features & VirtioFeature.NET_CTRL_VQ) != 0) {
            boolean isMultiQueue = (features & (VirtioFeature.NET_MQ | VirtioFeature.NET_RSS)) != 0;
            driver.addControlQueue(ram, isMultiQueue ? 2 * Math.toIntExact(frontEnd.getQueueNum()) : 2);
        }
    }

    /** The driver probes its device: all rings empty. */
    private void boot() {
        driver.start(features);
        int first = options.queues().baseIndex();
        driver.vrings().forEach(vring -> bases[vring.index()] = vring.firstBase(first));
        resume();
        if (driver.controlQueue() != null && options.queuePairs() > 1) {
            driver.controlQueue().useQueuePairs(options.queuePairs());
        }
    }

    /** Resets a queue, given by its vring's number, while the others go on: its ring is stopped, and started as a new one. */
    public void resetQueue(int vring) {
        frontEnd.getVringBase(vring);
        driver.start(vring, features);
        bases[vring] = driver.vrings().get(vring).firstBase(options.queues().baseIndex());
        startVring(driver.vrings().get(vring));
    }

    /** Starts the device where its rings stand. */
    public void resume() {
        frontEnd.setFeatures(features);
        setStatus(STATUS_FEATURES_OK);
        shareInflight();
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

    /** The back-end's notes of what it has taken: a new back-end gets those of the one before. */
    private void shareInflight() {
        if (has(ProtocolFeature.INFLIGHT_SHMFD)) {
            ExtensionMessages messages = new ExtensionMessages(frontEnd);
            if (inflight == null) {
                inflight = messages.getInflightFd(
                        2 * options.queuePairs(), options.queues().ringSize());
            }
            messages.setInflightFd(inflight);
        }
    }

    private void startVring(DriverVring vring) {
        int index = vring.index();
        frontEnd.setVringNum(index, vring.ring().size());
        frontEnd.setVringBase(index, bases[index]);
        tellAddress(vring);
        frontEnd.setVringErr(index, vring.errFd().fd());
        frontEnd.setVringCall(index, vring.callFd().fd());
        frontEnd.setVringKick(index, vring.kickFd().fd());
    }

    private void tellAddress(DriverVring vring) {
        RawRing ring = vring.ring();
        int flags = log == null ? 0 : MessageLayout.ADDRESS_FLAG_LOG;
        boolean isTranslated = translation != null;
        byte[] payload = Payloads.vringAddress(
                vring.index(),
                flags,
                isTranslated ? ram.guestAddressOf(ring.descriptorHostAddress()) : ring.descriptorUserAddress(),
                isTranslated ? ram.guestAddressOf(ring.usedHostAddress()) : ring.usedUserAddress(),
                isTranslated ? ram.guestAddressOf(ring.availHostAddress()) : ring.availUserAddress(),
                log == null ? 0 : ram.guestAddressOf(ring.usedHostAddress()));
        frontEnd.tell(VhostUserRequest.SET_VRING_ADDR, payload);
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
        stopRings();
        setStatus(0);
    }

    /** Stops the rings only, and leaves the device as the driver has set it up. */
    public void stopRings() {
        enable(false);
        driver.vrings().forEach(vring -> bases[vring.index()] = frontEnd.getVringBase(vring.index()));
    }

    /** Has the back-end log what it writes, as when the guest is about to move; the guest owns the log. */
    public DirtyLog startLogging() {
        if (!has(ProtocolFeature.LOG_SHMFD) || (offered & VirtioFeature.LOG_ALL) == 0) {
            throw new FrontEndException(
                    FrontEndException.Reason.NOT_OFFERED, "the back-end does not log what it writes");
        }
        stopLogging();
        DirtyLog begun = DirtyLog.covering(ram);
        log = begun;
        new MigrationMessages(frontEnd).setLogBase(begun);
        features |= VirtioFeature.LOG_ALL;
        frontEnd.setFeatures(features);
        driver.vrings().forEach(this::tellAddress);
        return begun;
    }

    /** Has the back-end log no more, as when a guest stayed after all. */
    public void stopLogging() {
        DirtyLog ended = log;
        if (ended != null) {
            log = null;
            features &= ~VirtioFeature.LOG_ALL;
            frontEnd.setFeatures(features);
            driver.vrings().forEach(this::tellAddress);
            ended.close();
        }
    }

    /** Reboots: stops, resets the device if that was agreed on, and probes it again. */
    public void reset() {
        shutdown();
        if (has(ProtocolFeature.RESET_DEVICE)) {
            frontEnd.resetDevice();
        }
        forgetInflight();
        boot();
    }

    /** Goes on with a new back-end after the old one died: the same rings; what was not used is worked again. */
    public void reconnect(Path socket) {
        reconnect(VhostUserFrontEnd.connect(socket, options.timeoutNanos()));
    }

    public void reconnect(VhostUserFrontEnd other) {
        reconnect(other, true);
    }

    /** Likewise as QEMU, which does not know how far a packed ring came and tells once more where it was last started. */
    public void reconnectWithoutPackedBases(Path socket) {
        reconnect(VhostUserFrontEnd.connect(socket, options.timeoutNanos()), false);
    }

    private void reconnect(VhostUserFrontEnd other, boolean knowsPackedBases) {
        crash();
        frontEnd = other;
        negotiate();
        long lacking = features & ~offered;
        if (lacking != 0) {
            throw new FrontEndException(
                    FrontEndException.Reason.NOT_OFFERED, "the new back-end lacks 0x" + Long.toHexString(lacking));
        }
        for (DriverVring vring : driver.vrings()) {
            if (knowsPackedBases || vring.layout() instanceof SplitRing) {
                bases[vring.index()] = vring.baseAfterLoss();
            }
        }
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

    /** The IOMMU that the back-end asks, which someone has to serve; null if its addresses are the front-end's. */
    public @Nullable IoTranslation translation() {
        return translation;
    }

    /** What the back-end noted it has taken; null if that was not agreed on. */
    public @Nullable InflightArea inflight() {
        return inflight;
    }

    private void forgetInflight() {
        if (inflight != null) {
            inflight.close();
            inflight = null;
        }
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
        forgetInflight();
        if (log != null) {
            log.close();
        }
        driver.close();
        ram.close();
    }
}
