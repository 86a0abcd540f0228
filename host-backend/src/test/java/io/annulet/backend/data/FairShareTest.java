package io.annulet.backend.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.backend.offload.Offload;
import io.annulet.vring.SplitDriverHalf;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.agrona.concurrent.status.CountersManager;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * M07: ports share a worker by what their frames cost, counted in frames and bytes that were delivered. No clock is read:
 * a worker is stepped, and what it did in so many duty cycles is counted.
 */
final class FairShareTest {

    private static final int CYCLES = 2000;
    private static final int DEEP = 128;
    private static final long EVERYBODY = 0xffff_ffff_ffffL;

    private final CountersManager counters = ArenaGuest.newCounters();
    private final Worker worker = new Worker("worker", 256);
    private final List<Neighbour> neighbours = new ArrayList<>();

    /** A guest that always has frames waiting, and always takes those that come. */
    private final class Neighbour {
        final ArenaGuest guest;
        final long mac;
        private final long frame;
        private final int length;
        private final long buffer;

        Neighbour(String name, int number, ArenaGuest.Shape shape, long destination, int frameBytes) {
            guest = new ArenaGuest(name, counters, shape);
            mac = 0x02_00_00_00_00_00L + number;
            frame = guest.allocate(70_000);
            length = shape.headerBytes() + frameBytes;
            guest.write(frame + shape.headerBytes(), ArenaGuest.frame(destination, mac, frameBytes));
            buffer = guest.allocate(70_000);
            guest.open();
        }

        void offer(boolean sends) {
            while (guest.receive.takeUsed() != SplitDriverHalf.NOTHING) {}
            while (guest.receive.freeDescriptors() > 0) {
                guest.receive.offer(buffer, 70_000, true);
            }
            guest.receive.publishAvail();
            while (guest.transmit.takeUsed() != SplitDriverHalf.NOTHING) {}
            while (sends && guest.transmit.outstanding() < DEEP) {
                guest.transmit.offer(frame, length, false);
            }
            guest.transmit.publishAvail();
        }

        /** Sends one frame. */
        void offerOne() {
            guest.transmit.offer(frame, length, false);
            guest.transmit.publishAvail();
        }

        /** What its frames have cost: for each frame and byte that came out of them. */
        long cost(int copies) {
            return copies * (guest.counter("in.forwarded") * Share.FRAME_BYTES + guest.counter("in.bytes"));
        }
    }

    private Neighbour add(String name, int number, ArenaGuest.Shape shape, long destination, int frameBytes) {
        Neighbour neighbour = new Neighbour(name, number, shape, destination, frameBytes);
        neighbours.add(neighbour);
        return neighbour;
    }

    @AfterEach
    void close() {
        neighbours.forEach(neighbour -> neighbour.guest.close());
    }

    private void run(Switch domain, int senders) {
        worker.onStart();
        for (Neighbour neighbour : neighbours) {
            worker.onAddPort(neighbour.guest.port, domain);
        }
        for (int i = 0; i < CYCLES; i++) {
            for (int n = 0; n < neighbours.size(); n++) {
                neighbours.get(n).offer(n < senders);
            }
            worker.doWork();
        }
    }

