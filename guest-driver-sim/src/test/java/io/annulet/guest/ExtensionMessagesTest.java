package io.annulet.guest;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.annulet.linux.EventFd;
import io.annulet.linux.Fd;
import io.annulet.linux.FileDescriptors;
import io.annulet.linux.UnixSocket;
import io.annulet.vhostuser.BackendRequest;
import io.annulet.vhostuser.MessageLayout;
import io.annulet.vhostuser.ProtocolFeature;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The messages of extensions byte by byte, and what a front-end makes of right and wrong answers. */
@Timeout(60)
final class ExtensionMessagesTest {

    private static final long PATIENCE_NANOS = 10_000_000_000L;

    private final UnixSocket.Pair sockets = UnixSocket.pair();
    private final VhostUserFrontEnd frontEnd = VhostUserFrontEnd.over(sockets.first());
    private final ExtensionMessages extensions = new ExtensionMessages(frontEnd);
    private final MigrationMessages migration = new MigrationMessages(frontEnd);
    private final MessageSocket peer = new MessageSocket(sockets.second());
    private final EventFd someFd = EventFd.create(true, 0);

    @AfterEach
    void close() {
        frontEnd.close();
        peer.close();
        someFd.close();
    }

    /** Answers the next message; the future tells what it was. */
    private CompletableFuture<String> answering(byte[] payload, Fd... fds) {
        return CompletableFuture.supplyAsync(() -> {
            try (Message message = came(peer)) {
                peer.send(message.request(), 5, payload, List.of(fds), PATIENCE_NANOS);
                return described(message);
            }
        });
    }

    private String next() {
        try (Message message = came(peer)) {
            return described(message);
        }
    }

    private static Message came(MessageSocket at) {
        return Objects.requireNonNull(at.receive(PATIENCE_NANOS), "no message");
    }

    private static String described(Message message) {
        byte[] bytes = new byte[message.payload().remaining()];
        message.payload().get(bytes);
        return message.request() + " " + HexFormat.of().formatHex(bytes)
                + (message.fds().isEmpty() ? "" : " +" + message.fds().size());
    }

    @Test
    void anInflightAreaIsKeptAndGivenBack() {
        byte[] answer = Payloads.inflight(8192, 64, 2, 256);
        CompletableFuture<String> told = answering(answer, someFd.fd());
        try (InflightArea area = extensions.getInflightFd(2, 256)) {
            assertEquals("31 00000000000000000000000000000000" + "0200" + "0001" + "00000000", told.join());
            assertEquals(8192, area.byteLength());
            assertEquals(64, area.fileOffset());
            extensions.setInflightFd(area);
            assertEquals("32 0020000000000000" + "4000000000000000" + "0200" + "0001" + "00000000" + " +1", next());
        }
        CompletableFuture<String> without = answering(answer);
        FrontEndException wrong = assertThrows(FrontEndException.class, () -> extensions.getInflightFd(2, 256));
        assertEquals(FrontEndException.Reason.WRONG_REPLY, wrong.reason());
        without.join();
    }

    @Test
    void translationsAreToldAndTakenBackAndAcknowledged() {
        CompletableFuture<String> told = answering(Payloads.u64(0));
        extensions.updateTranslation(0x1000, 0x2000, 0x7000);
        assertEquals(
                "22 0010000000000000" + "0020000000000000" + "0070000000000000" + "03" + "02" + "000000000000",
                told.join());
        told = answering(Payloads.u64(0));
        extensions.invalidateTranslation(0x1000, 0x2000);
        assertEquals(
                "22 0010000000000000" + "0020000000000000" + "0000000000000000" + "00" + "03" + "000000000000",
                told.join());
        CompletableFuture<String> refused = answering(Payloads.u64(1));
        assertThrows(FrontEndException.class, () -> extensions.updateTranslation(0, 4096, 0));
        refused.join();
    }

    @Test
    void configurationSpaceIsReadAndWritten() {
        CompletableFuture<String> told = answering(Payloads.config(2, 0, new byte[] {9, 8, 7}));
        assertArrayEquals(new byte[] {9, 8, 7}, extensions.getConfig(2, 3));
        assertEquals("24 02000000" + "03000000" + "00000000" + "000000", told.join());
        extensions.setConfig(1, 1, new byte[] {5});
        assertEquals("25 01000000" + "01000000" + "01000000" + "05", next());
        CompletableFuture<String> refused = answering(Payloads.nothing());
        assertThrows(FrontEndException.class, () -> extensions.getConfig(0, 6));
        refused.join();
    }

    @Test
    void ringsHaveAByteOrderAndKicksMayBeMessages() {
        extensions.setVringEndian(3, true);
        assertEquals("23 0300000001000000", next());
        extensions.kickVring(3);
        assertEquals("35 0300000000000000", next());
    }

