package io.annulet.backend.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;

import io.annulet.backend.data.ArenaGuest.Received;
import io.annulet.backend.data.ArenaGuest.Shape;
import io.annulet.backend.data.SentFrame.Kind;
import io.annulet.backend.offload.Offload;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.agrona.concurrent.status.CountersManager;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A guest that agreed on an MTU, beside one that sends longer frames; one worker stepped by hand. */
class PromisedMtuTest {

    private static final int MTU = 1500;
    private static final Shape ALL = Shape.USUAL.withOffloads(Offload.ALL & ~Offload.VALID, Offload.ALL);

    private final CountersManager counters = ArenaGuest.newCounters();
    private final Worker worker = new Worker("worker", 1024);
    private final Link link = new Link();
    private final List<ArenaGuest> guests = new ArrayList<>();
    private final Random random = new Random(10);

    @BeforeEach
    void start() {
        worker.onStart();
    }

    @AfterEach
    void stop() {
        worker.onClose();
        guests.forEach(ArenaGuest::close);
    }

    private ArenaGuest add(String name, Shape shape, int mtu) {
        ArenaGuest guest = new ArenaGuest(name, counters, shape);
        guests.add(guest);
        worker.onAddPort(guest.port, link);
        guest.port.onOpenQueue(guest.receiveSetup.promised(mtu));
        guest.port.onOpenQueue(guest.transmitSetup);
        return guest;
    }

    private void step() {
        for (int i = 0; i < 8; i++) {
            worker.doWork();
        }
    }

    /** A TCP segment to be cut into frames that are not above the MTU. */
    private byte[] largeSegment() {
        while (true) {
            SentFrame sent = SentFrame.random(random, 20_000);
            boolean fits = sent.payloadAt + sent.gsoSize <= FrameBurst.ETHERNET_HEADER_BYTES + MTU;
            if (sent.kind == Kind.TCP_SEGMENTS && sent.isLarge() && sent.bytes.length > 5_000 && fits) {
                byte[] whole = new byte[12 + sent.bytes.length];
                System.arraycopy(sent.header, 0, whole, 0, 12);
                System.arraycopy(sent.bytes, 0, whole, 12, sent.bytes.length);
                return whole;
            }
        }
    }

    @Test
    void longerFramesAreDroppedAmongOthersAndCounted() {
        ArenaGuest a = add("a", ALL, 0);
        ArenaGuest b = add("b", ALL, MTU);
        b.offerReceiveBuffers(16);
        for (int byteLength : new int[] {MTU + 14, MTU + 15, 60, 9_000, MTU + 13}) {
            a.send(ArenaGuest.frame(1, 2, byteLength));
        }
        step();
        for (int byteLength : new int[] {MTU + 14, 60, MTU + 13}) {
            Received received = b.receive();
            assertNotNull(received);
            assertArrayEquals(ArenaGuest.frame(1, 2, byteLength), received.frame);
        }
        assertNull(b.receive());
        assertEquals(2, b.counter("out.dropped.too-long"));
    }

    @Test
    void aSegmentThatTheDriverTakesUncutIsNoFrameAboveTheMtu() {
        ArenaGuest a = add("a", ALL, 0);
        ArenaGuest b = add("b", ALL, MTU);
        b.offerReceiveBuffers(16);
        byte[] whole = largeSegment();
        a.sendRaw(whole);
        step();
        Received received = b.receive();
        assertNotNull(received);
        assertEquals(whole.length - 12, received.frame.length);
    }

    @Test
    void norAreThePartsOfOneThatIsCut() {
        ArenaGuest a = add("a", ALL, 0);
        ArenaGuest b = add("b", Shape.USUAL, MTU);
        b.offerReceiveBuffers(250);
        a.sendRaw(largeSegment());
        step();
        assertEquals(0, b.counter("out.dropped.too-long"));
        assertEquals(b.counter("offload.segments"), b.counter("out.frames"));
    }
}
