package io.annulet.journey;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.annulet.linux.XdpProgram;
import io.annulet.linux.XdpSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A back-end between two interfaces by AF_XDP is killed, ended and started again; the host has its frames meanwhile. */
@Tag("root")
@Timeout(180)
final class XdpLifeTest {

    /** Everybody in the network. */
    private static final long ALL = 0xffff_ffff_ffffL;

    private static final Duration LIMIT = Duration.ofSeconds(60);

    @TempDir
    private Path folder;

    private Namespace left;
    private Namespace right;
    private String leftCable;
    private String rightCable;

    @BeforeEach
    void lay() {
        Namespace.obstacle().ifPresent(why -> assumeTrue(false, why));
        assumeTrue(XdpSocket.isKnown(), "this kernel has no AF_XDP");
        left = Namespace.create();
        right = Namespace.create();
        leftCable = left.addCable("198.18.2.1/30");
        rightCable = right.addCable("198.18.2.2/30");
    }

    @AfterEach
    void takeAway() {
        for (Namespace namespace : new Namespace[] {left, right}) {
            if (namespace != null) {
                namespace.close();
            }
        }
    }

    private BackendProcess start() {
        return BackendProcess.start(
                folder, "--port", "l=af_xdp:" + leftCable, "--port", "r=af_xdp:" + rightCable, "--link", "l=r");
    }

    private void assertPings() {
        String said = left.run("ping", "-c", "3", "-i", "0.2", "-W", "10", "198.18.2.2");
        assertTrue(said.contains(" 3 received"), said);
    }

    private static boolean hasProgram(String interfaceName) {
        try (Child program = Child.run(List.of("ip", "link", "show", interfaceName))) {
            assertEquals(0, program.awaitEnd(LIMIT), program::text);
            return program.text().contains("prog/xdp");
        }
    }

    @Test
    void aKilledOneLeavesNothingBehindAndTheNextOneGoesOn() {
        for (int round = 0; round < 3; round++) {
            try (BackendProcess killed = start()) {
                assertTrue(hasProgram(leftCable));
                assertPings();
                killed.assertAlive();
            }
            assertFalse(hasProgram(leftCable), "the host has the frames of its interface back");
            assertFalse(hasProgram(rightCable), "the host has the frames of its interface back");
        }
        try (BackendProcess last = start()) {
            assertPings();
            assertTrue(last.counter("l", "in.frames") >= 3);
            last.end();
            assertFalse(hasProgram(leftCable));
        }
    }

    private static void awaitMoreThan(long count, BackendProcess backend) {
        long end = System.nanoTime() + LIMIT.toNanos();
        while (backend.counter("up", "nic.zero-copy") <= count) {
            assertTrue(System.nanoTime() < end, () -> "only " + backend.counter("up", "nic.zero-copy"));
            Pause.millis(5);
        }
    }

    @Test
    void aGuestsMemoryIsReadInPlaceAndThatOfTheNextOneAfterIt() {
        try (BackendProcess backend = BackendProcess.start(
                folder,
                "--port",
                BackendProcess.guestPort(folder, "g"),
                "--port",
                "up=af_xdp:" + leftCable + ",umem=guest",
                "--link",
                "g=up")) {
            long before = 0;
            for (int round = 0; round < 3; round++) {
                long read = before;
                try (Child guest = GuestProcess.start(BackendProcess.socket(folder, "g"), 0x52_54_00_00_00_01L, ALL)) {
                    awaitMoreThan(read + 1000, backend);
                    assertTrue(guest.isAlive(), guest::text);
                }
                before = backend.counter("up", "nic.zero-copy");
                backend.assertAlive();
            }
            assertEquals(0, backend.counter("up", "nic.unshared-guests"));
            assertEquals(0, backend.counter("g", "rings.broken"));
        }
    }

    @Test
    void aProgramOfLibxdpIsGoneAfterItsBackEndToo() {
        assumeTrue(XdpProgram.hasLibxdp(), "libxdp is not installed");
        String[] arguments = {
            "--port", "l=af_xdp:" + leftCable + ",program=libxdp", "--port", "r=af_xdp:" + rightCable, "--link", "l=r"
        };
        try (BackendProcess killed = BackendProcess.start(folder, arguments)) {
            assertTrue(hasProgram(leftCable));
            assertPings();
            killed.assertAlive();
        }
        long end = System.nanoTime() + LIMIT.toNanos();
        while (hasProgram(leftCable)) {
            assertTrue(System.nanoTime() < end, "the program outlives the back-end");
            Pause.millis(20);
        }
        try (BackendProcess last = BackendProcess.start(folder, arguments)) {
            assertPings();
            last.end();
            assertFalse(hasProgram(leftCable));
        }
    }
}
