package io.annulet.cli.vm;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.cli.CommandFailure;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The test is the guest: it writes answers, mostly before the question, since the channel is a stream. */
@Timeout(20)
final class GuestAgentTest {
    private static final Duration SHORT = Duration.ofMillis(50);
    private static final Duration LONG = Duration.ofSeconds(10);

    @TempDir
    private Path folder;

    private Chardev chardev;
    private GuestAgent agent;
    private SocketChannel guest;

    @BeforeEach
    void connect() throws IOException {
        chardev = Chardev.listen(folder.resolve("agent"));
        agent = new GuestAgent(chardev);
        guest = SocketChannel.open(UnixDomainSocketAddress.of(chardev.path()));
    }

    @AfterEach
    void disconnect() throws IOException {
        guest.close();
        chardev.close();
    }

    @Test
    void answerIsTheOutputAndTheStatus() {
        say("two\nlines\n@@exit 7@@\n");
        assertEquals(Optional.of(new QemuGuest.Result(7, "two\nlines\n")), run("x", LONG));
        assertEquals("x\n", heard());
    }

    @Test
    void outputNeedsNoNewlineAtItsEnd() {
        say("half@@exit 0@@\n");
        assertEquals(Optional.of(new QemuGuest.Result(0, "half")), run("x", LONG));
    }

    @Test
    void textIsUtf8BothWays() {
        say("\u00fcn\u00ef\n@@exit 0@@\n");
        assertEquals(Optional.of(new QemuGuest.Result(0, "\u00fcn\u00ef\n")), run("echo \u00fc", LONG));
        assertEquals("echo \u00fc\n", heard());
    }

    @Test
    void markerMayArriveInPieces() throws InterruptedException {
        Thread slowly = Thread.startVirtualThread(() -> {
            for (char part : "a@@exit 12@@\n".toCharArray()) {
                say(String.valueOf(part));
            }
        });
        assertEquals(Optional.of(new QemuGuest.Result(12, "a")), run("x", LONG));
        assertTrue(slowly.join(LONG));
    }

    @Test
    void lateAnswerIsNotTakenForTheNextOne() {
        assertEquals(Optional.empty(), run("slow", SHORT));
        say("late\n@@exit 1@@\nnext\n@@exit 0@@\n");
        assertEquals(Optional.of(new QemuGuest.Result(0, "next\n")), run("next", LONG));
    }

    @Test
    void restartForgivesWhatWasNotAnswered() {
        assertTrue(agent.send("reboot -f", Deadline.in(LONG)));
        say("@@ready@@\n");
        assertTrue(agent.awaitReady(Deadline.in(LONG)));
        say("ok\n@@exit 0@@\n");
        assertEquals(Optional.of(new QemuGuest.Result(0, "ok\n")), run("x", LONG));
    }

    @Test
    void endOfQemuEndsTheWaitEarly() throws IOException {
        guest.close();
        long started = System.nanoTime();
        assertFalse(agent.awaitReady(Deadline.in(Duration.ofSeconds(15))));
        assertTrue(System.nanoTime() - started < LONG.toNanos());
    }

    @Test
    void endOfQemuBeforeItConnectedEndsTheWaitEarly() {
        try (Chardev lonely = Chardev.listen(folder.resolve("lonely"))) {
            long started = System.nanoTime();
            lonely.peerIsGone();
            assertFalse(new GuestAgent(lonely).awaitReady(Deadline.in(Duration.ofSeconds(15))));
            assertTrue(System.nanoTime() - started < LONG.toNanos());
        }
    }

    @Test
    void socketFileGoesOnceQemuHasConnected() {
        assertTrue(Files.exists(chardev.path()));
        say("@@ready@@\n");
        assertTrue(agent.awaitReady(Deadline.in(LONG)));
        assertFalse(Files.exists(chardev.path()));
    }

    @Test
    void qmpSkipsEventsAndGreetsOnce() {
        Qmp qmp = new Qmp(chardev);
        say("{\"QMP\": {}}\r\n{\"return\": {}}\r\n{\"event\": \"RESET\"}\r\n{\"return\": {\"a\": 1}}\r\n");
        assertEquals(Optional.of("{\"return\": {\"a\": 1}}"), qmp.execute("query-a", "", Deadline.in(LONG)));
        assertEquals("{\"execute\": \"qmp_capabilities\"}\n{\"execute\": \"query-a\"}\n", heard());
        String error = "{\"error\": {\"class\": \"GenericError\"}}";
        say(error + "\r\n");
        assertEquals(Optional.of(error), qmp.execute("b", "{\"c\": 2}", Deadline.in(LONG)));
        assertEquals("{\"execute\": \"b\", \"arguments\": {\"c\": 2}}\n", heard());
    }

    @Test
    void socketPathThatTheKernelWouldCutIsRefused() {
        Path path = folder.resolve("x".repeat(120));
        assertThrows(CommandFailure.class, () -> Chardev.listen(path));
    }

    private Optional<QemuGuest.Result> run(String command, Duration limit) {
        return agent.run(command, Deadline.in(limit));
    }

    private void say(String text) {
        try {
            guest.write(ByteBuffer.wrap(text.getBytes(UTF_8)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private String heard() {
        try {
            ByteBuffer bytes = ByteBuffer.allocate(4096);
            guest.read(bytes);
            return new String(bytes.array(), 0, bytes.position(), UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
