package io.annulet.cli.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.backend.BackendOptions;
import io.annulet.backend.data.PollMode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.slf4j.event.Level;

final class ConfigFileTest {

    @TempDir
    private Path folder;

    private RunSettings read(String... lines) throws IOException {
        return ConfigFile.read(Files.write(folder.resolve("f.yaml"), List.of(lines)));
    }

    @Test
    void saysAllThatTheCommandLineSays() throws IOException {
        RunSettings settings = read(
                "workers: 2",
                "cpu: 0",
                "poll: sleep",
                "counters: /run/x.counters",
                "state: none",
                "crash-wait: 20",
                "log: warn",
                "sandbox: off",
                "fd-holder: /run/h.sock",
                "api: {socket: /run/api.sock, perm: 0600, read: [all], change: [root, 65534]}",
                "switches: [blue]",
                "ports:",
                "  a:",
                "    kind: vhost-user",
                "    target: /run/a.sock",
                "    queues: 2",
                "    mtu: 1500",
                "    perm: 0600",
                "    allow-mac: [52:54:00:00:00:01, 52:54:00:00:00:02]",
                "    isolated: true",
                "    rate-in: 100M",
                "  up: {kind: tap, target: t0, trunk: [10, 20-29], native: 5, switch: blue}",
                "  x: {kind: af_xdp, target: eth9, queue: 1}",
                "  n: {kind: vfio, target: '0000:02:00.0', promiscuous: false}",
                "  f: {kind: pcap, target: /tmp/f.pcap, direction: read, pace: fast}",
                "  l: {kind: loopback}",
                "links:",
                "  - f=l",
                "channels:",
                "  c: {kind: ivshmem, target: /run/c.sock, size: 64M, peers: [0, 65534]}");
        assertEquals(
                List.of(
                        "port a=vhost-user:/run/a.sock,mode=server,queues=2,seal=auto,profile=qemu,mtu=1500,perm=0600,"
                                + "allow-mac=52:54:00:00:00:01+52:54:00:00:00:02,isolated=on,rate-in=100000000",
                        "port up=tap:t0,queues=1,switch=blue,trunk=10+20-29,native=5",
                        "port x=af_xdp:eth9,queue=1,mode=auto,open-checksums=auto,umem=own",
                        "port n=vfio:0000:02:00.0,zero-copy=tx,promiscuous=off",
                        "port f=pcap:/tmp/f.pcap,direction=read,pace=fast",
                        "port l=loopback",
                        "link f=l",
                        "switch a,x,n",
                        "switch blue: up",
                        "cpu 0, poll sleep, workers 2"),
                settings.backendOptions(true).lines());
        BackendOptions options = settings.backendOptions(true);
        assertEquals(PollMode.SLEEP, options.poll());
        assertEquals(null, options.state());
        assertEquals(Path.of("/run/x.counters"), options.counters());
        assertEquals(20, options.crashWait().toMillis());
        assertEquals(new LogOptions(Level.WARN, false), settings.log());
        assertEquals(Path.of("/run/h.sock"), settings.holder());
        assertEquals("c", settings.channels().getFirst().name());
        assertEquals(0600, settings.api() == null ? 0 : settings.api().access().mode());
        assertEquals(
                Set.of(0, 65534),
                settings.api() == null ? Set.of() : settings.api().changers().users());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "prots: {}|1: there is no 'prots'; there are workers, cpu, poll,",
                "workers: 0|1: workers: 0: write a number from 1 to 64",
                "poll: now|1: poll: now: use adaptive or busy or sleep",
                "'ports: {a: {kind: tap}}'|1: port a: it needs an interface: tap:annulet0",
                "'ports: {a: {target: t0}}'|1: port a: it needs a kind:",
                "'ports: {a: {kind: tap, target: t0, mtu: 5}}'|1: port a: mtu=5: use 68 to 65521",
                "'ports: {a: {kind: tap, target: t0, color: red}}'|1: port a: tap has no option color; it has allow-ip,",
                "'ports: {a: {kind: loopback, switch: b}}'|1: port a: switch b is not listed: write it under switches: too",
                "'ports: {a: {kind: loopback, vlan: {x: 1}}}'|1: vlan: write one value",
                "'ports: [a, b]'|1: ports: write names with values, NAME: VALUE",
                "'ports: {9a: {kind: loopback}}'|1: '9a' cannot be the name of a port",
                "'ports: {a: {kind: tap, target: t0}, b: {kind: tap, target: t0}}'|1: interface t0 is named twice",
                "'links: [a]'|1: 'a' is no link; write A=B with the names of two ports",
                "'links: [a=b]'|1: link a=b: there is no port a",
                "'api: {perm: 0600}'|1: api: the API needs a socket, for example /run/annulet/api.sock",
                "'api: {socket: /run/a, read: nobody-here}'|1: api: there is no user 'nobody-here' in /etc/passwd",
                "'channels: {c: {kind: tap}}'|1: channel c: it needs kind ivshmem and a socket",
                "'a: [1'|this is no YAML: ",
                "'workers: 1\nworkers: 2'|2: the file: workers is there twice; write it once",
                "'&a [*a]'|",
                "''|1: ",
            })
    void everyMistakeHasItsLineAndItsRemedy(String text, String expected) {
        ConfigException e = assertThrows(ConfigException.class, () -> read(text));
        assertTrue(String.valueOf(e.getMessage()).contains(expected == null ? "" : expected), e::getMessage);
        assertTrue(String.valueOf(e.getMessage()).contains("f.yaml:"), e::getMessage);
    }

    @Test
    void allMistakesAreToldEachWithItsLine() {
        ConfigException e = assertThrows(
                ConfigException.class,
                () -> read(
                        "poll: never",
                        "ports:",
                        "  a:",
                        "    kind: vhost-user",
                        "    target: /run/a.sock",
                        "    queues: 200",
                        "  b:",
                        "    kind: tap",
                        "    target: t0",
                        "    seal: auto",
                        "links: [a=a]"));
        List<String> lines = e.problems().stream()
                .map(problem -> problem.replaceAll(".*f.yaml:(\\d+): (.{12}).*", "$1 $2"))
                .toList();
        assertEquals(List.of("6 port a: queu", "10 port b: tap ", "11 link a=a: a ", "1 poll: never:"), lines);
    }

    @Test
    void whatIsWrongTogetherIsToldWhereItStands() {
        ConfigException e = assertThrows(
                ConfigException.class,
                () -> read("ports:", "  a: {kind: loopback}", "  b: {kind: loopback, vlan: 10}", "links:", "  - a=b"));
        assertTrue(
                String.valueOf(e.getMessage()).contains("f.yaml:3: port b: vlan=10 is for ports of the switch"),
                e::getMessage);
    }

    @Test
    void aFileThatIsNotThereIsNamed() {
        ConfigException e = assertThrows(ConfigException.class, () -> ConfigFile.read(folder.resolve("none.yaml")));
        assertTrue(
                String.valueOf(e.getMessage()).contains("none.yaml cannot be read: it does not exist"), e::getMessage);
    }

    @Test
    void aBombOfAliasesIsRefused() {
        StringBuilder bomb = new StringBuilder("a0: &a0 [x, x]\n");
        for (int i = 1; i < 30; i++) {
            bomb.append(String.format("a%d: &a%d [*a%d, *a%d]%n", i, i, i - 1, i - 1));
        }
        assertThrows(ConfigException.class, () -> read(bomb.toString()));
    }

    @Test
    void logLinesMayBeObjects() throws IOException {
        assertEquals(new LogOptions(Level.INFO, true), read("log: json").log());
        assertEquals(
                new LogOptions(Level.DEBUG, true), read("log: 'debug,json'").log());
        assertThrows(ConfigException.class, () -> read("log: xml"));
    }

    @Test
    void whatTheCommandLineSaysComesOnTop() throws IOException {
        RunSettings file = read("poll: sleep", "log: warn", "ports: {a: {kind: loopback}}");
        RunSettings line = new RunSettings(
                List.of(), List.of(), List.of(), null, null, null, PollMode.BUSY, null, null, null, null, null, null);
        RunSettings both = line.over(file);
        assertEquals(PollMode.BUSY, both.poll());
        assertEquals(new LogOptions(Level.WARN, false), both.log());
        assertEquals(1, both.ports().size());
    }
}
