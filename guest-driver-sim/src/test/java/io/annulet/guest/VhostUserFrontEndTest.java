package io.annulet.guest;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.linux.EventFd;
import io.annulet.linux.Fd;
import io.annulet.linux.FileDescriptors;
import io.annulet.linux.ReceivedFds;
import io.annulet.linux.SocketAccess;
import io.annulet.linux.UnixListener;
import io.annulet.linux.UnixSocket;
import io.annulet.vhostuser.ProtocolFeature;
import io.annulet.vhostuser.VhostUserRequest;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Each message of the front-end, byte by byte, against a peer that only listens and answers by hand. */
@Timeout(60)
final class VhostUserFrontEndTest {

    private static final long SOON_NANOS = 50_000_000;

    private final UnixSocket.Pair sockets = UnixSocket.pair();
    private final UnixSocket peer = sockets.second();
    private final VhostUserFrontEnd frontEnd = VhostUserFrontEnd.over(sockets.first());
    private final ReceivedFds fds = new ReceivedFds(8);
    private Fd takenFd = sockets.first().fd();

    @AfterEach
    void close() {
        fds.close();
        sockets.close();
    }

    @Test
    void requestsWithoutAPayloadAreAHeader() {
        frontEnd.setOwner();
        assertSent("03000000 01000000 00000000", 0);
        frontEnd.resetOwner();
        assertSent("04000000 01000000 00000000", 0);
        frontEnd.resetDevice();
        assertSent("22000000 01000000 00000000", 0);
    }

    @Test
    void numbersOf64BitsAreLittleEndian() {
        frontEnd.setFeatures(0x0123_4567_89ab_cdefL);
        assertSent("02000000 01000000 08000000 efcdab8967452301", 0);
        frontEnd.setProtocolFeatures(1);
        assertSent("10000000 01000000 08000000 0100000000000000", 0);
        frontEnd.setStatus(15);
        assertSent("27000000 01000000 08000000 0f00000000000000", 0);
        frontEnd.setMtu(1500);
        assertSent("14000000 01000000 08000000 dc05000000000000", 0);
        frontEnd.sendRarp(0x02_11_22_33_44_55L);
        assertSent("13000000 01000000 08000000 0211223344550000", 0);
    }

    @Test
    void vringStatesAreIndexAndNumber() {
        frontEnd.setVringNum(3, 1024);
        assertSent("08000000 01000000 08000000 03000000 00040000", 0);
        frontEnd.setVringBase(3, 0xfffe);
        assertSent("0a000000 01000000 08000000 03000000 feff0000", 0);
        frontEnd.setVringEnable(3, true);
        assertSent("12000000 01000000 08000000 03000000 01000000", 0);
        frontEnd.setVringEnable(3, false);
        assertSent("12000000 01000000 08000000 03000000 00000000", 0);
    }

    @Test
    void aVringAddressHasDescriptorsUsedAvailableInThisOrder() {
        frontEnd.setVringAddress(1, 0x10, 0x20, 0x30);
        assertSent(
                "09000000 01000000 28000000 01000000 00000000 1000000000000000 2000000000000000 3000000000000000"
                        + " 0000000000000000",
                0);
    }

    @Test
    void eventfdsRideAlongOrBit8SaysThatThereIsNone() {
        try (EventFd event = EventFd.create(true, 0)) {
            frontEnd.setVringKick(2, event.fd());
            assertSent("0c000000 01000000 08000000 0200000000000000", 1);
            frontEnd.setVringCall(2, event.fd());
            assertSent("0d000000 01000000 08000000 0200000000000000", 1);
            frontEnd.setVringErr(2, event.fd());
            assertSent("0e000000 01000000 08000000 0200000000000000", 1);
            frontEnd.setVringKick(2, null);
            assertSent("0c000000 01000000 08000000 0201000000000000", 0);
        }
    }

    @Test
    void theMemoryTableHasADescriptorForEachRegion() {
        try (GuestRam ram = GuestRam.create(RamOptions.regions(2, 0x200000, 0x1000))) {
            frontEnd.setMemTable(ram.regions());
            assertSent(
                    "05000000 01000000 48000000 02000000 00000000"
                            + " 0000004000000000 0000200000000000 00002040007e0000 0000000000000000"
                            + " 0010204000000000 0000200000000000 00000000007e0000 0000200000000000",
                    2);
            frontEnd.addMemRegion(ram.regions().get(1));
            assertSent(
                    "25000000 01000000 28000000 0000000000000000"
                            + " 0010204000000000 0000200000000000 00000000007e0000 0000200000000000",
                    1);
            frontEnd.removeMemRegion(ram.regions().get(0));
            assertSent(
                    "26000000 01000000 28000000 0000000000000000"
                            + " 0000004000000000 0000200000000000 00002040007e0000 0000000000000000",
                    0);
        }
    }

