package io.annulet.guest.conform;

import io.annulet.guest.GuestRam;
import io.annulet.guest.RamOptions;
import io.annulet.guest.RamRegion;
import io.annulet.guest.VhostUserFrontEnd;
import io.annulet.linux.Seals;
import io.annulet.vhostuser.ProtocolFeature;
import io.annulet.vhostuser.VirtioFeature;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A guest that a rule plays, step by step; used by one thread.
 *
 * <p>{@link #bringUp} does all steps as QEMU does. A rule that is about one of them does that one itself.
 */
final class ProbeGuest implements AutoCloseable {

    private final int port;
    private final Setup setup;
    private final GuestRam ram;
    private final ProbeBuffers buffers;
    private final List<ProbeQueue> queues = new ArrayList<>();
    private final List<FramePath> paths = new ArrayList<>();
    private VhostUserFrontEnd frontEnd;
    private int ringSize;
    private long offered;
    private long offeredProtocol;
    private long features;

    private ProbeGuest(VhostUserFrontEnd frontEnd, int port, Setup setup) {
        this.port = port;
        this.setup = setup;
        this.frontEnd = frontEnd;
        this.ringSize = setup.ringSize();
        this.ram = GuestRam.create(setup.ram());
        this.buffers = new ProbeBuffers(ram);
        // A back-end that shortened the memory would end this process and not only its own.
        ram.regions().forEach(region -> Seals.add(region.file(), Seals.SHRINK));
    }

    /** A guest over a connection, which it owns from now on; both sides know each other's features then. */
    static ProbeGuest attach(VhostUserFrontEnd frontEnd, int port, Setup setup) {
        ProbeGuest guest = new ProbeGuest(frontEnd, port, setup);
        boolean done = false;
        try {
            guest.negotiate();
            guest.makeQueues();
            done = true;
            return guest;
        } finally {
            if (!done) {
                guest.close();
            }
        }
    }

    private void negotiate() {
        offered = frontEnd.getFeatures();
        features = offered & setup.features();
        if (has(VirtioFeature.PROTOCOL_FEATURES)) {
            offeredProtocol = frontEnd.getProtocolFeatures();
            frontEnd.setProtocolFeatures(offeredProtocol & setup.protocolFeatures());
        }
        frontEnd.setOwner();
    }

    /** Other rings, in other memory; the back-end must have stopped the old ones. */
    void renewQueues(int size) {
        queues.forEach(ProbeQueue::close);
        queues.clear();
        paths.clear();
        ringSize = size;
        makeQueues();
    }

    private void makeQueues() {
        for (int pair = 0; pair < setup.queuePairs(); pair++) {
            ProbeQueue receive = makeQueue(2 * pair);
            ProbeQueue transmit = makeQueue(2 * pair + 1);
            paths.add(new FramePath(buffers, receive, transmit, features));
        }
    }

    private ProbeQueue makeQueue(int index) {
        ProbeQueue queue = new ProbeQueue(ram, index, ringSize, setup.baseIndex(), features);
        queues.add(queue);
        return queue;
    }

    // What was agreed on.

    long offered() {
        return offered;
    }

    long offeredProtocol() {
        return offeredProtocol;
    }

    /** The acknowledged features. */
    long features() {
        return features;
    }

    boolean has(long feature) {
        return (features & feature) != 0;
    }

    boolean has(ProtocolFeature feature) {
        return feature.in(frontEnd.protocolFeatures());
    }

    ProbeGuest needs(long feature, String name) {
        if (!has(feature)) {
            throw Stop.notOffered(name);
        }
        return this;
    }

    ProbeGuest needs(ProtocolFeature feature) {
        if (!has(feature)) {
            throw Stop.notOffered("VHOST_USER_PROTOCOL_F_" + feature);
        }
        return this;
    }

    // Steps of the set-up, in this order.

    void setFeatures() {
        frontEnd.setFeatures(features);
    }

    void shareMemory() {
        if (has(ProtocolFeature.CONFIGURE_MEM_SLOTS)) {
            ram.regions().forEach(frontEnd::addMemRegion);
        } else {
            frontEnd.setMemTable(ram.regions());
        }
    }

    /** Says how large a ring is, where it lies and where it stands. */
    void describe(ProbeQueue queue) {
        describe(queue, queue.firstBase(setup.baseIndex()));
    }

    void describe(ProbeQueue queue, int base) {
        frontEnd.setVringNum(queue.index(), queue.size());
        frontEnd.setVringBase(queue.index(), base);
        frontEnd.setVringAddress(
                queue.index(), queue.descriptorAddress(), queue.deviceAreaAddress(), queue.driverAreaAddress());
    }

    /** Hands the eventfds over, the kick last: the ring is started when it was kicked. */
    void start(ProbeQueue queue) {
        frontEnd.setVringErr(queue.index(), queue.errFd().fd());
        frontEnd.setVringCall(queue.index(), queue.callFd().fd());
        frontEnd.setVringKick(queue.index(), queue.kickFd().fd());
    }

    /** Does nothing where rings are enabled from the start. */
    void enable(ProbeQueue queue, boolean enable) {
        if (has(VirtioFeature.PROTOCOL_FEATURES)) {
            frontEnd.setVringEnable(queue.index(), enable);
        }
    }

    void enableAll() {
        queues.forEach(queue -> enable(queue, true));
    }

    /** All before the rings start. */
    void prepare() {
        setFeatures();
        shareMemory();
        queues.forEach(this::describe);
    }

    /** Does every step; afterwards frames flow. */
    void bringUp() {
        prepare();
        goOn();
    }

    /** Starts and enables rings that were described. */
    void goOn() {
        queues.forEach(this::start);
        paths.forEach(path -> path.post(Math.min(setup.receiveBuffers(), ringSize), setup.receiveBufferByteLength()));
        enableAll();
        // Back-ends that miss an earlier kick are a matter for the rules on ring states, and for no others.
        queues.forEach(ProbeQueue::kick);
    }

    /** Returns when the back-end has worked on every message sent before. */
    void settle() {
        frontEnd.getFeatures();
    }

    // Parts.

    VhostUserFrontEnd frontEnd() {
        return frontEnd;
    }

    GuestRam ram() {
        return ram;
    }

    List<RamRegion> regions() {
        return ram.regions();
    }

    ProbeBuffers buffers() {
        return buffers;
    }

    List<ProbeQueue> queues() {
        return List.copyOf(queues);
    }

    ProbeQueue receive() {
        return paths.getFirst().receive();
    }

    ProbeQueue transmit() {
        return paths.getFirst().transmit();
    }

    FramePath frames() {
        return paths.getFirst();
    }

    FramePath frames(int pair) {
        return paths.get(pair);
    }

    /** The next frame that arrived on any pair: which one a frame comes in on is the device's choice. */
    @Nullable
    Received poll() {
        for (FramePath path : paths) {
            Received received = path.poll();
            if (received != null) {
                return received;
            }
        }
        return null;
    }

    int port() {
        return port;
    }

    Setup setup() {
        return setup;
    }

    /** A guest with memory of its own on the same connection, from the features on; this one's rings are stopped. */
    ProbeGuest withOtherMemory(RamOptions memory) {
        ProbeGuest other = new ProbeGuest(frontEnd, port, setup.withRam(memory));
        other.offered = offered;
        other.offeredProtocol = offeredProtocol;
        other.features = features;
        other.makeQueues();
        return other;
    }

    // Ends.

    /** Cuts the connection without a word, as a front-end that died; memory and rings stay. */
    void crash() {
        frontEnd.close();
    }

    /** Goes on over another connection as QEMU does: same memory, same rings. */
    void reattach(VhostUserFrontEnd other) {
        frontEnd.close();
        frontEnd = other;
        long before = features;
        negotiate();
        Stop.unless(
                features == before,
                "the same features are offered to a front-end that comes back",
                "0x" + Long.toHexString(features) + " of 0x" + Long.toHexString(before));
    }

    @Override
    public void close() {
        frontEnd.close();
        queues.forEach(ProbeQueue::close);
        ram.close();
    }
}