    @Test
    void whatIsSharedIsAskedFor() {
        byte[] uuid = new byte[16];
        uuid[0] = 1;
        CompletableFuture<String> told = answering(Payloads.nothing(), someFd.fd());
        try (Fd object = extensions.getSharedObject(uuid)) {
            assertEquals("41 01000000000000000000000000000000", told.join());
            assertEquals(FileDescriptors.link(someFd.fd()), FileDescriptors.link(object));
        }
        assertThrows(IllegalArgumentException.class, () -> extensions.getSharedObject(new byte[3]));
        told = answering(HexFormat.of().parseHex("0200000000000000" + "0010000000000000" + "0000000000000000"));
        assertArrayEquals(new long[] {4096, 0}, extensions.getSharedMemoryConfig());
        assertEquals("44 ", told.join());
        CompletableFuture<String> refused = answering(new byte[9]);
        assertThrows(FrontEndException.class, extensions::getSharedMemoryConfig);
        refused.join();
    }

    @Test
    void aLogIsHandedOver() {
        try (GuestRam ram = GuestRam.create(RamOptions.of(2 << 20));
                DirtyLog log = DirtyLog.covering(ram)) {
            CompletableFuture<String> told = answering(Payloads.u64(0));
            migration.setLogBase(log);
            assertEquals("6 0090000000000000" + "0000000000000000" + " +1", told.join());
            assertEquals(0, log.dirtyPages());
            CompletableFuture<String> wrong = answering(new byte[3]);
            assertThrows(FrontEndException.class, () -> migration.setLogBase(log));
            wrong.join();
        }
        migration.setLogFd(someFd.fd());
        assertEquals("7  +1", next());
    }

    @Test
    void theStateOfADeviceGoesThroughAPipe() {
        CompletableFuture<String> told = answering(Payloads.u64(0x100));
        assertNull(migration.setDeviceStateFd(MigrationMessages.Direction.LOAD, someFd.fd()));
        assertEquals("42 0100000000000000 +1", told.join());
        told = answering(Payloads.u64(0), someFd.fd());
        try (Fd theirs = migration.setDeviceStateFd(MigrationMessages.Direction.SAVE, someFd.fd())) {
            assertNotNull(theirs);
            assertEquals("42 0000000000000000 +1", told.join());
        }
        told = answering(Payloads.u64(0));
        migration.checkDeviceState();
        assertEquals("43 ", told.join());
        CompletableFuture<String> refused = answering(Payloads.u64(1));
        assertThrows(FrontEndException.class, migration::checkDeviceState);
        refused.join();
    }

    @Test
    void postCopyIsAdvisedListenedToAndEnded() {
        CompletableFuture<String> told = answering(Payloads.nothing(), someFd.fd());
        migration.postcopyAdvise().close();
        assertEquals("28 ", told.join());
        migration.postcopyListen();
        assertEquals("29 ", next());
        told = answering(Payloads.u64(0));
        migration.postcopyEnd();
        assertEquals("30 ", told.join());
        CompletableFuture<String> without = answering(Payloads.nothing());
        assertThrows(FrontEndException.class, migration::postcopyAdvise);
        without.join();
    }

    @Test
    void missesAreAnsweredWithAPieceOfMemory() {
        try (GuestRam ram = GuestRam.create(RamOptions.regions(2, 2 << 20, 1 << 20));
                UnixSocket.Pair channel = UnixSocket.pair();
                MessageSocket backEnd = new MessageSocket(channel.second());
                BackendChannel ours = new BackendChannel(channel.first())) {
            IoTranslation translation = new IoTranslation(frontEnd, ours, ram, 64 << 10);
            RamRegion second = ram.regions().get(1);
            CompletableFuture<String> told = answering(Payloads.u64(0));
            ask(backEnd, second.guestAddress() + 0x12345, MessageLayout.IOTLB_MISS);
            assertEquals(1, translation.serve(PATIENCE_NANOS));
            String expected = HexFormat.of()
                    .formatHex(Payloads.iotlb(
                            second.guestAddress() + 0x10000, 64 << 10, second.userAddress() + 0x10000, 3, 2));
            assertEquals("22 " + expected, told.join());
            assertEquals(0, status(backEnd));

            ask(backEnd, second.guestAddress() - 1, MessageLayout.IOTLB_MISS);
            ask(backEnd, 0, MessageLayout.IOTLB_ACCESS_FAIL);
            assertEquals(2, translation.serve(PATIENCE_NANOS));
            assertEquals(1, status(backEnd));
            assertEquals(0, status(backEnd));
            assertEquals(2, translation.misses());
            assertEquals(2, translation.failures());
            assertEquals(0, translation.serve(0));
        }
    }

    private static void ask(MessageSocket backEnd, long ioAddress, int type) {
        byte[] payload = Payloads.iotlb(ioAddress, 0, 0, 3, type);
        int flags = MessageLayout.VERSION | MessageLayout.FLAG_NEED_REPLY;
        backEnd.send(BackendRequest.IOTLB_MSG.id(), flags, payload, new ArrayList<>(), PATIENCE_NANOS);
    }

    private static long status(MessageSocket backEnd) {
        try (Message reply = came(backEnd)) {
            return reply.payload().getLong();
        }
    }

    @Test
    void acknowledgementsAreAskedForWhereThatWasAgreedOn() {
        frontEnd.setProtocolFeatures(ProtocolFeature.REPLY_ACK.mask());
        next();
        CompletableFuture<String> refused = answering(Payloads.u64(1));
        assertThrows(FrontEndException.class, () -> extensions.setVringEndian(0, false));
        refused.join();
    }
}
