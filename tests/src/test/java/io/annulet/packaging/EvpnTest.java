package io.annulet.packaging;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.annulet.cli.CommandFailure;
import io.annulet.cli.vm.Tools;
import io.annulet.guest.GuestOptions;
import io.annulet.guest.SimulatedGuest;
import io.annulet.journey.BackendProcess;
import io.annulet.journey.Child;
import io.annulet.journey.Namespace;
import io.annulet.journey.PacedTraffic;
import io.annulet.journey.Pause;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Guests of two hosts, which are network namespaces, on one Ethernet segment: deploy/evpn/host, with FRR itself. */
@Tag("slow")
@Tag("root")
@Timeout(180)
final class EvpnTest {

    private static final Duration LIMIT = Duration.ofSeconds(90);
    private static final Path HOST = Path.of(System.getProperty("annulet.root", ".."))
            .resolve("deploy/evpn/host")
            .toAbsolutePath();
    private static final String TAP = "evpn0";
    private static final int FRAMES = 400;

    /** What an Ethernet header and the bridge's MTU of 1,450 allow. */
    private static final int LONGEST_FRAME = 1464;

    private static String obstacle = "";

    @TempDir
    private Path folder;

    @BeforeAll
    static void install() {
        obstacle = Namespace.obstacle().orElse("");
        if (obstacle.isEmpty()) {
            try {
                Tools.install(line -> {}, "host-net", "frr");
            } catch (CommandFailure e) {
                obstacle = e.getMessage() + ": " + e.remedy();
            }
        }
    }

    @BeforeEach
    void skipWithoutFrr() {
        assumeTrue(obstacle.isEmpty(), obstacle);
    }

    /** A host: its namespace, its end of the cable between the hosts, and a back-end with a guest's port and a tap. */
    private final class Host implements AutoCloseable {
        private final Namespace namespace = Namespace.create();
        private final String name;
        private final String address;
        private final String peer;
        private final Child backend;

        Host(String name, String address, String peer) {
            this.name = name;
            this.address = address;
            this.peer = peer;
            Path own = folder.resolve(name);
            List<String> words = new ArrayList<>(List.of("io.annulet.cli.Main", "run", "--state", "none"));
            words.addAll(List.of("--counters", own + ".counters"));
            words.addAll(List.of("--port", BackendProcess.guestPort(folder, name), "--port", "up=tap:" + TAP));
            backend = namespace.start(Child.javaCommand(words).toArray(String[]::new));
        }

        void awaitTap() {
            backend.awaitLine("ready", LIMIT);
        }

        void join() {
            namespace.run("ip", "address", "add", address + "/24", "dev", "underlay");
            namespace.run("ip", "link", "set", "dev", "underlay", "mtu", "1600", "up");
            namespace.run(HOST.toString(), "up", TAP, address, peer);
        }

        /** What the host's VXLAN device knows. */
        boolean knows(String mac) {
            String table = namespace.run("bridge", "fdb", "show", "dev", "vxlan100");
            return table.lines().anyMatch(line -> line.startsWith(mac + " ") && line.contains("dst " + peer));
        }

        SimulatedGuest guest() {
            return SimulatedGuest.connect(BackendProcess.socket(folder, name), GuestOptions.DEFAULTS);
        }

        @Override
        public void close() {
            try {
                namespace.run(HOST.toString(), "down", TAP, address, peer);
            } finally {
                backend.close();
                namespace.close();
            }
        }
    }

    @Test
    void guestsOfTwoHostsReachEachOtherAndBgpTellsWhereTheyAre() {
        try (Host one = new Host("one", "198.18.77.1", "198.18.77.2");
                Host other = new Host("other", "198.18.77.2", "198.18.77.1")) {
            one.awaitTap();
            other.awaitTap();
            one.namespace.run(
                    "ip",
                    "link",
                    "add",
                    "underlay",
                    "type",
                    "veth",
                    "peer",
                    "name",
                    "underlay",
                    "netns",
                    other.namespace.name());
            Stream.of(one, other).forEach(Host::join);
            // The destination of all zeros: whom to send what is for everybody.
            Pause.until(
                    "the hosts know each other",
                    LIMIT,
                    () -> Stream.of(one, other).allMatch(host -> host.knows("00:00:00:00:00:00")));
            try (SimulatedGuest a = one.guest();
                    SimulatedGuest b = other.guest()) {
                PacedTraffic traffic =
                        new PacedTraffic(a, PacedTraffic.mac(1), b, PacedTraffic.mac(2), PacedTraffic.WINDOW);
                traffic.exchange(FRAMES, number -> 60 + number * 7 % (LONGEST_FRAME - 60), LIMIT);
                Pause.until(
                        "BGP has told of both guests",
                        LIMIT,
                        () -> one.knows("02:00:00:00:00:02") && other.knows("02:00:00:00:00:01"));
                traffic.exchange(FRAMES, number -> 60 + number * 7 % (LONGEST_FRAME - 60), LIMIT);
            }
            String routes = one.namespace.run(
                    "vtysh", "--vty_socket", "/run/annulet-evpn/198.18.77.1", "-c", "show bgp l2vpn evpn");
            assertTrue(routes.contains("[2]:[0]:[48]:[02:00:00:00:00:02]"), routes);
        }
    }
}