    /** Frames of all sizes, to a neighbour that is known: every port gets its part, whatever its frames are like. */
    @Test
    void portsWithFramesOfDifferentSizesShareAlike() {
        int[] sizes = {60, 300, 1500, 9000};
        for (int i = 0; i < sizes.length; i++) {
            add("p" + i, i, ArenaGuest.Shape.USUAL, 0x02_00_00_00_00_00L + (i + 1) % sizes.length, sizes[i]);
        }
        run(new Switch(), sizes.length);
        long all = neighbours.stream().mapToLong(neighbour -> neighbour.cost(1)).sum();
        for (Neighbour neighbour : neighbours) {
            assertTrue(10 * neighbour.cost(1) > 9 * all / sizes.length, () -> neighbour.cost(1) + " of " + all);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {60, 1500, 60_000})
    void aPortThatFloodsPaysForEveryCopy(int frameBytes) {
        int ports = 6;
        add("noisy", 0, ArenaGuest.Shape.USUAL, EVERYBODY, frameBytes);
        for (int i = 1; i < ports; i++) {
            add("quiet" + i, i, ArenaGuest.Shape.USUAL, 0x02_00_00_00_00_00L + (i % (ports - 1)) + 1, 600);
        }
        run(new Switch(), ports);
        assertSharesOf("quiet", neighbours.getFirst().cost(ports - 1));
    }

    @Test
    void aPortWhoseFramesAreCutPaysForEveryPart() {
        add("noisy", 0, ArenaGuest.Shape.USUAL.withOffloads(Offload.ALL, Offload.NONE), 0x02_00_00_00_00_01L, 60_000);
        for (int i = 1; i < 4; i++) {
            add("quiet" + i, i, ArenaGuest.Shape.USUAL, 0x02_00_00_00_00_00L + i % 3 + 1, 600);
        }
        askForSegments(neighbours.getFirst(), 60_000, 100);
        run(new Switch(), 4);
        long parts = neighbours.stream()
                .mapToLong(n -> n.guest.counter("offload.segments"))
                .sum();
        assertTrue(parts > 10_000, () -> parts + " parts");
        assertSharesOf("quiet", parts * (Share.FRAME_BYTES + 154));
    }

    /** Makes a neighbour's frame a long TCP segment that is to be cut into parts. */
    private static void askForSegments(Neighbour noisy, int frameBytes, int partBytes) {
        byte[] frame = ArenaGuest.frame(0x02_00_00_00_00_01L, noisy.mac, frameBytes);
        ByteBuffer fields = ByteBuffer.wrap(frame);
        fields.putShort(12, (short) 0x0800).putShort(14, (short) 0x4500).putShort(16, (short) (frameBytes - 14));
        fields.putShort(20, (short) 0).put(23, (byte) 6).put(46, (byte) 0x50);
        ByteBuffer header = ByteBuffer.allocate(12).order(ByteOrder.LITTLE_ENDIAN);
        header.put(0, (byte) 1).put(1, (byte) 1).putShort(2, (short) 54).putShort(4, (short) partBytes);
        header.putShort(6, (short) 34).putShort(8, (short) 16);
        noisy.guest.write(noisy.frame, header.array());
        noisy.guest.write(noisy.frame + 12, frame);
    }

    private void assertSharesOf(String prefix, long noisy) {
        List<Neighbour> quiet = neighbours.stream()
                .filter(neighbour -> neighbour.guest.port.name().startsWith(prefix))
                .toList();
        long all =
                noisy + quiet.stream().mapToLong(neighbour -> neighbour.cost(1)).sum();
        for (Neighbour neighbour : quiet) {
            long part = neighbour.cost(1) * neighbours.size() * 100 / all;
            assertTrue(part >= 90, () -> neighbour.guest.port.name() + " has " + part + " % of its part");
        }
    }

    @Test
    void aPortAloneIsNotHeldBackByWhatItOwes() {
        add("noisy", 0, ArenaGuest.Shape.USUAL, EVERYBODY, 60_000);
        for (int i = 1; i < 6; i++) {
            add("silent" + i, i, ArenaGuest.Shape.USUAL, EVERYBODY, 600);
        }
        run(new Switch(), 1);
        // A visit takes about two of such frames; every other turn may be one in which it is forgiven.
        assertTrue(neighbours.getFirst().guest.counter("in.frames") >= CYCLES);
        assertEquals(0, neighbours.getFirst().guest.counter("in.dropped.no-destination"));
    }

    /** What a flood costs whoever sends a frame now and then is the rest of one turn, whatever the flood is like. */
    @ParameterizedTest
    @ValueSource(ints = {60, 1500, 60_000})
    void whoSendsNowAndThenIsServedInTheNextDutyCycle(int frameBytes) {
        Neighbour noisy = add("noisy", 0, ArenaGuest.Shape.USUAL, 0x02_00_00_00_00_01L, frameBytes);
        Neighbour sink = add("sink", 1, ArenaGuest.Shape.USUAL, EVERYBODY, 60);
        Neighbour quiet = add("quiet", 2, ArenaGuest.Shape.USUAL, 0x02_00_00_00_00_03L, 60);
        Neighbour other = add("other", 3, ArenaGuest.Shape.USUAL, 0x02_00_00_00_00_02L, 60);
        Switch domain = new Switch();
        worker.onStart();
        neighbours.forEach(neighbour -> worker.onAddPort(neighbour.guest.port, domain));
        // So that the switch knows where everybody is.
        for (Neighbour neighbour : neighbours) {
            neighbour.offer(false);
            neighbour.offerOne();
        }
        worker.doWork();
        for (int i = 0; i < CYCLES; i++) {
            sink.offer(false);
            other.offer(false);
            noisy.offer(true);
            quiet.offer(false);
            long sent = quiet.guest.counter("in.forwarded");
            long before = noisy.cost(1);
            if (i % 7 == 0) {
                quiet.offerOne();
            }
            worker.doWork();
            assertEquals(sent + (i % 7 == 0 ? 1 : 0), quiet.guest.counter("in.forwarded"), "cycle " + i);
            long cost = noisy.cost(1) - before;
            assertTrue(cost <= 2 * Share.TURN_BYTES, () -> "a visit that costs " + cost);
        }
    }
}
