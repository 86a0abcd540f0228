package io.annulet.backend.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.channel.ChannelHandler;
import io.annulet.channel.ChannelLayout;
import io.annulet.channel.ChannelOptions;
import io.annulet.channel.ChannelOptions.Role;
import io.annulet.channel.Identity;
import io.annulet.channel.IvshmemPeer;
import io.annulet.channel.SealedChannel;
import io.annulet.linux.Errno;
import io.annulet.linux.Fd;
import io.annulet.linux.FileDescriptors;
import io.annulet.linux.LinuxException;
import io.annulet.linux.Mapping;
import io.annulet.linux.SocketAccess;
import io.annulet.linux.UnixSocket;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A channel's memory as peers get it, and what a restart of its server leaves of it. */
@Timeout(120)
final class IvshmemServerTest {
    private static final long BYTES = 1L << 20;
    private static final int KEPT_BY_THE_SERVER = 2;
    private static final int KEPT_BY_A_PEER = 3;
    private static final int NOBODY = 65_534;

    @TempDir
    private Path folder;

    private ControlLoop loop = new ControlLoop();

    @AfterEach
    void close() {
        loop.close();
    }

    private Path socket() {
        return folder.resolve("c.sock");
    }

    private IvshmemServer start(FdStore store, Integer... users) throws Exception {
        IvshmemOptions options = new IvshmemOptions("c", socket(), BYTES, 2, List.of(users), SocketAccess.ofMode(0600));
        IvshmemServer server = new IvshmemServer(options, loop, store);
        Map<String, Fd> kept = new TreeMap<>(store.restore());
        server.start(kept).get(20, TimeUnit.SECONDS);
        assertEquals(Map.of(), kept, "what was kept is in use");
        return server;
    }

    private static void await(BooleanSupplier condition) {
        long deadlineNanos = System.nanoTime() + Duration.ofSeconds(60).toNanos();
        while (!condition.getAsBoolean()) {
            assertTrue(System.nanoTime() < deadlineNanos, "it did not come to pass");
            Thread.onSpinWait();
        }
    }

    @Test
    void peersSeeEachOtherComeAndGoAndRingEachOther() throws Exception {
        start(FdStore.NONE);
        try (IvshmemPeer first = IvshmemPeer.connect(socket())) {
            assertEquals(0, first.otherCount());
            try (IvshmemPeer second = IvshmemPeer.connect(socket())) {
                assertEquals(1, second.otherCount());
                await(() -> first.otherCount() == 1);
                first.ring(second.number());
                long start = System.nanoTime();
                second.await(TimeUnit.SECONDS.toNanos(60));
                assertTrue(System.nanoTime() - start < TimeUnit.SECONDS.toNanos(60), "the doorbell was heard");
            }
            await(() -> first.otherCount() == 0);
        }
    }

    /** QEMU ends with "double free" when a peer's number comes back. */
    @Test
    void noNumberIsGivenTwice() throws Exception {
        start(FdStore.NONE);
        try (IvshmemPeer stays = IvshmemPeer.connect(socket())) {
            for (int expected = 1; expected < 5; expected++) {
                try (IvshmemPeer next = IvshmemPeer.connect(socket())) {
                    assertEquals(expected, next.id());
                    await(() -> stays.otherCount() == 1);
                }
                await(() -> stays.otherCount() == 0);
            }
        }
    }

    @Test
    void memoryIsOneForAllPeersAndNobodyCanShortenIt() throws Exception {
        start(FdStore.NONE);
        try (IvshmemPeer first = IvshmemPeer.connect(socket());
                IvshmemPeer second = IvshmemPeer.connect(socket())) {
            assertTrue(FileDescriptors.status(first.memory()).isSameFile(FileDescriptors.status(second.memory())));
            assertEquals(BYTES, FileDescriptors.status(first.memory()).byteLength());
            LinuxException refused =
                    assertThrows(LinuxException.class, () -> FileDescriptors.truncate(first.memory(), 4096));
            assertEquals(Errno.EPERM, refused.errno());
        }
    }

    @Test
    void everyChannelHasMemoryOfItsOwn() throws Exception {
        start(FdStore.NONE);
        Path elsewhere = folder.resolve("d.sock");
        IvshmemOptions options = new IvshmemOptions("d", elsewhere, BYTES, 1, List.of(), SocketAccess.ofMode(0600));
        new IvshmemServer(options, loop, FdStore.NONE).start(new TreeMap<>()).get(20, TimeUnit.SECONDS);
        try (IvshmemPeer one = IvshmemPeer.connect(socket());
                IvshmemPeer other = IvshmemPeer.connect(elsewhere)) {
            assertFalse(FileDescriptors.status(one.memory()).isSameFile(FileDescriptors.status(other.memory())));
            assertEquals(0, one.otherCount());
        }
    }

