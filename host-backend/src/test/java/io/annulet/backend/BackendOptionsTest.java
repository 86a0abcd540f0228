package io.annulet.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.backend.control.VhostUserOptions;
import io.annulet.backend.data.PollMode;
import io.annulet.backend.policy.PortPolicy;
import io.annulet.backend.policy.VlanRule;
import io.annulet.backend.port.NicPortOptions;
import io.annulet.backend.port.TapPortOptions;
import io.annulet.backend.port.XdpPortOptions;
import io.annulet.linux.Cpus;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import org.junit.jupiter.api.Test;

final class BackendOptionsTest {

    private static PortOptions guest(String name) {
        return new PortOptions.Guest(VhostUserOptions.server(name, Path.of("/run/annulet/" + name + ".sock")));
    }

    private static PortOptions tap(String name, String interfaceName) {
        return new PortOptions.Tap(name, TapPortOptions.of(interfaceName));
    }

    private static BackendOptions options(List<PortOptions> ports, List<LinkOptions> links, String cpus) {
        return options(ports, links, 0, cpus);
    }

    private static BackendOptions options(List<PortOptions> ports, List<LinkOptions> links, int workers, String cpus) {
        BitSet set = cpus.isEmpty() ? new BitSet() : Cpus.parse(cpus);
        return new BackendOptions(ports, links, workers, set, PollMode.ADAPTIVE, null);
    }

    private static void assertRefused(String message, List<PortOptions> ports, LinkOptions... links) {
        IllegalArgumentException e =
                assertThrows(IllegalArgumentException.class, () -> options(ports, List.of(links), ""));
        assertTrue(String.valueOf(e.getMessage()).contains(message), e::toString);
    }

    @Test
    void aNicIsWorkedByOneWorker() {
        NicPortOptions how = new NicPortOptions("0000:02:00.0", NicPortOptions.ZeroCopy.TX, 0, true, false);
        List<PortOptions> ports =
                List.of(new PortOptions.Nic("nic", how, PortPolicy.NONE), new PortOptions.Loopback("b"));
        assertEquals(1, options(ports, List.of(), 1, "").workerCount());
        for (String cpus : List.of("", "0-1")) {
            IllegalArgumentException e = assertThrows(
                    IllegalArgumentException.class, () -> options(ports, List.of(), cpus.isEmpty() ? 2 : 0, cpus));
            assertTrue(String.valueOf(e.getMessage()).contains("worked by one worker"), e::toString);
        }
    }

