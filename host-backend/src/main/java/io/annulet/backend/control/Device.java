package io.annulet.backend.control;

import io.annulet.backend.data.PortProxy;
import io.annulet.backend.handover.PassedDevice;
import io.annulet.backend.handover.SentFds;
import io.annulet.backend.handover.TakenFds;
import io.annulet.linux.EventFd;
import io.annulet.linux.Fd;
import io.annulet.vhostuser.ProtocolFeature;
import io.annulet.vhostuser.VirtioFeature;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The device that one front-end has set up, all of its state; owned by the control thread. A new session begins with a new
 * one.
 */
final class Device {

    final VhostUserOptions options;
    final ControlLimits limits;
    final PortProxy port;
    final Negotiation negotiation;
    final NetState net;
    final Retired retired = new Retired();
    final Iotlb iotlb;
    final Postcopy postcopy;

    /** What outlives this process of its rings. */
    RingRecords records;

    private final List<MemoryShares> shares;
    private final VringConfig[] vrings;

    /** Read by the worker too, after an access to memory failed. */
    private volatile MemoryTable memory = MemoryTable.EMPTY;

    /** Likewise; null until one is shared. */
    private volatile @Nullable LogMapping log;

    /** Likewise; null until one is shared. */
    private volatile @Nullable InflightMemory inflight;

    private Consumer<String> told = what -> {};
    private Runnable leftBehind = () -> {};

    /** The device status of VIRTIO, as the front-end last told it. */
    int status;

    /** What the front-end told the guest, 0 if nothing. */
    int mtu;

    /** A state that was loaded: it takes effect whenever features are agreed on, until a ring starts. */
    List<Command> saved = List.of();

    private @Nullable Fd backendChannel;
    private @Nullable StateTransfer transfer;
    private @Nullable RequestChannel requests;

    Device(VhostUserOptions options, PortProxy port, RingRecords records) {
        this(options, ControlLimits.DEFAULTS, port, records, List.of());
    }

    /** @param shares who may read its memory beside this process */
    Device(
            VhostUserOptions options,
            ControlLimits limits,
            PortProxy port,
            RingRecords records,
            List<? extends MemoryShares> shares) {
        this.limits = limits;
        this.shares = List.copyOf(shares);
        this.options = options;
        this.port = port;
        this.records = records;
        this.negotiation = new Negotiation(Offer.features(options), Offer.protocolFeatures(options));
        this.net = new NetState(options, limits);
        this.vrings = new VringConfig[2 * options.queuePairs() + (options.isGeneric() ? 1 : 0)];
        Arrays.setAll(vrings, VringConfig::new);
        this.iotlb = new Iotlb(vrings.length);
        this.postcopy = new Postcopy(options.name(), vrings.length);
    }

    /**
     * Has someone know.
     *
     * @param what of things that people should read of
     * @param behind that a device before this one left rings whose front-end counts on them
     */
    Device telling(Consumer<String> what, Runnable behind) {
        told = what;
        leftBehind = behind;
        return this;
    }

    void tell(String what) {
        told.accept(what);
    }

    void onLeftBehind() {
        leftBehind.run();
    }

    /** What the guest is told, by the front-end or by the configuration space; 0 if nothing. */
    int mtuOfGuest() {
        return mtu != 0 ? mtu : options.mtu();
    }

    List<VringConfig> vrings() {
        return List.of(vrings);
    }

    /** As it is passed on. */
    PassedDevice passed(SentFds fds) {
        LogMapping shared = log;
        InflightMemory noted = inflight;
        return new PassedDevice(
                negotiation.isSet(),
                negotiation.features(),
                negotiation.protocolFeatures(),
                status,
                mtu,
                fds.add(backendChannel),
                memory.regions().stream().map(region -> region.passed(fds)).toList(),
                shared == null ? null : shared.passed(fds),
                vrings().stream().map(vring -> vring.passed(fds)).toList(),
                net.passed(),
                noted == null ? null : noted.passed(fds));
    }

    /**
     * Becomes what was passed on of a device: a fresh one, whose rings nobody works yet.
     *
     * @throws MessageFault if that cannot be served: memory is gone, or features are not offered any more
     */
    void goOnAs(PassedDevice passed, TakenFds fds) {
        if (passed.featuresSet()) {
            FeatureMessages.checkOffered(passed.features(), negotiation.offeredFeatures());
            negotiation.acknowledge(passed.features());
        }
        FeatureMessages.checkOffered(passed.protocolFeatures(), negotiation.offeredProtocolFeatures());
        negotiation.acknowledgeProtocol(passed.protocolFeatures());
        status = passed.status();
        mtu = passed.mtu();
        backendChannel(fds.take(passed.backendChannel()));
        net.goOnAs(passed.net(), negotiation.features());
        for (PassedDevice.Ring ring : passed.rings()) {
            vring(ring.index()).goOnAs(ring, fds);
        }
        if (!passed.regions().isEmpty()) {
            List<RegionRequest> requests =
                    passed.regions().stream().map(RegionRequest::of).toList();
            List<Fd> files = passed.regions().stream()
                    .map(region -> fds.takeOne(region.file()))
                    .toList();
            memory(MemoryTable.EMPTY.replacedBy(requests, files, options.seal(), limits));
        }
        PassedDevice.Log shared = passed.log();
        if (shared != null) {
            log = LogMapping.of(fds.takeOne(shared.file()), shared.byteLength(), shared.fileOffset(), options.seal());
        }
        PassedDevice.Inflight noted = passed.inflight();
        if (noted != null) {
            InflightMemory.Shape shape = new InflightMemory.Shape(noted.queues(), noted.queueSize(), noted.packed());
            Fd file = fds.takeOne(noted.file());
            inflight = InflightMemory.of(shape, file, noted.byteLength(), noted.fileOffset(), options.seal());
        }
    }

