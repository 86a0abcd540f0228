package io.annulet.backend.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;

import io.annulet.backend.data.ArenaGuest.Received;
import io.annulet.backend.data.ArenaGuest.Shape;
import io.annulet.backend.offload.FlowHash;
import io.annulet.backend.offload.Offload;
import io.annulet.backend.offload.Toeplitz;
import io.annulet.memory.HostMemory;
import io.annulet.vring.RingFault;
import java.util.Arrays;
import org.agrona.concurrent.status.CountersManager;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** One worker stepped by hand between two guests: every byte that goes in comes out, once, and is accounted for. */
class ForwardingTest {

    private static final long MAC_A = 0x02_00_00_00_00_0aL;
    private static final long MAC_B = 0x02_00_00_00_00_0bL;

    private final CountersManager counters = ArenaGuest.newCounters();
    private final Worker worker = new Worker("worker", 1024);
    private ArenaGuest a = new ArenaGuest("a", counters, Shape.USUAL);
    private ArenaGuest b = new ArenaGuest("b", counters, Shape.USUAL);

    private void start(Shape shapeOfA, Shape shapeOfB) {
        worker.onStart();
        a.close();
        b.close();
        a = new ArenaGuest("left", counters, shapeOfA);
        b = new ArenaGuest("right", counters, shapeOfB);
        Link link = new Link();
        worker.onAddPort(a.port, link);
        worker.onAddPort(b.port, link);
        a.open();
        b.open();
    }

    @AfterEach
    void stop() {
        worker.onClose();
        a.close();
        b.close();
    }

    private void step() {
        for (int i = 0; i < 4; i++) {
            worker.doWork();
        }
    }

    private Received received() {
        Received frame = b.receive();
        assertNotNull(frame, "no frame arrived");
        return frame;
    }

    @ParameterizedTest
    @ValueSource(ints = {14, 15, 51, 52, 53, 60, 64, 127, 128, 1514, 2036})
    void carriesFramesOfAnyLengthByteByByte(int byteLength) {
        start(Shape.USUAL, Shape.USUAL);
        b.offerReceiveBuffers(4);
        byte[] frame = ArenaGuest.frame(MAC_B, MAC_A, byteLength);
        int head = a.send(frame);
        step();
        Received received = received();
        assertArrayEquals(frame, received.frame);
        assertArrayEquals(new byte[] {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0}, received.header);
        assertEquals(head, a.transmit.takeUsed());
        assertEquals(0, a.transmit.writtenByteLength());
        assertEquals(1, a.counter("in.forwarded"));
        assertEquals(byteLength, b.counter("copied.bytes"));
    }

