package io.annulet.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.backend.control.VhostUserOptions;
import io.annulet.backend.data.PollMode;
import io.annulet.backend.policy.PortPolicy;
import io.annulet.backend.policy.VlanRule;
import io.annulet.backend.stats.CountersFileReader;
import io.annulet.linux.UnixSocket;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Ports, links and policies that come, go and change while a back-end runs. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
final class BackendChangeTest {

    private static final int MORE_PORTS = 4;

    @TempDir
    private Path folder;

    private PortOptions guest(String name) {
        return guest(name, name);
    }

    private PortOptions guest(String name, String socket) {
        return new PortOptions.Guest(VhostUserOptions.server(name, folder.resolve(socket + ".sock")));
    }

    private static PortOptions loopback(String name) {
        return new PortOptions.Loopback(name);
    }

    private BackendOptions options(int workers, PortOptions... ports) {
        return new BackendOptions(
                List.of(ports),
                List.of(),
                workers,
                new BitSet(),
                PollMode.ADAPTIVE,
                folder.resolve("counters"),
                null,
                Duration.ZERO,
                MORE_PORTS);
    }

    private static Difference change(Backend backend, List<PortOptions> ports, LinkOptions... links) {
        return backend.change(running -> running.with(ports, List.of(links)));
    }

    private Set<String> counted() throws IOException {
        try (CountersFileReader reader = CountersFileReader.open(folder.resolve("counters"))) {
            return reader.snapshot().ports().keySet();
        }
    }

    @Test
    void portsComeAndGoAndTheirSocketsAndCountersWithThem() throws IOException {
        try (Backend backend = new Backend(options(2))) {
            backend.start();
            assertEquals(List.of(), backend.ports());
            for (int i = 0; i < 20; i++) {
                assertEquals(
                        List.of("a", "b"),
                        change(backend, List.of(guest("a"), loopback("b"))).added());
                UnixSocket.connect(folder.resolve("a.sock")).close();
                assertEquals(Set.of("a", "b"), counted());
                assertEquals(
                        List.of("a"), change(backend, List.of(loopback("b"))).removed());
                assertFalse(Files.exists(folder.resolve("a.sock")));
                assertEquals(Set.of("b"), counted());
                change(backend, List.of());
            }
            assertEquals(List.of(), backend.domains());
        }
    }

    @Test
    void theSameAgainChangesNothing() {
        try (Backend backend = new Backend(options(1, guest("a")))) {
            backend.start();
            OpenPort before = backend.ports().getFirst();
            assertTrue(change(backend, List.of(guest("a"))).isNone());
            assertEquals(before, backend.ports().getFirst());
        }
    }

    @Test
    void aPolicyChangesWithoutThePortBeingOpenedAnew() {
        try (Backend backend = new Backend(options(2, guest("a"), guest("b")))) {
            backend.start();
            OpenPort before = backend.ports().getFirst();
            PortOptions inVlan = guest("a").withPolicy(PortPolicy.NONE.withVlans(VlanRule.access(10)));
            Difference difference = change(backend, List.of(inVlan, guest("b")));
            assertEquals(new Difference(List.of(), List.of(), List.of(), List.of("a")), difference);
            assertEquals(before, backend.ports().getFirst());
            assertEquals(
                    ",vlan=10", backend.ports().getFirst().options().policy().toString());
            assertTrue(change(backend, List.of(inVlan, guest("b"))).isNone());
        }
    }

    @Test
    void aPortMayTakeTheSocketOfOneThatGoes() {
        try (Backend backend = new Backend(options(1, guest("a", "one"), guest("b", "two")))) {
            backend.start();
            change(backend, List.of(guest("c", "one"), guest("b", "two")));
            assertEquals(List.of("b", "c"), names(backend));
            change(backend, List.of(guest("b", "one"), guest("c", "two")));
            assertTrue(Files.exists(folder.resolve("one.sock")) && Files.exists(folder.resolve("two.sock")));
        }
    }