    @Test
    void repliesAreReadOfTheirPayload() {
        reply("01000000 05000000 08000000 0000008001000000");
        assertEquals(0x1_8000_0000L, frontEnd.getFeatures());
        assertSent("01000000 01000000 00000000", 0);
        reply("0f000000 05000000 08000000 ff00000000000000");
        assertEquals(0xff, frontEnd.getProtocolFeatures());
        assertSent("0f000000 01000000 00000000", 0);
        reply("11000000 05000000 08000000 0400000000000000");
        assertEquals(4, frontEnd.getQueueNum());
        assertSent("11000000 01000000 00000000", 0);
        reply("24000000 05000000 08000000 fd01000000000000");
        assertEquals(509, frontEnd.getMaxMemSlots());
        assertSent("24000000 01000000 00000000", 0);
        reply("28000000 05000000 08000000 0f00000000000000");
        assertEquals(15, frontEnd.getStatus());
        assertSent("28000000 01000000 00000000", 0);
        reply("0b000000 05000000 08000000 03000000 39300000");
        assertEquals(12345, frontEnd.getVringBase(3));
        assertSent("0b000000 01000000 08000000 03000000 00000000", 0);
    }

    @Test
    void withReplyAckEachRequestAsksForItsStatus() {
        frontEnd.setProtocolFeatures(ProtocolFeature.REPLY_ACK.mask());
        assertSent("10000000 01000000 08000000 0800000000000000", 0);
        reply("08000000 05000000 08000000 0000000000000000");
        frontEnd.setVringNum(0, 256);
        assertSent("08000000 09000000 08000000 00000000 00010000", 0);
        frontEnd.asksForAcks(false);
        frontEnd.setVringNum(0, 256);
        assertSent("08000000 01000000 08000000 00000000 00010000", 0);
    }

    @Test
    void aStatusOtherThan0IsARefusal() {
        frontEnd.setProtocolFeatures(ProtocolFeature.REPLY_ACK.mask());
        reply("08000000 05000000 08000000 0100000000000000");
        FrontEndException e = assertThrows(FrontEndException.class, () -> frontEnd.setVringNum(0, 3));
        assertEquals(FrontEndException.Reason.REFUSED, e.reason());
        assertTrue(e.toString().contains("SET_VRING_NUM was refused with status 1"), e::toString);
    }

    @Test
    void noReplyInTimeNamesTheMessage() {
        frontEnd.replyTimeoutNanos(SOON_NANOS);
        FrontEndException e = assertThrows(FrontEndException.class, frontEnd::getFeatures);
        assertEquals(FrontEndException.Reason.NO_REPLY, e.reason());
        assertTrue(e.toString().contains("did not answer GET_FEATURES within 50 ms"), e::toString);
    }

    @Test
    void aReplyCutShortIsNone() {
        frontEnd.replyTimeoutNanos(SOON_NANOS);
        reply("01000000 05000000 08000000 0000");
        FrontEndException e = assertThrows(FrontEndException.class, frontEnd::getFeatures);
        assertEquals(FrontEndException.Reason.NO_REPLY, e.reason());
    }

    @Test
    void wrongRepliesAreNamed() {
        for (String wrong : List.of(
                "02000000 05000000 08000000 0000000000000000",
                "01000000 01000000 08000000 0000000000000000",
                "01000000 06000000 08000000 0000000000000000",
                "01000000 05000000 04000000 00000000",
                "01000000 05000000 00000000",
                "01000000 05000000 ffffffff")) {
            reply(wrong);
            FrontEndException e = assertThrows(FrontEndException.class, frontEnd::getFeatures, wrong);
            assertEquals(FrontEndException.Reason.WRONG_REPLY, e.reason(), wrong);
        }
        reply("0b000000 05000000 08000000 04000000 00000000");
        assertThrows(FrontEndException.class, () -> frontEnd.getVringBase(3));
    }

    @Test
    void aClosedConnectionIsNoticed() {
        peer.close();
        FrontEndException e = assertThrows(FrontEndException.class, frontEnd::getFeatures);
        assertEquals(FrontEndException.Reason.CLOSED, e.reason());
        assertTrue(frontEnd.awaitClosed(SOON_NANOS));
    }

