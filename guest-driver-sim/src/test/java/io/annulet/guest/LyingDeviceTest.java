package io.annulet.guest;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.memory.HostMemory;
import io.annulet.vhostuser.VirtioFeature;
import io.annulet.vring.SplitRing;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The driver against used rings written by hand: it counts what is wrong, loses no buffer and goes on. */
final class LyingDeviceTest {

    private static final int SIZE = 8;
    private static final int BUFFER_BYTES = 128;
    private static final int HEADER_BYTES = NetHeaderLayout.BYTES;

    private final GuestRam ram = GuestRam.create(RamOptions.of(1 << 20));
    private final NetDriver driver = new NetDriver(
            ram, QueueOptions.DEFAULTS.withRingSize(SIZE).withReceiveBuffers(BUFFER_BYTES, Framing.ONE_DESCRIPTOR), 1);
    private final DriverReceiveQueue receive = driver.receiveQueue(0);
    private final DriverTransmitQueue transmit = driver.transmitQueue(0);
    private final RawRing receiveRing = receive.vring().ring();
    private final RawRing transmitRing = transmit.vring().ring();
    private final List<byte[]> received = new ArrayList<>();

    LyingDeviceTest() {
        driver.start(VirtioFeature.VERSION_1 | VirtioFeature.NET_MRG_RXBUF);
    }

    @AfterEach
    void close() {
        driver.close();
        ram.close();
    }

    @Test
    void allReceiveBuffersAreOfferedAtTheStart() {
        assertEquals(SIZE, receiveRing.availIndex());
        for (int slot = 0; slot < SIZE; slot++) {
            int head = receiveRing.availHead(slot);
            assertEquals(BUFFER_BYTES, receiveRing.descriptorByteLength(head));
            assertEquals(SplitRing.FLAG_WRITE, receiveRing.descriptorFlags(head));
        }
        assertEquals(SplitRing.AVAIL_FLAG_NO_INTERRUPT, receiveRing.availFlags());
    }

    @Test
    void aSentFrameStandsInTheRingWithItsHeader() {
        byte[] frame = {1, 2, 3, 4, 5};
        assertTrue(transmit.send(frame));
        assertEquals(0, transmitRing.availIndex(), "not published yet");
        transmit.flush();
        assertEquals(1, transmitRing.availIndex());
        int head = transmitRing.availHead(0);
        assertEquals(HEADER_BYTES + 5, transmitRing.descriptorByteLength(head));
        long header = ram.hostAddressOf(transmitRing.descriptorGuestAddress(head));
        assertArrayEquals(new byte[HEADER_BYTES], HostMemory.copyOut(header, HEADER_BYTES));
        assertArrayEquals(frame, HostMemory.copyOut(header + HEADER_BYTES, 5));
    }

    @Test
    void aPreparedFrameIsSentFromWhereItLies() {
        long prepared = ram.allocate(64, 64);
        assertTrue(transmit.offerPrepared(ram.guestAddressOf(prepared), 64));
        assertTrue(transmit.offerChain(new long[] {1, 2, 3}, new int[] {4, 5, 6}, 3, 2));
        transmit.flush();
        int head = transmitRing.availHead(0);
        assertEquals(ram.guestAddressOf(prepared), transmitRing.descriptorGuestAddress(head));
        int chain = transmitRing.availHead(1);
        assertEquals(SplitRing.FLAG_NEXT, transmitRing.descriptorFlags(chain));
        int second = transmitRing.descriptorNext(chain);
        int third = transmitRing.descriptorNext(second);
        assertEquals(SplitRing.FLAG_WRITE, transmitRing.descriptorFlags(third));
        assertEquals(6, transmitRing.descriptorByteLength(third));
        transmitRing.usedElement(0, chain, 0);
        transmitRing.usedElement(1, head, 0);
        transmitRing.usedIndex(2);
        assertEquals(2, transmit.reclaim());
        assertEquals(0, transmit.outstanding());
    }

    @Test
    void noBufferIsReservedWhileAllAreWithTheDevice() {
        for (int i = 0; i < SIZE; i++) {
            assertTrue(transmit.send(new byte[60]));
        }
        assertEquals(0, transmit.reserve());
        FrameFactory frames = new FrameFactory(1, 2, 3);
        assertThrows(IllegalStateException.class, () -> frames.write(transmit.reserve(), 60));
        assertThrows(IllegalStateException.class, () -> transmit.submit(60));
        assertFalse(transmit.offerPrepared(RamOptions.GUEST_BASE, 64));
        transmit.flush();
        transmitRing.usedElement(0, transmitRing.availHead(3), 0);
        transmitRing.usedIndex(1);
        assertTrue(transmit.reserve() != 0);
    }

