package io.annulet.journey;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.channel.IvshmemPeer;
import io.annulet.linux.FileDescriptors;
import io.annulet.linux.PassedProgram;
import io.annulet.linux.SocketAccess;
import io.annulet.linux.StoreListener;
import io.annulet.linux.UnixListener;
import io.annulet.linux.UnixSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A server of channels that is killed, and started again by a service manager that kept its descriptors. */
@Tag("slow")
@Timeout(900)
final class StoredChannelTest {
    private static final Duration LIMIT = Duration.ofMinutes(3);
    private static final Set<String> OF_THE_SERVER = Set.of("stored/ivshmem/c/listener", "stored/ivshmem/c/memory");
    private static final Set<String> OF_ITS_PEER = Set.of(
            "stored/ivshmem/c/listener",
            "stored/ivshmem/c/memory",
            "stored/ivshmem/c/peer/0/socket",
            "stored/ivshmem/c/peer/0/vector/0");

    @TempDir
    private Path folder;

    private Path socket() {
        return folder.resolve("c.sock");
    }

    @Test
    void theNextProcessGoesOnWithMemoryPeersAndTheirNumbers() {
        try (StoreListener manager = StoreListener.at(folder.resolve("notify"))) {
            IvshmemPeer first;
            try (Child backend = start(List.of())) {
                backend.awaitLine("ready", LIMIT);
                assertEquals(OF_THE_SERVER, manager.kept().keySet());
                first = IvshmemPeer.connect(socket());
                Pause.until(
                        "the peer is kept", LIMIT, () -> manager.kept().keySet().equals(OF_ITS_PEER));
                backend.kill();
                backend.awaitEnd(LIMIT);
            }
            try (first;
                    Child next = startWith(manager)) {
                next.awaitLine("ready", LIMIT);
                assertTheyMeet(manager, first);
                next.terminate();
                assertEquals(0, next.awaitEnd(LIMIT), next::text);
            }
        }
    }

    private void assertTheyMeet(StoreListener manager, IvshmemPeer first) {
        try (IvshmemPeer second = IvshmemPeer.connect(socket())) {
            assertEquals(1, second.id(), "numbers go on");
            Pause.until("the first hears of the second", LIMIT, () -> first.otherCount() == 1);
            assertTrue(FileDescriptors.status(first.memory()).isSameFile(FileDescriptors.status(second.memory())));
            second.ring(first.number());
            Pause.until("the doorbell is heard", LIMIT, () -> isRung(first));
            first.ring(second.number());
            Pause.until("and the other way", LIMIT, () -> isRung(second));
            assertEquals(OF_ITS_PEER.size() + 2, manager.kept().size());
        }
        Pause.until("it is let go of", LIMIT, () -> manager.kept().keySet().equals(OF_ITS_PEER));
        Pause.until("the first hears that it left", LIMIT, () -> first.otherCount() == 0);
    }

    private static boolean isRung(IvshmemPeer peer) {
        peer.await(Duration.ofMillis(10).toNanos());
        return peer.timesRung() > 0;
    }

    /** A service that is told to keep things and has nobody who would is refused, with what to write. */
    @Test
    void withoutAServiceManagerItSaysSo() {
        try (Child backend = Child.run(command(List.of("env", "-u", "NOTIFY_SOCKET")))) {
            assertTrue(backend.awaitEnd(LIMIT) != 0);
            assertTrue(backend.text().contains("FileDescriptorStoreMax="), backend::text);
        }
    }

    private List<String> command(List<String> before) {
        List<String> words = new ArrayList<>(before);
        words.addAll(Child.javaCommand(List.of(
                "io.annulet.cli.Main",
                "run",
                "--fd-holder",
                "systemd",
                "--channel",
                "c=ivshmem:" + socket() + ",size=1M")));
        return words;
    }

    private Child start(List<String> before) {
        List<String> words = new ArrayList<>(List.of("env", "NOTIFY_SOCKET=" + folder.resolve("notify")));
        words.addAll(before);
        return Child.run(command(words));
    }

    /** By a program that takes the descriptors and then is the server, as a service manager's child is. */
    private Child startWith(StoreListener manager) {
        Path hand = folder.resolve("hand");
        try (UnixListener listener = UnixListener.listen(hand, 1, SocketAccess.ofMode(0600))) {
            Child child = start(Child.javaCommand(List.of(PassedProgram.class.getName(), hand.toString())));
            @Nullable UnixSocket[] accepted = {null};
            Pause.until("the program asks", LIMIT, () -> {
                accepted[0] = listener.accept();
                return accepted[0] != null;
            });
            try (UnixSocket taker = Objects.requireNonNull(accepted[0])) {
                manager.kept();
                manager.passTo(taker);
            }
            return child;
        }
    }
}
