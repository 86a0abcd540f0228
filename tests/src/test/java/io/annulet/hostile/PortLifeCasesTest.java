package io.annulet.hostile;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.cli.ctl.ApiClient;
import io.annulet.guest.GuestOptions;
import io.annulet.guest.SimulatedGuest;
import io.annulet.journey.BackendProcess;
import io.annulet.journey.Canary;
import io.annulet.journey.Child;
import io.annulet.journey.GuestProcess;
import io.annulet.journey.Holdings;
import io.annulet.journey.PacedTraffic;
import io.annulet.journey.Pause;
import io.netty.handler.codec.http.HttpMethod;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** L10 to L12: guests that stop in the middle of things or swap their ports, and ports that come and go. */
@Timeout(240)
final class PortLifeCasesTest {

    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final String BYSTANDER = "bystander";
    private static final String VILLAIN = "villain";

    /** By option 10,000: -Dannulet.hostile.plugs=10000. */
    private static final int PLUGS = Integer.getInteger("annulet.hostile.plugs", 12);

    /** By option a minute: -Dannulet.hostile.stop.millis=60000. */
    private static final int STOP_MILLIS = Integer.getInteger("annulet.hostile.stop.millis", 500);

    @TempDir
    private Path folder;

    private BackendProcess start() {
        return BackendProcess.start(
                folder,
                "--api",
                folder.resolve("api.sock").toString(),
                "--port",
                BackendProcess.guestPort(folder, BYSTANDER),
                "--port",
                BackendProcess.guestPort(folder, VILLAIN),
                "--port",
                BackendProcess.guestPort(folder, Canary.ONE),
                "--port",
                BackendProcess.guestPort(folder, Canary.OTHER),
                "--link",
                Canary.ONE + "=" + Canary.OTHER,
                "--workers",
                "1");
    }

    private static SimulatedGuest connect(BackendProcess backend, String port) {
        return SimulatedGuest.connect(backend.socket(port), GuestOptions.DEFAULTS);
    }

    private static void exchange(SimulatedGuest one, SimulatedGuest other, int number) {
        one.receiveQueue(0).receive(frame -> {}, 1024);
        other.receiveQueue(0).receive(frame -> {}, 1024);
        new PacedTraffic(
                        one, PacedTraffic.mac(2 * number), other, PacedTraffic.mac(2 * number + 1), PacedTraffic.WINDOW)
                .exchange(20, frame -> 60 + frame, LIMIT);
    }

    private static void assertReaches(SimulatedGuest from, int mac, SimulatedGuest to) {
        to.receiveQueue(0).receive(frame -> {}, 1024);
        assertTrue(from.transmitQueue(0).send(Frames.of(Frames.TO_ALL, PacedTraffic.mac(mac), 60, mac)));
        from.transmitQueue(0).flush();
        Pause.until(
                "the other guest hears of it", LIMIT, () -> to.receiveQueue(0).receive(frame -> {}, 1024) > 0);
    }

    private static void signal(Child child, String name) {
        try (Child kill = Child.run(List.of("kill", "-" + name, Long.toString(child.pid())))) {
            assertEquals(0, kill.awaitEnd(LIMIT), kill::text);
        }
    }

    /** A process that is stopped with its rings full and its socket open, goes on, and is killed. */
    @Test
    void L10_aGuestThatIsStoppedGoesOnAndOneThatIsKilledIsGone() {
        try (BackendProcess backend = start();
                Canary canary = Canary.start(backend);
                SimulatedGuest bystander = connect(backend, BYSTANDER)) {
            try (SimulatedGuest other = connect(backend, VILLAIN)) {
                exchange(bystander, other, 1);
            }
            Holdings before = backend.settledHoldings(3);
            try (Child villain = GuestProcess.start(backend.socket(VILLAIN), Villain.MAC, Frames.TO_ALL)) {
                signal(villain, "STOP");
                Pause.millis(STOP_MILLIS);
                canary.awaitFrames(500);
                long frames = backend.counter(VILLAIN, "in.frames");
                signal(villain, "CONT");
                Pause.until("it sends on", LIMIT, () -> backend.counter(VILLAIN, "in.frames") > frames + 1000);
                villain.kill();
            }
            Holdings.awaitSame(before, backend.pid(), LIMIT);
            try (SimulatedGuest other = connect(backend, VILLAIN)) {
                exchange(bystander, other, 2);
            }
            canary.assertUnharmed();
            backend.end();
        }
    }

    /** Each comes to the port that was the other's, with its own address: the switch finds both. */
    @Test
    void L11_twoGuestsMaySwapTheirPorts() {
        try (BackendProcess backend = start();
                Canary canary = Canary.start(backend)) {
            for (int i = 0; i < 6; i++) {
                boolean swapped = i % 2 == 1;
                try (SimulatedGuest one = connect(backend, swapped ? VILLAIN : BYSTANDER);
                        SimulatedGuest other = connect(backend, swapped ? BYSTANDER : VILLAIN)) {
                    // As a guest does when it finds itself at another place, so that the switch knows.
                    assertReaches(one, 2, other);
                    assertReaches(other, 3, one);
                    exchange(one, other, 1);
                }
            }
            canary.assertUnharmed();
            backend.end();
        }
    }

    /** Ports beside running ones, each used by a guest: one that goes before its port does, or one that loses it. */
    @Test
    void L12_portsMayComeAndGoWithoutEnd() throws IOException {
        ApiClient api = new ApiClient(folder.resolve("api.sock"), LIMIT);
        try (BackendProcess backend = start();
                Canary canary = Canary.start(backend);
                SimulatedGuest bystander = connect(backend, BYSTANDER)) {
            plug(api, backend, bystander, 0);
            plug(api, backend, bystander, 1);
            Holdings before = backend.settledHoldings(3);
            for (int i = 2; i < PLUGS; i++) {
                plug(api, backend, bystander, i);
            }
            Pause.until("nothing of them is left", LIMIT, () -> {
                Holdings now = Holdings.of(backend.pid());
                return now.fds().equals(before.fds())
                        && now.guestMappings() == before.guestMappings()
                        && lasting(now).equals(lasting(before));
            });
            canary.assertUnharmed();
            backend.end();
        }
    }

    /** Without threads of the JVM that carry virtual ones, in which the API answers. */
    private static Map<String, Integer> lasting(Holdings holdings) {
        Map<String, Integer> threads = new TreeMap<>(holdings.threads());
        threads.keySet().removeIf(name -> name.startsWith("ForkJoinPool") || name.startsWith("VirtualThread"));
        return threads;
    }

    private void plug(ApiClient api, BackendProcess backend, SimulatedGuest bystander, int number) throws IOException {
        String path = "/v1/ports/plugged";
        api.json(
                HttpMethod.PUT,
                path,
                Map.of(
                        "kind",
                        "vhost-user",
                        "target",
                        BackendProcess.socket(folder, "plugged").toString()));
        try (SimulatedGuest guest = connect(backend, "plugged")) {
            exchange(bystander, guest, number);
            if (number % 2 == 0) {
                api.json(HttpMethod.DELETE, path, null);
            }
        }
        if (number % 2 == 1) {
            api.json(HttpMethod.DELETE, path, null);
        }
    }
}
