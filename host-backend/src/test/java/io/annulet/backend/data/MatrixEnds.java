package io.annulet.backend.data;

import io.annulet.backend.offload.Offload;
import io.annulet.backend.port.LoopbackPort;
import io.annulet.backend.port.NetworkNamespace;
import io.annulet.backend.port.PcapPort;
import io.annulet.backend.port.PcapPortOptions;
import io.annulet.backend.port.Port;
import io.annulet.backend.port.TapPort;
import io.annulet.backend.port.TapPortOptions;
import io.annulet.backend.stats.PortCounters;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.agrona.concurrent.status.CountersManager;
import org.jspecify.annotations.Nullable;

/** Two ports of any kind on a straight link, and a way to have a frame enter through the first of them. */
final class MatrixEnds implements AutoCloseable {

    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(10);
    private static final int MANY = 200;
    private static final ArenaGuest.Shape WITH =
            ArenaGuest.Shape.USUAL.withOffloads(Offload.ALL & ~Offload.VALID, Offload.ALL);

    /** A kind of port. */
    enum Kind {
        GUEST_WITH("guest with offloads"),
        GUEST_WITHOUT("guest without"),
        TAP("tap"),
        NIC("NIC with offloads"),
        XDP("AF_XDP"),
        PCAP("pcap file"),
        LOOPBACK("loopback");

        private final String label;

        Kind(String label) {
            this.label = label;
        }

        String label() {
            return label;
        }
    }

    /**
     * Taps, and cables, that serve all pairs one after the other.
     *
     * <pre>
     *   feeder === bridge === source          destination
     * </pre>
     */
    static final class Taps implements AutoCloseable {
        private final CountersManager counters = ArenaGuest.newCounters();
        private final NetworkNamespace namespace = NetworkNamespace.create();
        private final TapPort feeder;
        private final TapPort source;
        private final TapPort destination;
        private final MatrixCables cables;

        private Taps() {
            namespace.addBridge("bridge");
            feeder = tap("feeder");
            namespace.takeOnto("bridge", feeder.interfaceName());
            source = tap("source");
            namespace.takeOnto("bridge", source.interfaceName());
            destination = tap("destination");
            namespace.take(destination.interfaceName());
            cables = new MatrixCables(namespace, counters);
        }

        static Taps open() {
            NetworkNamespace.assumeAvailable();
            return new Taps();
        }

        private TapPort tap(String name) {
            TapPortOptions options = TapPortOptions.of(NetworkNamespace.addQuietTap(false));
            return TapPort.open(name, options, new PortCounters(counters, name));
        }

        boolean knowUdpSegments() {
            return (destination.accepts() & Offload.USO4) != 0;
        }

        @Override
        public void close() {
            feeder.close();
            source.close();
            destination.close();
            cables.close();
            namespace.close();
        }
    }

    private final CountersManager counters = ArenaGuest.newCounters();
    private final Worker worker = new Worker("worker", 1024);
    private final Taps taps;
    private final Path folder;
    private final Link link = new Link();
    private final List<AutoCloseable> resources = new ArrayList<>();
    private final List<MatrixNic> nics = new ArrayList<>();

    /** Of what serves all pairs, by the counter's id: a tap and a cable's port have the same name. */
    private final Map<Integer, Long> before = new HashMap<>();

    private final Kind from;
    private final Port source;
    private final Port destination;
    private @Nullable ArenaGuest sender;
    private @Nullable ArenaGuest receiver;

    MatrixEnds(Kind from, Kind to, Taps taps, Path folder) throws IOException {
        this.taps = taps;
        this.folder = folder;
        this.from = from;
        worker.onStart();
        destination = open(to, false);
        source = open(from, true);
        taps.counters.forEach((value, id, label) -> before.put(id, value));
        worker.onAddPort(destination, link);
        if (receiver != null) {
            receiver.open();
        }
    }

    private Port open(Kind kind, boolean isSource) throws IOException {
        String name = isSource ? "source" : "destination";
        return switch (kind) {
            case GUEST_WITH, GUEST_WITHOUT -> {
                ArenaGuest guest =
                        new ArenaGuest(name, counters, kind == Kind.GUEST_WITH ? WITH : ArenaGuest.Shape.USUAL);
                resources.add(guest);
                sender = isSource ? guest : sender;
                receiver = isSource ? receiver : guest;
                yield guest.port;
            }
            case TAP -> isSource ? taps.source : taps.destination;
            case NIC -> {
                MatrixNic opened = new MatrixNic(name, new PortCounters(counters, name));
                resources.add(opened);
                nics.add(opened);
                yield opened.port;
            }
            case XDP -> isSource ? taps.cables.source : taps.cables.destination;
            case PCAP -> openFile(isSource, name);
            case LOOPBACK -> new LoopbackPort(name, new PortCounters(counters, name));
        };
    }