    @Test
    void headsThatWereNotOfferedAreCounted() {
        transmit.send(new byte[60]);
        transmit.flush();
        int head = transmitRing.availHead(0);
        transmitRing.usedElement(0, SIZE, 0);
        transmitRing.usedElement(1, 0xffff_ffffL, 0);
        transmitRing.usedElement(2, head, 0);
        transmitRing.usedElement(3, head, 0);
        transmitRing.usedIndex(4);
        assertEquals(1, transmit.reclaim());
        assertEquals(3, transmit.violations().count(DeviceViolation.NOT_OFFERED));
        fill(0, 1, 20);
        receiveRing.usedElement(0, SIZE + 1, 20);
        receiveRing.usedIndex(1);
        assertEquals(0, receive.receive(this::keep, 10));
        assertEquals(1, receive.violations().count(DeviceViolation.NOT_OFFERED));
    }

    @Test
    void aFrameShorterThanItsHeaderIsCounted() {
        use(0, 0, HEADER_BYTES - 1, 1);
        receiveRing.usedIndex(1);
        assertViolation(DeviceViolation.SHORTER_THAN_HEADER);
    }

    @Test
    void aLengthBeyondTheBufferIsCounted() {
        use(0, 0, BUFFER_BYTES + 1, 1);
        receiveRing.usedIndex(1);
        assertViolation(DeviceViolation.WRITTEN_BEYOND_BUFFER);
        use(1, 1, BUFFER_BYTES, 2);
        use(2, 2, 0xffff_ffffL, 0);
        receiveRing.usedIndex(3);
        assertEquals(0, receive.receive(this::keep, 10));
        assertEquals(2, receive.violations().count(DeviceViolation.WRITTEN_BEYOND_BUFFER));
        assertEquals(SIZE + 3, receiveRing.availIndex(), "all buffers are offered again");
    }

    @Test
    void noBuffersIsNoNumberOfBuffers() {
        use(0, 0, 40, 0);
        receiveRing.usedIndex(1);
        assertViolation(DeviceViolation.NUM_BUFFERS_ZERO);
    }

    @Test
    void buffersThatWereNotUsedTogetherAreMissing() {
        use(0, 0, BUFFER_BYTES, 2);
        receiveRing.usedIndex(1);
        assertViolation(DeviceViolation.BUFFERS_MISSING);
        use(1, 1, BUFFER_BYTES, 0xffff);
        for (int i = 2; i < SIZE; i++) {
            use(i, i, BUFFER_BYTES, 0);
        }
        receiveRing.usedIndex(SIZE);
        assertEquals(0, receive.receive(this::keep, 1));
        assertEquals(2, receive.violations().count(DeviceViolation.BUFFERS_MISSING));
        assertEquals(2 * SIZE, receiveRing.availIndex(), "all buffers are offered again");
    }

    @Test
    void goesOnAfterWhatWasWrong() {
        use(0, 0, 3, 1);
        use(1, 1, HEADER_BYTES + 7, 1);
        use(2, 2, BUFFER_BYTES, 2);
        use(3, 3, 10, 0);
        receiveRing.usedIndex(4);
        assertEquals(2, receive.receive(this::keep, 10));
        assertEquals(7, received.get(0).length);
        assertEquals(BUFFER_BYTES - HEADER_BYTES + 10, received.get(1).length);
        assertEquals(1, receive.violations().total(), () -> receive.violations().toString());
    }

    @Test
    void aHandlerThatThrowsCostsNoBuffer() {
        use(0, 0, 40, 1);
        receiveRing.usedIndex(1);
        try {
            receive.receive(
                    frame -> {
                        throw new IllegalStateException("on purpose");
                    },
                    10);
        } catch (IllegalStateException expected) {
            assertEquals("on purpose", expected.getMessage());
        }
        use(1, 1, 40, 1);
        receiveRing.usedIndex(2);
        assertEquals(1, receive.receive(this::keep, 10));
        assertEquals(SIZE + 2, receiveRing.availIndex());
    }

    /** The handler's view of the frame ends with it, so its bytes are copied. */
    private void keep(ReceivedFrame frame) {
        received.add(frame.toByteArray());
    }

    private void assertViolation(DeviceViolation kind) {
        assertEquals(0, receive.receive(this::keep, 10));
        assertEquals(1, receive.violations().count(kind));
        assertEquals(1, receive.violations().total());
        assertEquals(SIZE + 1, receiveRing.availIndex(), "the buffer is offered again");
    }

    /** Uses the buffer that was offered as number {@code availSlot}, and says what was written into it. */
    private void use(int usedSlot, int availSlot, long writtenByteLength, int numBuffers) {
        fill(availSlot, numBuffers, (int) Math.min(writtenByteLength, BUFFER_BYTES));
        receiveRing.usedElement(usedSlot, receiveRing.availHead(availSlot), writtenByteLength);
    }

    private void fill(int availSlot, int numBuffers, int byteLength) {
        long buffer = ram.hostAddressOf(receiveRing.descriptorGuestAddress(receiveRing.availHead(availSlot)));
        for (int i = HEADER_BYTES; i < byteLength; i++) {
            HostMemory.storeByte(buffer + i, i);
        }
        HostMemory.storeShort(buffer + NetHeaderLayout.NUM_BUFFERS, numBuffers);
    }
}