    /** The ring of an index as it came, not cut to fewer bits. */
    VringConfig vring(long index) {
        if (index < 0 || index >= vrings.length) {
            throw new MessageFault("vring " + Long.toUnsignedString(index) + " of " + vrings.length);
        }
        return vrings[(int) index];
    }

    /** Whether addresses are looked up in what is known of them, see {@link Iotlb}. */
    boolean isTranslated() {
        return isBehindIommu() || postcopy.isListening();
    }

    /** Whether addresses of rings, and those in descriptors, are those of an IOMMU. */
    boolean isBehindIommu() {
        return (negotiation.features() & VirtioFeature.ACCESS_PLATFORM) != 0;
    }

    List<VringConfig> startedVrings() {
        return Arrays.stream(vrings).filter(VringConfig::isStarted).toList();
    }

    MemoryTable memory() {
        return memory;
    }

    /** Puts a table in force; what only the one before had is closed after the worker's next acknowledgement. */
    void memory(MemoryTable next) {
        MemoryTable old = memory;
        shares.forEach(share -> share.addNew(next));
        memory = next;
        old.missingIn(next).forEach(this::retire);
    }

    /** A region is unmapped only after it was taken from all who share it. */
    private void retire(MappedRegion region) {
        retired.add(() -> {
            shares.forEach(share -> share.remove(region));
            region.close();
        });
    }

    @Nullable
    LogMapping log() {
        return log;
    }

    void log(@Nullable LogMapping next) {
        log = next;
    }

    @Nullable
    InflightMemory inflight() {
        return inflight;
    }

    /** Puts other memory in force; no ring runs. */
    void inflight(InflightMemory next) {
        retired.add(inflight);
        inflight = next;
    }

    /** Whether all files that the worker touches are as long as they were. From any thread. */
    boolean isMemoryWhole() {
        LogMapping shared = log;
        InflightMemory noted = inflight;
        return memory.isWhole() && (shared == null || shared.isWhole()) && (noted == null || noted.isWhole());
    }

    /** Whether an access may have failed since one of them has holes and nothing to fill them with. From any thread. */
    boolean mayLackPages() {
        LogMapping shared = log;
        InflightMemory noted = inflight;
        return memory.mayLackPages()
                || (shared != null && shared.mayLackPages())
                || (noted != null && noted.mayLackPages());
    }

    /** Keeps the socket for requests of our own; the one before is closed. */
    void backendChannel(@Nullable Fd socket) {
        retired.add(backendChannel);
        backendChannel = socket;
        requests = socket == null ? null : new RequestChannel(socket);
        if (!options.postcopy()) {
            iotlb.source(requests);
        }
    }

    /** The state that is on its way, or has come. */
    @Nullable
    StateTransfer transfer() {
        return transfer;
    }

    /** Gives up what was on its way before. */
    void transfer(@Nullable StateTransfer next) {
        if (transfer != null) {
            transfer.close();
        }
        transfer = next;
    }

    /** Tells the front-end that the configuration space is not what it was; false if it could not be told. */
    boolean tellConfigChanged() {
        return requests == null || !negotiation.has(ProtocolFeature.CONFIG) || requests.configChanged();
    }

    /** Every descriptor that the worker may signal, those included that it was told to let go of. */
    List<EventFd> signals() {
        List<EventFd> signals = retired.eventFds();
        for (VringConfig vring : vrings) {
            if (vring.call != null) {
                signals.add(vring.call);
            }
            if (vring.error != null) {
                signals.add(vring.error);
            }
        }
        return signals;
    }

    /** Descriptors that this device holds. */
    int descriptorCount() {
        int count = memory.regions().size()
                + (backendChannel == null ? 0 : 1)
                + postcopy.descriptorCount()
                + (log == null ? 0 : 1);
        count += transfer == null ? 0 : StateTransfer.DESCRIPTORS;
        count += inflight == null ? 0 : 1;
        for (VringConfig vring : vrings) {
            count += (vring.kick == null ? 0 : 1) + (vring.call == null ? 0 : 1) + (vring.error == null ? 0 : 1);
        }
        return count;
    }

    /** Lets go of everything; the worker has acknowledged that it has left all rings. */
    void release() {
        postcopy.close();
        MemoryTable last = memory;
        memory = MemoryTable.EMPTY;
        last.regions().forEach(this::retire);
        retired.add(log);
        log = null;
        retired.add(inflight);
        inflight = null;
        for (VringConfig vring : vrings) {
            vring.stop();
            retired.add(vring.kick);
            retired.add(vring.call);
            retired.add(vring.error);
            vring.kick = null;
            vring.call = null;
            vring.error = null;
        }
        backendChannel(null);
        transfer(null);
        shares.forEach(retired::add);
        retired.closeAll();
    }
}