    private Port openFile(boolean isSource, String name) throws IOException {
        Path file = folder.resolve(name + ".pcap");
        if (isSource) {
            Files.write(file, new byte[0]);
            return new LoopbackPort("unused", new PortCounters(counters, "unused"));
        }
        PcapPort port = PcapPort.open(name, PcapPortOptions.write(file), new PortCounters(counters, name));
        resources.add(port);
        return port;
    }

    /** Has the frame enter through the source, as its kind can, and waits until it has left or was dropped. */
    void carry(SentFrame sent) throws IOException {
        if (receiver != null) {
            receiver.offerReceiveBuffers(MANY);
        }
        switch (from) {
            case GUEST_WITH, GUEST_WITHOUT -> sendAsGuest(sent);
            case TAP -> push(sent, taps.feeder, source);
            case XDP -> push(sent, taps.cables.feeder, source);
            case NIC -> receive(sent);
            case LOOPBACK -> push(sent, source, source);
            case PCAP -> replay(sent);
        }
        long deadline = System.nanoTime() + PATIENCE_NANOS;
        while (!hasArrived()) {
            if (System.nanoTime() > deadline) {
                throw new AssertionError("nothing arrives from " + from + counted());
            }
            step();
        }
        for (int i = 0; i < MANY; i++) {
            step();
        }
    }

    private void step() {
        worker.doWork();
        nics.forEach(MatrixNic::send);
    }

    private boolean hasArrived() {
        return counted(destination(), "out.frames") > 0
                || counted(destination(), "out.dropped.refused") > 0
                || counted(source(), "in.dropped.bad-header") > 0;
    }

    private void sendAsGuest(SentFrame sent) {
        worker.onAddPort(source, link);
        ArenaGuest guest = sender;
        if (guest == null) {
            throw new IllegalStateException("there is no guest");
        }
        guest.open();
        byte[] whole = new byte[sent.header.length + sent.bytes.length];
        System.arraycopy(sent.header, 0, whole, 0, sent.header.length);
        System.arraycopy(sent.bytes, 0, whole, sent.header.length, sent.bytes.length);
        guest.sendRaw(whole, sent.header.length);
    }

    /** The source was opened last, so the NIC is its. */
    private void receive(SentFrame sent) {
        worker.onAddPort(source, link);
        worker.doWork();
        nics.getLast().receive(sent.bytes);
    }

    /** Pushes the frame to a port from which it comes to the source. */
    private void push(SentFrame sent, Port to, Port thisSource) {
        worker.onAddPort(thisSource, link);
        SentBurst burst = new SentBurst(new Random(1), 1);
        new OffloadFinisher().push(to, burst.burst, burst.fill(List.of(sent)));
    }

    /** A file has no virtio-net headers: a frame in it is finished, whatever its sender left open. */
    private void replay(SentFrame sent) throws IOException {
        Path file = folder.resolve("source.pcap");
        byte[] frame = sent.bytes.length > 1_500 ? Arrays.copyOf(sent.bytes, 1_500) : sent.bytes;
        ByteBuffer bytes = ByteBuffer.allocate(40 + frame.length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putInt(0xa1b2c3d4)
                .putShort((short) 2)
                .putShort((short) 4)
                .putInt(0)
                .putInt(0)
                .putInt(65_535)
                .putInt(1);
        bytes.putInt(0).putInt(0).putInt(frame.length).putInt(frame.length).put(frame);
        Files.write(file, bytes.array());
        PcapPort port = PcapPort.open("source", PcapPortOptions.read(file), new PortCounters(counters, "source"));
        resources.add(port);
        worker.onAddPort(port, link);
    }

    String source() {
        return "source";
    }

    String destination() {
        return "destination";
    }

    /** What was counted since this pair was made. */
    long counted(String port, String what) {
        long[] found = {0};
        String label = port + " " + what;
        counters.forEach((value, id, text) -> found[0] += text.equals(label) ? value : 0);
        taps.counters.forEach(
                (value, id, text) -> found[0] += text.equals(label) ? value - before.getOrDefault(id, 0L) : 0);
        return found[0];
    }

    /** All that was counted, of taps since they were opened. */
    private String counted() {
        StringBuilder text = new StringBuilder();
        for (CountersManager each : List.of(counters, taps.counters)) {
            each.forEach((value, id, label) -> text.append(value == 0 ? "" : ", " + label + " " + value));
        }
        return text.toString();
    }

    /** The guest that receives, if one does. */
    @Nullable
    ArenaGuest guestAtTheEnd() {
        return receiver;
    }

    /** Whether what arrives is what was sent, and not what a kernel, a file or an earlier port made of it. */
    boolean isOriginal() {
        return from == Kind.GUEST_WITH;
    }

    @Override
    public void close() {
        worker.onClose();
        for (AutoCloseable resource : resources) {
            try {
                resource.close();
            } catch (Exception e) {
                throw new AssertionError(e);
            }
        }
    }
}