    @Test
    void anOpenConnectionIsNotTakenForAClosedOne() {
        assertFalse(frontEnd.awaitClosed(1_000_000));
    }

    @Test
    void theBackEndChannelCarriesRequestsAndAnswers() {
        try (BackendChannel channel = frontEnd.openBackendChannel()) {
            assertSent("15000000 01000000 00000000", 1);
            try (UnixSocket theirs = UnixSocket.adopt(takenFd)) {
                write(theirs, "02000000 09000000 00000000");
                try (Message request = channel.receive(SOON_NANOS)) {
                    assertNotNull(request);
                    assertEquals(2, request.request());
                    assertTrue(request.needsReply());
                    channel.reply(request, 0);
                }
                assertEquals("020000000500000008000000" + "0000000000000000", read(theirs));
            }
            assertNull(channel.receive(SOON_NANOS));
            assertTrue(channel.isClosed());
        }
    }

    @Test
    void anythingCanBeSentByHand() {
        try (EventFd event = EventFd.create(true, 0)) {
            frontEnd.send(0x8000_0000, 0xffff_ffff, new byte[] {1, 2, 3}, event.fd(), event.fd());
            assertSent("00000080 ffffffff 03000000 010203", 2);
            frontEnd.sendBytes(new byte[] {7}, event.fd());
            assertSent("07", 1);
        }
        reply("01000000 05000000 00000000");
        try (Message any = frontEnd.receive(SOON_NANOS)) {
            assertNotNull(any);
            assertTrue(any.isReply());
        }
        reply("05000000 05000000 08000000 2a00000000000000");
        assertEquals(42, frontEnd.status(VhostUserRequest.SET_MEM_TABLE, Payloads.nothing()));
        assertSent("05000000 09000000 00000000", 0);
    }

    @Test
    void connectsOnceTheBackEndListens(@TempDir Path folder) throws InterruptedException {
        Path path = folder.resolve("late.sock");
        Thread late = Thread.ofPlatform().start(() -> {
            try (UnixListener listener = UnixListener.listen(path, 1, SocketAccess.ofMode(0600))) {
                assertTrue(FileDescriptors.awaitReadable(listener.fd(), 10_000_000_000L));
            }
        });
        VhostUserFrontEnd.connect(path, 10_000_000_000L).close();
        late.join();
    }

    @Test
    void saysThatNobodyListens(@TempDir Path folder) {
        Path path = folder.resolve("none.sock");
        FrontEndException e = assertThrows(FrontEndException.class, () -> VhostUserFrontEnd.connect(path, SOON_NANOS));
        assertEquals(FrontEndException.Reason.NOT_CONNECTED, e.reason());
        assertTrue(e.toString().contains("none.sock"), e::toString);
    }

    @Test
    void acceptsABackEndThatIsAClient(@TempDir Path folder) {
        Path path = folder.resolve("server.sock");
        try (UnixListener listener = UnixListener.listen(path, 1, SocketAccess.ofMode(0600))) {
            assertThrows(FrontEndException.class, () -> VhostUserFrontEnd.accept(listener, SOON_NANOS));
            try (UnixSocket client = UnixSocket.connect(path);
                    VhostUserFrontEnd accepted = VhostUserFrontEnd.accept(listener, SOON_NANOS)) {
                write(client, "01000000 05000000 08000000 0100000000000000");
                assertEquals(1, accepted.getFeatures());
            }
        }
    }

    private void assertSent(String hex, int fdCount) {
        assertArrayEquals(bytes(hex), bytes(read(peer)));
        assertEquals(fdCount, fds.count());
        if (fdCount > 0) {
            takenFd = fds.take(0);
        }
        fds.close();
    }

    private void reply(String hex) {
        write(peer, hex);
    }

    private static void write(UnixSocket socket, String hex) {
        byte[] bytes = bytes(hex);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment copy = arena.allocateFrom(ValueLayout.JAVA_BYTE, bytes);
            assertEquals(bytes.length, socket.send(copy, 0, bytes.length, new int[0], 0));
        }
    }

    private String read(UnixSocket socket) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment buffer = arena.allocate(4096);
            long received = socket.receive(buffer, 0, 4096, fds);
            assertTrue(received > 0, "nothing was sent: " + received);
            return HexFormat.of().formatHex(buffer.asSlice(0, received).toArray(ValueLayout.JAVA_BYTE));
        }
    }

    private static byte[] bytes(String hex) {
        return HexFormat.of().parseHex(hex.replace(" ", ""));
    }
}
