package io.annulet.hostile;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.annulet.cli.CommandFailure;
import io.annulet.cli.ctl.ApiClient;
import io.annulet.guest.DriverTransmitQueue;
import io.annulet.guest.FrameFactory;
import io.annulet.guest.GuestOptions;
import io.annulet.guest.RamOptions;
import io.annulet.guest.SimulatedGuest;
import io.annulet.journey.BackendProcess;
import io.annulet.journey.Canary;
import io.annulet.journey.Holdings;
import io.annulet.journey.Namespace;
import io.annulet.journey.Pause;
import io.annulet.linux.XdpSocket;
import io.netty.handler.codec.http.HttpMethod;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** L05 and P08: memory that a network interface reads or would like to read, beside a canary pair on the same worker. */
@Tag("root")
@Timeout(180)
final class XdpCasesTest {

    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final String VILLAIN = "villain";
    private static final String UP = "up";
    private static final String IN_PLACE = "nic.zero-copy";
    private static final int FRAME_BYTES = 600;
    private static final long MIB = 1 << 20;

    /** Guests that come and go, by option more: -Dannulet.hostile.leaves=1000. */
    private static final int LEAVES = Integer.getInteger("annulet.hostile.leaves", 8);

    private static final GuestOptions SMALL = GuestOptions.DEFAULTS.withRam(RamOptions.of(8 * MIB));

    @TempDir
    private Path folder;

    private Namespace network;
    private String cable;

    @BeforeEach
    void lay() {
        Namespace.obstacle().ifPresent(why -> assumeTrue(false, why));
        assumeTrue(XdpSocket.isKnown(), "this kernel has no AF_XDP");
        network = Namespace.create();
        cable = network.addCable("198.18.3.1/30");
    }

    @AfterEach
    void takeAway() {
        if (network != null) {
            network.close();
        }
    }

    /** With a canary and a villain, on one worker. */
    private BackendProcess start(List<String> launcher, String... more) {
        List<String> arguments = new ArrayList<>(List.of("--link", Canary.ONE + "=" + Canary.OTHER, "--workers", "1"));
        for (String name : List.of(VILLAIN, Canary.ONE, Canary.OTHER)) {
            arguments.addAll(List.of("--port", BackendProcess.guestPort(folder, name)));
        }
        arguments.addAll(List.of(more));
        return BackendProcess.startBy(launcher, folder, arguments.toArray(String[]::new));
    }

    private static SimulatedGuest connect(BackendProcess backend, GuestOptions options) {
        return SimulatedGuest.connect(backend.socket(VILLAIN), options);
    }

    /** A guest sends all that it can until so many more frames were counted; its ring is full of frames then. */
    private static void flood(SimulatedGuest guest, BackendProcess backend, String counter, int frames) {
        DriverTransmitQueue queue = guest.transmitQueue(0);
        FrameFactory content = new FrameFactory(Frames.TO_ALL, Villain.MAC, 1);
        long wanted = backend.counter(UP, counter) + frames;
        Pause.until(counter + " of " + UP + " is " + wanted, LIMIT, () -> {
            boolean done = backend.counter(UP, counter) >= wanted;
            for (long address = queue.reserve(); address != 0; address = queue.reserve()) {
                content.write(address, FRAME_BYTES);
                queue.submit(FRAME_BYTES);
            }
            queue.flush();
            return done;
        });
    }

    /** What is lent to the kernel when its guest goes is kept until it comes back, and nothing is kept for longer. */
    @Test
    void L05_aGuestMayGoWhileAnInterfaceReadsItsFrames() {
        try (BackendProcess backend = start(
                        List.of(), "--port", UP + "=af_xdp:" + cable + ",umem=guest", "--link", VILLAIN + "=" + UP);
                Canary canary = Canary.start(backend)) {
            leave(backend);
            Holdings before = backend.settledHoldings(2);
            for (int i = 0; i < LEAVES; i++) {
                leave(backend);
            }
            backend.assertAlive();
            Holdings.awaitSame(before, backend.pid(), LIMIT);
            canary.assertUnharmed();
            assertEquals(0, backend.counter(UP, "nic.unshared-guests"));
            assertEquals(0, backend.counter(VILLAIN, "rings.broken"));
            backend.end();
        }
    }

    private static void leave(BackendProcess backend) {
        try (SimulatedGuest villain = connect(backend, SMALL)) {
            flood(villain, backend, IN_PLACE, 500);
        }
    }

    /** Of a process that may lock no more than 1 MiB, nor ignore that limit (CAP_IPC_LOCK). */
    @Test
    void P08_memoryThatMayNotBeLockedCostsThePortThatWantsItOnly() throws IOException {
        List<String> launcher = List.of(
                "prlimit",
                "--memlock=" + MIB + ":" + MIB,
                "setpriv",
                "--bounding-set",
                "-ipc_lock",
                "--inh-caps",
                "-ipc_lock");
        Path socket = folder.resolve("api.sock");
        ApiClient api = new ApiClient(socket, LIMIT);
        try (BackendProcess backend = start(launcher, "--api", socket.toString());
                Canary canary = Canary.start(backend)) {
            assertTrue(refusal(api).contains("check the limit of locked memory (ulimit -l)"));
            Map<String, Integer> before = backend.settledHoldings(2).fds();
            for (int i = 0; i < 5; i++) {
                refusal(api);
            }
            Pause.until(
                    "its descriptors are closed",
                    LIMIT,
                    () -> Holdings.of(backend.pid()).fds().equals(before));
            try (SimulatedGuest villain = connect(backend, SMALL)) {
                assertTrue(villain.features() != 0, "guests are served as ever");
            }
            canary.assertUnharmed();
            backend.end();
        }
    }

    private String refusal(ApiClient api) throws IOException {
        try {
            throw new AssertionError(
                    api.json(HttpMethod.PUT, "/v1/ports/" + UP, Map.of("kind", "af_xdp", "target", cable)));
        } catch (CommandFailure refused) {
            return refused.getMessage() + "; " + refused.remedy();
        }
    }
}
