package io.annulet.interop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.annulet.cli.vm.QemuGuest;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Two real guests talk over a sealed channel while a third process writes into the same memory: what it does is detected and
 * named, the ends find each other again, and nothing false arrives. {@code -Dannulet.channel.mebibytes=256} for the long run.
 */
@Tag("slow")
@Timeout(1200)
final class ChannelGuestsTest {
    private static final int MEBIBYTES = Integer.getInteger("annulet.channel.mebibytes", 16);
    private static final Duration LIMIT = ChannelGuests.LIMIT;
    private static final int PATIENCE = 600; // seconds

    @TempDir
    private static Path folder;

    private static @Nullable ChannelGuests started;

    @BeforeAll
    static void start() {
        NestedHost.obstacle().ifPresent(reason -> assumeTrue(false, reason));
        started = ChannelGuests.start(folder);
    }

    @AfterAll
    static void stop() {
        ChannelGuests guests = started;
        if (guests != null) {
            guests.close();
        }
    }

    private static boolean has(QemuGuest guest, String file, String text) {
        return guest.run("grep -q '" + text + "' " + file, LIMIT).status() == 0;
    }

    /** Starts a command whose log says when it has ended. */
    private static void begin(QemuGuest guest, String command, String file) {
        guest.mustRun("( " + command + "; echo ended with $? ) > " + file + " 2>&1 &", LIMIT);
    }

    /** Waits for a line in the log of a command that {@link #begin} started, until it has ended. */
    private static void await(QemuGuest guest, String file, String text) {
        String loop = "i=0; while ! grep -q '" + text + "' " + file + " && ! grep -q '^ended with' " + file
                + " && [ $i -lt " + 2 * PATIENCE + " ]; do sleep 0.5; i=$((i+1)); done; grep -q '" + text + "' " + file;
        QemuGuest.Result result = guest.run(loop, Duration.ofSeconds(PATIENCE + 60));
        assertEquals(0, result.status(), () -> guest.run("cat " + file, LIMIT).output());
    }

    @Test
    void aFileArrivesWholeThoughAThirdProcessScribblesIntoTheMemory() {
        ChannelGuests guests = Objects.requireNonNull(started);
        QemuGuest a = guests.a();
        QemuGuest b = guests.b();
        a.mustRun(
                "dd if=/dev/urandom of=/piece bs=1M count=8 2>/dev/null; i=0; while [ $i -lt " + MEBIBYTES
                        + " ]; do cat /piece; i=$((i+8)); done > /file; echo $i >> /file",
                LIMIT);
        b.mustRun("mkdir -p /in", LIMIT);
        begin(b, "annulet channel receive " + guests.endOfB() + " /in", "/receive.log");
        begin(a, "annulet channel send --wait 300 " + guests.endOfA() + " /file", "/send.log");
        await(b, "/receive.log", "sealed channel");
        try (Scribbler scribbler = Scribbler.attach(ChannelGuests.socket(folder))) {
            for (int i = 0; i < 200 && !has(b, "/receive.log", "tampering"); i++) {
                scribbler.scribbleOnRings(500);
            }
            scribbler.scribbleOnControl();
        }
        await(a, "/send.log", "^sent file");
        await(b, "/receive.log", "^received /in/file");
        assertTrue(has(b, "/receive.log", "tampering") || has(a, "/send.log", "tampering"), "tampering is named");
        assertEquals(
                a.mustRun("sha256sum < /file", LIMIT),
                b.mustRun("sha256sum < /in/file", LIMIT),
                "nothing false arrived");
    }
}