    @Test
    void whoIsNotListedIsTurnedAway() throws Exception {
        start(FdStore.NONE, NOBODY);
        assertThrows(IllegalStateException.class, () -> IvshmemPeer.connect(socket()));
    }

    @Test
    void whoSpeaksIsNoPeer() throws Exception {
        start(FdStore.NONE);
        try (IvshmemPeer other = IvshmemPeer.connect(socket());
                UnixSocket talker = UnixSocket.connect(socket());
                Arena arena = Arena.ofConfined()) {
            await(() -> other.otherCount() == 1);
            talker.send(arena.allocate(8), 0, 8, new int[0], 0);
            await(() -> other.otherCount() == 0);
        }
    }

    @Test
    void aRestartLeavesMemoryPeersAndDoorbellsAsTheyWere() throws Exception {
        FdHolder holder = FdHolder.listen(folder.resolve("h.sock"));
        Thread holding = Thread.ofPlatform().daemon().start(holder::run);
        try {
            IvshmemPeer first = attachAndEndTheServer(holder);
            loop.close();
            loop = new ControlLoop();
            assertTrue(Files.exists(socket()), "who comes meanwhile waits");
            UnixSocket early = UnixSocket.connect(socket());
            goOn(holder, first, early);
            first.close();
        } finally {
            holder.close();
            holding.join();
        }
    }

    private IvshmemPeer attachAndEndTheServer(FdHolder holder) throws Exception {
        try (HolderFdStore store = HolderFdStore.connect(folder.resolve("h.sock"))) {
            IvshmemServer server = start(store);
            IvshmemPeer first = IvshmemPeer.connect(socket());
            await(() -> holder.count() == KEPT_BY_A_PEER + KEPT_BY_THE_SERVER);
            server.close().get(20, TimeUnit.SECONDS);
            return first;
        }
    }

    private void goOn(FdHolder holder, IvshmemPeer first, UnixSocket early) throws Exception {
        try (HolderFdStore store = HolderFdStore.connect(folder.resolve("h.sock"))) {
            start(store);
            await(() -> first.otherCount() == 1);
            early.close();
            await(() -> first.otherCount() == 0);
            try (IvshmemPeer second = IvshmemPeer.connect(socket())) {
                await(() -> first.otherCount() == 1);
                assertTrue(FileDescriptors.status(first.memory()).isSameFile(FileDescriptors.status(second.memory())));
                talk(first, second);
            }
            await(() -> holder.count() == KEPT_BY_A_PEER + KEPT_BY_THE_SERVER);
        }
    }

    private static void talk(IvshmemPeer first, IvshmemPeer second) {
        Identity alice = Identity.create();
        Identity bob = Identity.create();
        Heard heard = new Heard();
        try (Mapping one = Mapping.map(first.memory(), 0, BYTES, Mapping.Protection.READ_WRITE);
                Mapping other = Mapping.map(second.memory(), 0, BYTES, Mapping.Protection.READ_WRITE);
                SealedChannel a = new SealedChannel(
                        new ChannelLayout(one.address(), BYTES),
                        ChannelOptions.of(alice, Role.INITIATOR, bob.publicKey()),
                        first);
                SealedChannel b = new SealedChannel(
                        new ChannelLayout(other.address(), BYTES),
                        ChannelOptions.of(bob, Role.RESPONDER, alice.publicKey()),
                        second);
                Arena arena = Arena.ofConfined()) {
            long message = arena.allocate(64).address();
            boolean[] sent = {false};
            await(() -> {
                a.poll(heard);
                b.poll(heard);
                sent[0] = sent[0] || (a.send(message, 64) && a.flush());
                return heard.byteLength == 64;
            });
            assertFalse(a.isLost());
        }
    }

    /** Counts what arrives. */
    private static final class Heard implements ChannelHandler {
        private int byteLength;

        @Override
        public void onMessage(long address, int messageByteLength) {
            byteLength += messageByteLength;
        }
    }

    @Test
    void sizesAreWhatPciTakes() {
        assertThrows(
                IllegalArgumentException.class,
                () -> new IvshmemOptions("c", socket(), 3L << 20, 1, List.of(), SocketAccess.ofMode(0600)));
    }
}