    @Test
    void anInterfaceReadsTheMemoryOfTheGuestAtTheOtherEndOfItsLink() {
        PortOptions up = new PortOptions.Xdp("up", XdpPortOptions.of("eth1").with(XdpPortOptions.Umem.GUEST));
        List<PortOptions> ports = List.of(guest("a"), new PortOptions.Loopback("b"), up);
        assertRefused("add --link GUEST=up", ports);
        assertRefused("add --link GUEST=up", ports, new LinkOptions("b", "up"));
        List<LinkOptions> links = List.of(new LinkOptions("a", "up"));
        assertEquals(1, options(ports, links, 1, "").workerCount());
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, () -> options(ports, links, 3, ""));
        assertTrue(String.valueOf(e.getMessage()).contains("worked by one worker"), e::toString);
    }

    @Test
    void onlyPortsOfTheSwitchHavePolicies() {
        PortOptions b = new PortOptions.Loopback("b", PortPolicy.NONE.withVlans(VlanRule.access(10)));
        assertRefused(
                "port b: vlan=10 is for ports of the switch: leave it out, or the link",
                List.of(guest("a"), b),
                new LinkOptions("a", "b"));
        BackendOptions options = options(List.of(guest("a"), b), List.of(), "");
        assertEquals(new Domain.OfSwitch("default"), options.domainOf(b));
    }

    @Test
    void everyPortHasAGoodNameOfItsOwn() {
        assertRefused("0 ports: name 1 to 256", List.of());
        for (String name : List.of("", "1a", "a b", "a/b", "-a", "a".repeat(32), "ä")) {
            assertRefused("cannot be the name of a port", List.of(guest(name)));
        }
        assertRefused("port a is named twice", List.of(guest("a"), tap("a", "annulet0")));
    }

    @Test
    void thereAreNotMorePortsThanTheLimit() {
        List<PortOptions> ports = new ArrayList<>();
        for (int i = 0; i <= BackendOptions.MAX_PORTS; i++) {
            ports.add(guest("p" + i));
        }
        assertRefused("257 ports: name 1 to 256", ports);
    }

    @Test
    void twoPortsCannotHaveTheSameSocketOrInterface() {
        PortOptions other =
                new PortOptions.Guest(VhostUserOptions.server("b", Path.of("/run/annulet/../annulet/a.sock")));
        assertRefused("socket /run/annulet/a.sock is named twice", List.of(guest("a"), other));
        assertRefused("interface annulet0 is named twice", List.of(tap("a", "annulet0"), tap("b", "annulet0")));
        assertEquals(
                2,
                options(List.of(tap("a", "vm%d"), tap("b", "vm%d")), List.of(), "")
                        .ports()
                        .size());
    }

    @Test
    void aLinkJoinsTwoPortsThatAreThereAndFree() {
        List<PortOptions> ports = List.of(guest("a"), guest("b"), guest("c"));
        assertRefused("link a=x: there is no port x; there are a, b, c", ports, new LinkOptions("a", "x"));
        assertRefused("link end b is named twice", ports, new LinkOptions("a", "b"), new LinkOptions("b", "c"));
        assertThrows(IllegalArgumentException.class, () -> new LinkOptions("a", "a"));
    }

    @Test
    void portsWithoutALinkShareOneSwitch() {
        BackendOptions options =
                options(List.of(guest("a"), guest("b"), guest("c")), List.of(new LinkOptions("a", "b")), "");
        assertEquals(
                List.of(new Domain.OfLink(new LinkOptions("b", "a")), new Domain.OfSwitch("default")),
                options.domains());
        assertEquals(1, options.workerCount());
    }

    @Test
    void aWorkerRunsOnEachProcessorUnlessToldOtherwise() {
        List<PortOptions> ports = List.of(guest("a"), guest("b"), guest("c"));
        List<LinkOptions> links = List.of(new LinkOptions("a", "b"));
        assertEquals(List.of(1, 4, 5, 6), options(ports, links, "1,4-6").workerCpus());
        assertEquals(List.of(1, 4, 1), options(ports, links, 3, "1,4").workerCpus());
        assertEquals("5-6", Cpus.format(options(ports, links, 2, "1,4-6").unusedCpus()));
        assertEquals(0, options(ports, List.of(), "3").unusedCpus().cardinality());
    }

    @Test
    void workersAreSharedOutAmongTheDomains() {
        List<PortOptions> ports = List.of(guest("a"), guest("b"), guest("c"), guest("d"), guest("e"));
        List<LinkOptions> links = List.of(new LinkOptions("a", "b"), new LinkOptions("c", "d"));
        BackendOptions two = options(ports, links, 2, "");
        assertEquals(List.of(List.of(0), List.of(1), List.of(0)), workersOfThree(two));
        assertEquals(5, two.portRows());
        BackendOptions five = options(ports, links, 5, "");
        assertEquals(List.of(List.of(0, 3), List.of(1, 4), List.of(2)), workersOfThree(five));
        assertEquals(9, five.portRows());
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, () -> options(ports, links, 65, ""));
        assertEquals("65 workers: 1 to 64", e.getMessage());
    }

    private static List<List<Integer>> workersOfThree(BackendOptions options) {
        return List.of(options.workersOf(0), options.workersOf(1), options.workersOf(2));
    }

    @Test
    void portsThatNameASwitchAreThere() {
        PortOptions b = new PortOptions.Loopback("b", PortPolicy.NONE.withSwitch("blue"));
        PortOptions c = new PortOptions.Loopback("c", PortPolicy.NONE.withSwitch("blue"));
        BackendOptions options = options(List.of(guest("a"), b, c), List.of(), 2, "");
        assertEquals(List.of(new Domain.OfSwitch("default"), new Domain.OfSwitch("blue")), options.domains());
        assertTrue(options.lines().contains("switch blue: b,c"), options::toString);
        assertRefused(
                "port b: switch=blue is for ports of the switch", List.of(guest("a"), b), new LinkOptions("a", "b"));
    }

    @Test
    void optionsPrintThemselves() {
        BackendOptions options = options(
                List.of(guest("a"), guest("b"), tap("host", "annulet0")), List.of(new LinkOptions("a", "b")), "2-3");
        assertEquals(
                List.of(
                        "port a=vhost-user:/run/annulet/a.sock,mode=server,queues=1,seal=auto,profile=qemu,perm=0660",
                        "port b=vhost-user:/run/annulet/b.sock,mode=server,queues=1,seal=auto,profile=qemu,perm=0660",
                        "port host=tap:annulet0,queues=1",
                        "link a=b",
                        "switch host",
                        "cpu 2-3, poll adaptive, workers 2"),
                options.lines());
    }
}