    private static List<String> names(Backend backend) {
        return backend.ports().stream().map(OpenPort::name).sorted().toList();
    }

    @Test
    void ifOneThingCannotBeDoneNothingIs() throws IOException {
        try (Backend backend = new Backend(options(1, guest("a"), loopback("b")))) {
            backend.start();
            PortOptions lost = new PortOptions.Guest(
                    VhostUserOptions.server("lost", folder.resolve("missing").resolve("x.sock")));
            PortOptions other = new PortOptions.Guest(
                    VhostUserOptions.server("a", folder.resolve("a.sock")).withQueuePairs(2));
            BackendException e =
                    assertThrows(BackendException.class, () -> change(backend, List.of(other, guest("c"), lost)));
            assertTrue(String.valueOf(e.getMessage()).contains("check that its directory exists"), e::toString);
            assertEquals(List.of("a", "b"), names(backend));
            assertFalse(Files.exists(folder.resolve("c.sock")));
            assertEquals(Set.of("a", "b"), counted());
            // What was to change had been closed by then, and is back as it was.
            PortOptions elsewhere = new PortOptions.Guest(
                    VhostUserOptions.server("a", folder.resolve("missing").resolve("a.sock")));
            assertThrows(BackendException.class, () -> change(backend, List.of(elsewhere, loopback("b"))));
            UnixSocket.connect(folder.resolve("a.sock")).close();
            assertEquals(
                    guest("a").toString(),
                    backend.ports().stream()
                            .filter(port -> port.name().equals("a"))
                            .findFirst()
                            .orElseThrow()
                            .options()
                            .toString());
        }
    }

    @Test
    void linksComeAndGo() {
        try (Backend backend = new Backend(options(2, loopback("a"), loopback("b"), loopback("c")))) {
            backend.start();
            LinkOptions link = new LinkOptions("b", "a");
            List<PortOptions> ports = List.of(loopback("a"), loopback("b"), loopback("c"));
            assertEquals(List.of("a", "b"), change(backend, ports, link).reopened());
            assertEquals(
                    Set.of("link a=b", "switch default"),
                    Set.copyOf(backend.domains().stream()
                            .map(domain -> domain.key().toString())
                            .toList()));
            assertTrue(change(backend, ports, new LinkOptions("a", "b")).isNone());
            assertEquals(List.of("a", "b"), change(backend, ports).reopened());
            assertEquals(1, backend.domains().size());
        }
    }

    @Test
    void aNewDomainGetsTheWorkersThatHaveNoneAndThenTheOneThatHasTheFewest() {
        try (Backend backend = new Backend(options(2, inSwitch("a", "one"), inSwitch("b", "two")))) {
            backend.start();
            change(backend, List.of(inSwitch("a", "one")));
            change(backend, List.of(inSwitch("a", "one"), inSwitch("c", "three"), inSwitch("d", "four")));
            List<String> workers = new ArrayList<>();
            backend.ports()
                    .forEach(port -> workers.add(port.name() + port.domain().workerNumbers()));
            assertEquals(List.of("a[0]", "c[1]", "d[0]"), workers);
        }
    }

    private static PortOptions inSwitch(String name, String switchName) {
        return new PortOptions.Loopback(name, PortPolicy.NONE.withSwitch(switchName));
    }

    @Test
    void whatIsFixedAtTheStartIsRefusedAndTooManyPortsAre() {
        try (Backend backend = new Backend(options(1, loopback("a")))) {
            backend.start();
            BackendException e =
                    assertThrows(BackendException.class, () -> backend.change(running -> options(2, loopback("a"))));
            assertEquals(
                    "workers cannot change while the back-end runs: leave it as it was, or restart", e.getMessage());
            List<PortOptions> many = new ArrayList<>();
            for (int i = 0; i < MORE_PORTS + 2; i++) {
                many.add(loopback("p" + i));
            }
            BackendException tooMany = assertThrows(BackendException.class, () -> change(backend, many));
            assertTrue(String.valueOf(tooMany.getMessage()).contains("restart the back-end to make more"));
        }
    }
}