    @Test
    void gathersAHeaderThatIsSpreadOverManyBuffers() {
        start(Shape.USUAL, Shape.USUAL);
        b.offerReceiveBuffers(8);
        byte[] frame = ArenaGuest.frame(MAC_B, MAC_A, 300);
        a.send(frame, 1, 11);
        a.send(frame, 6, 6, 5, 9, 100);
        a.send(frame, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1);
        a.send(frame, 12);
        a.send(frame, 13, 63);
        step();
        for (int i = 0; i < 5; i++) {
            assertArrayEquals(frame, received().frame, "frame " + i);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {13, 14, 64, 100, 1000})
    void mergesSmallReceiveBuffersAndTellsHowMany(int bufferBytes) {
        start(Shape.USUAL, new Shape(256, 12, true, false, bufferBytes));
        b.offerReceiveBuffers(256);
        byte[] frame = ArenaGuest.frame(MAC_B, MAC_A, 1514);
        a.send(frame);
        step();
        int needed = (1514 + 12 + bufferBytes - 1) / bufferBytes;
        if (needed > 256) {
            throw new IllegalStateException("the test needs more buffers than the ring has");
        }
        Received received = received();
        assertArrayEquals(frame, received.frame);
        assertEquals(needed, received.buffers);
    }

    @Test
    void mergesMoreBuffersThanAreTakenAheadAtATime() {
        start(Shape.USUAL, new Shape(256, 12, true, false, 16));
        b.offerReceiveBuffers(256);
        byte[] frame = ArenaGuest.frame(MAC_B, MAC_A, 1514);
        for (int i = 0; i < 2; i++) {
            a.send(frame);
            step();
            assertArrayEquals(frame, received().frame);
            b.offerReceiveBuffers(96);
        }
    }

    @Test
    void dropsAFrameThatFitsNoBufferAndNeverCutsIt() {
        start(Shape.USUAL, new Shape(256, 12, false, false, 512));
        b.offerReceiveBuffers(4);
        a.send(ArenaGuest.frame(MAC_B, MAC_A, 1514));
        byte[] small = ArenaGuest.frame(MAC_B, MAC_A, 500);
        a.send(small);
        step();
        assertArrayEquals(small, received().frame);
        assertNull(b.receive());
        assertEquals(1, b.counter("out.dropped.buffer-too-small"));
    }

    @Test
    void translatesBetweenHeadersOfTenAndTwelveBytes() {
        start(new Shape(256, 10, false, false, 2048), Shape.USUAL);
        a.offerReceiveBuffers(4);
        b.offerReceiveBuffers(4);
        byte[] frame = ArenaGuest.frame(MAC_B, MAC_A, 100);
        a.send(frame);
        b.send(frame);
        step();
        assertArrayEquals(frame, received().frame);
        Received back = a.receive();
        assertNotNull(back);
        assertArrayEquals(frame, back.frame);
        assertArrayEquals(new byte[10], back.header);
    }

    @Test
    void dropsWhenTheReceiveRingIsEmptyAndGoesOnLater() {
        start(Shape.USUAL, Shape.USUAL);
        byte[] frame = ArenaGuest.frame(MAC_B, MAC_A, 100);
        a.send(frame);
        step();
        assertEquals(1, b.counter("out.dropped.no-buffer"));
        b.offerReceiveBuffers(1);
        a.send(frame);
        step();
        assertArrayEquals(frame, received().frame);
    }

    @Test
    void aGuestThatHasGivenUpHashesIsNotToldThoseOfEarlierFrames() {
        start(Shape.USUAL, new Shape(256, 20, true, false, ArenaGuest.BUFFER_BYTES));
        b.offerReceiveBuffers(2);
        byte[] frame = ArenaGuest.frame(MAC_B, MAC_A, 60);
        System.arraycopy(new byte[] {8, 0, 0x45, 0, 0, 46, 0, 0, 0, 0, 64, 17}, 0, frame, 12, 12);
        Steering steering = Steering.hashOnly(FlowHash.IPV4, new Toeplitz(new byte[] {1, 2, 3, 4, 5, 6, 7, 8}));
        b.port.onChangeRules(new ReceiveRules(null, 1, Offload.NONE, steering));
        a.send(frame);
        step();
        assertEquals(1, received().header[16]);
        b.port.onChangeRules(new ReceiveRules(null, 1, Offload.NONE, null));
        a.send(frame);
        step();
        assertArrayEquals(new byte[8], Arrays.copyOfRange(received().header, 12, 20));
    }

    @Test
    void discardsFramesOfADisabledQueueAndGivesTheirBuffersBack() {
        start(Shape.USUAL, Shape.USUAL);
        b.offerReceiveBuffers(2);
        a.port.onEnableQueue(1, false);
        int head = a.send(ArenaGuest.frame(MAC_B, MAC_A, 100));
        step();
        assertEquals(head, a.transmit.takeUsed());
        assertNull(b.receive());
        assertEquals(1, a.counter("in.dropped.disabled"));
    }

    @Test
    void givesNothingToADisabledReceiveQueue() {
        start(Shape.USUAL, Shape.USUAL);
        b.offerReceiveBuffers(2);
        b.port.onEnableQueue(0, false);
        a.send(ArenaGuest.frame(MAC_B, MAC_A, 100));
        step();
        assertNull(b.receive());
        assertEquals(1, b.counter("out.dropped.not-ready"));
    }

    @Test
    void dropsFramesThatAreShorterThanAnEthernetHeaderOrLongerThanAnyFrame() {
        start(Shape.USUAL, Shape.USUAL);
        b.offerReceiveBuffers(2);
        for (int total : new int[] {1, 11, 12, 13, 25}) {
            a.sendRaw(new byte[total]);
        }
        a.send(new byte[FrameBurst.MAX_FRAME_BYTES + 1]);
        step();
        assertEquals(5, a.counter("in.dropped.too-short"));
        assertEquals(1, a.counter("in.dropped.too-long"));
        for (int i = 0; i < 6; i++) {
            assertEquals(0, a.transmit.takeUsed() < 0 ? 1 : 0, "every chain comes back");
        }
        assertNull(b.receive());
    }

    @Test
    void dropsAHeaderThatAsksForWhatWasNotAcknowledged() {
        start(Shape.USUAL, Shape.USUAL);
        b.offerReceiveBuffers(8);
        byte[] whole = new byte[12 + 100];
        whole[0] = 1; // NEEDS_CSUM
        a.sendRaw(whole.clone());
        whole[0] = 0;
        whole[1] = 1; // GSO_TCPV4
        a.sendRaw(whole.clone());
        whole[1] = 0;
        whole[0] = (byte) 0xfe; // what a driver does not ask with, or a later standard may define
        whole[10] = 7; // num_buffers likewise
        a.sendRaw(whole.clone());
        step();
        assertEquals(2, a.counter("in.dropped.bad-header"));
        assertArrayEquals(new byte[] {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0}, received().header);
    }

    @Test
    void dropsAChainWithAWritableBufferAndGoesOn() {
        start(Shape.USUAL, Shape.USUAL);
        b.offerReceiveBuffers(2);
        long at = a.allocate(200);
        int bad = a.transmit.offerChain(new long[] {at, at + 100}, new int[] {100, 100}, 2, 1);
        a.transmit.publishAvail();
        byte[] frame = ArenaGuest.frame(MAC_B, MAC_A, 100);
        a.send(frame);
        step();
        assertEquals(bad, a.transmit.takeUsed());
        assertEquals(1, a.counter("in.dropped.bad-chain"));
        assertArrayEquals(frame, received().frame);
    }

    @Test
    void breaksOnlyTheQueueWhoseIndexJumps() {
        start(Shape.USUAL, Shape.USUAL);
        b.offerReceiveBuffers(2);
        a.offerReceiveBuffers(2);
        a.jumpAvailIndex(1000);
        step();
        assertEquals(RingFault.AVAIL_INDEX_JUMP, a.ringFaults.get(0));
        assertEquals(1, a.ringFaults.size(), "told once");
        assertEquals(1, a.counter("rings.broken"));
        byte[] frame = ArenaGuest.frame(MAC_A, MAC_B, 100);
        b.send(frame);
        step();
        Received back = a.receive();
        assertNotNull(back, "the other queue of the same guest goes on");
        assertArrayEquals(frame, back.frame);
    }

    @Test
    void givesBackReceiveBuffersThatCannotHoldAHeaderOrAreNotWritable() {
        start(Shape.USUAL, Shape.USUAL);
        long at = b.allocate(4096);
        int runt = b.receive.offer(at, 12, true);
        int readable = b.receive.offer(at, 2048, false);
        int unmapped = b.receive.offer(0x1000, 2048, true);
        b.receive.publishAvail();
        b.offerReceiveBuffers(1);
        byte[] frame = ArenaGuest.frame(MAC_B, MAC_A, 100);
        a.send(frame);
        step();
        for (int head : new int[] {runt, readable, unmapped}) {
            assertEquals(head, b.receive.takeUsed());
            assertEquals(0, b.receive.writtenByteLength());
        }
        assertArrayEquals(frame, received().frame);
        assertEquals(3, b.counter("receive.bad-buffers"));
    }

    @Test
    void aBadBufferInTheMiddleOfAMergedFrameDoesNotWedgeTheQueue() {
        start(Shape.USUAL, new Shape(256, 12, true, false, 512));
        b.offerReceiveBuffers(1);
        int good = 0;
        int bad = b.receive.offer(0x1000, 512, true);
        b.receive.publishAvail();
        b.offerReceiveBuffers(8);
        byte[] frame = ArenaGuest.frame(MAC_B, MAC_A, 1514);
        a.send(frame);
        a.send(frame);
        step();
        assertEquals(good, b.receive.takeUsed());
        assertEquals(0, b.receive.writtenByteLength());
        assertEquals(bad, b.receive.takeUsed());
        assertEquals(0, b.receive.writtenByteLength());
        assertArrayEquals(frame, received().frame);
        assertEquals(1, b.counter("out.dropped.no-buffer"));
    }

    @Test
    void aDriverThatShrinksBuffersWhileTheyAreInStockStopsNobody() {
        start(Shape.USUAL, new Shape(4, 12, true, false, 100));
        b.offerReceiveBuffers(4);
        a.send(ArenaGuest.frame(MAC_B, MAC_A, 60));
        step();
        assertEquals(60, received().frame.length);
        long descriptors = b.receiveSetup.ring().descriptorsAddress();
        for (int i = 0; i < 4; i++) {
            HostMemory.storeShort(descriptors + 16L * i + 8, 13);
        }
        // The three in stock were 100 bytes long when they were taken; with one more they are taken anew.
        b.offerReceiveBuffers(1);
        a.send(ArenaGuest.frame(MAC_B, MAC_A, 300));
        step();
        assertEquals(1, b.counter("out.dropped.no-buffer"));
        assertEquals(2, a.counter("in.forwarded"));
    }

    @Test
    void putsItsStockOfReceiveBuffersBackWhenTheRingStops() {
        start(Shape.USUAL, Shape.USUAL);
        b.offerReceiveBuffers(100);
        a.send(ArenaGuest.frame(MAC_B, MAC_A, 100));
        step();
        assertEquals(1, b.port.onCloseQueue(0), "one buffer was used; the next one is available entry 1");
        assertEquals(1, a.port.onCloseQueue(1));
        assertEquals(-1, a.port.onCloseQueue(1), "not open");
    }

    @Test
    void callsTheDriverOnceABurst() {
        start(Shape.USUAL, Shape.USUAL);
        b.offerReceiveBuffers(100);
        for (int i = 0; i < 50; i++) {
            a.send(ArenaGuest.frame(MAC_B, MAC_A, 100));
        }
        step();
        assertEquals(1, b.receiveCall.drain());
        assertEquals(1, a.transmitCall.drain());
        assertEquals(50, b.counter("out.frames"));
    }

    @Test
    void leavesOtherBytesOfTheGuestAlone() {
        start(Shape.USUAL, new Shape(256, 12, true, false, 256));
        long at = b.allocate(64 + 256 + 64);
        ArenaGuest.poison(b.host(at), 64 + 256 + 64);
        b.receive.offer(at + 64, 256, true);
        b.receive.publishAvail();
        a.send(ArenaGuest.frame(MAC_B, MAC_A, 200));
        step();
        byte[] all = b.read(at, 64 + 256 + 64);
        for (int i = 0; i < all.length; i++) {
            if (i < 64 || i >= 64 + 212) {
                assertEquals((byte) 0xa5, all[i], "byte " + (i - 64) + " of the buffer");
            }
        }
    }

    @Test
    void countersBalance() {
        start(Shape.USUAL, new Shape(16, 12, true, false, 1024));
        b.offerReceiveBuffers(16);
        for (int i = 0; i < 40; i++) {
            a.send(ArenaGuest.frame(MAC_B, MAC_A, 60 + i * 10));
            if (i % 5 == 0) {
                a.sendRaw(new byte[20]);
            }
        }
        step();
        assertEquals(48, a.counter("in.frames"));
        assertEquals(a.counter("in.frames"), a.counter("in.forwarded") + a.counter("in.dropped.too-short"));
        assertEquals(a.counter("in.forwarded"), b.counter("out.frames") + b.counter("out.dropped.no-buffer"));
        assertEquals(16, b.counter("out.frames"));
    }
}
