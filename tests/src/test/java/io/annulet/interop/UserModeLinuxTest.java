package io.annulet.interop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.annulet.guest.GuestOptions;
import io.annulet.guest.SimulatedGuest;
import io.annulet.journey.BackendProcess;
import io.annulet.journey.Child;
import io.annulet.journey.Namespace;
import io.annulet.journey.Pause;
import io.annulet.vhostuser.VirtioFeature;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HexFormat;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A Linux guest whose front-end hands control queue and configuration space over: everything that its {@code ip} and {@code
 * ethtool} say by the one, and read in the other, has to come true.
 */
@Tag("slow")
@Tag("root")
@Timeout(600)
final class UserModeLinuxTest {

    private static final Duration LIMIT = Duration.ofMinutes(2);
    private static final String MAC = "52:54:00:00:0b:01";
    private static final String OTHER = "52:54:00:00:0b:99";
    private static final String GROUP = "01:00:5e:00:0b:99";
    private static final String GUEST = "198.18.11.1";
    private static final String HOST = "198.18.11.254";
    private static final String TAP = "ann" + ProcessHandle.current().pid() % 1_000_000 + "u";
    private static final int FRAMES = 100;

    /** A file that both sides can read, of some 10 MiB. */
    private static final String FILE = "/usr/bin/linux.uml";

    @TempDir
    private Path folder;

    @Test
    void whatIpAndEthtoolSayComesTrue() {
        String obstacle = Namespace.obstacle().or(UmlGuest::obstacle).orElse("");
        assumeTrue(obstacle.isEmpty(), obstacle);
        String how = "profile=generic,queues=4,mtu=1500,speed=10000,mac=" + MAC;
        try (Namespace host = Namespace.create();
                BackendProcess backend = BackendProcess.start(
                        folder,
                        "--port",
                        BackendProcess.guestPort(folder, "u", how),
                        "--port",
                        BackendProcess.guestPort(folder, "s"),
                        "--port",
                        "host=tap:" + TAP,
                        "--port",
                        BackendProcess.guestPort(folder, "end", "profile=generic"),
                        "--port",
                        BackendProcess.guestPort(folder, "peer"),
                        "--link",
                        "end=peer");
                UmlGuest guest = UmlGuest.start(folder, backend.socket("u"), backend.socket("end"))) {
            host.take(TAP, HOST + "/24");
            guest.mustRun("ip address add " + GUEST + "/24 dev eth0; ip link set eth0 up; ip link set eth1 up");
            readsTheConfiguration(guest);
            movesFilesUnharmed(guest, host, backend);
            choosesQueues(guest, host);
            filters(guest, backend);
            seesItsLink(guest, backend);
            for (String port : new String[] {"u", "end"}) {
                assertEquals(0, backend.counter(port, "rings.broken"), "broken rings of " + port);
                assertEquals(0, backend.counter(port, "commands.bad"), "bad commands of " + port);
                assertEquals(0, backend.counter(port, "commands.refused"), "refused commands of " + port);
                assertTrue(backend.counter(port, "commands.ok") > 0, "commands of " + port);
            }
        }
    }

    private static void readsTheConfiguration(UmlGuest guest) {
        String features = guest.mustRun("cat /sys/class/net/eth0/device/features");
        long agreed = LongStream.range(0, 64)
                .filter(bit -> features.charAt((int) bit) == '1')
                .map(bit -> 1L << bit)
                .sum();
        long expected = VirtioFeature.NET_CTRL_VQ
                | VirtioFeature.NET_CTRL_RX
                | VirtioFeature.NET_CTRL_VLAN
                | VirtioFeature.NET_CTRL_MAC_ADDR
                | VirtioFeature.NET_CTRL_GUEST_OFFLOADS
                | VirtioFeature.NET_MQ
                | VirtioFeature.NET_STATUS
                | VirtioFeature.ORDER_PLATFORM;
        assertEquals(0, expected & ~agreed, features);
        assertEquals(
                MAC + " 1500 10000 1",
                guest.mustRun("cd /sys/class/net/eth0; echo $(cat address) $(cat mtu) $(cat speed) $(cat carrier)"));
    }

    /** Both ways, and while the guest turns what it takes off and on again. */
    private void movesFilesUnharmed(UmlGuest guest, Namespace host, BackendProcess backend) {
        Path got = folder.resolve("got");
        try (Child listener = host.start("socat", "-u", "TCP-LISTEN:5001,reuseaddr", "CREATE:" + got)) {
            awaitListener(host, 5001);
            guest.mustRun("socat -u FILE:" + FILE + " TCP:" + HOST + ":5001");
            listener.awaitEnd(LIMIT);
        }
        host.run("cmp", FILE, got.toString());
        long cutBefore = backend.counter("u", "offload.segmented");
        guest.mustRun(
                "(socat -u TCP-LISTEN:5002,reuseaddr - | cmp - " + FILE + "; echo $? > /run/same) > /run/log 2>&1 &");
        guest.awaitTrue("grep -q ':138A .* 0A ' /proc/net/tcp /proc/net/tcp6");
        try (Child sender = host.start("socat", "-u", "FILE:" + FILE, "TCP:" + GUEST + ":5002")) {
            for (int round = 0; round < 5; round++) {
                guest.mustRun("ethtool -K eth0 rx-gro-hw off");
                guest.mustRun("ethtool -K eth0 rx-gro-hw on");
            }
            sender.awaitEnd(LIMIT);
        }
        guest.awaitTrue("[ -s /run/same ]");
        assertEquals("0", guest.mustRun("cat /run/same"), () -> guest.mustRun("cat /run/log"));
        guest.mustRun("ethtool -K eth0 rx-gro-hw off");
        guest.mustRun(
                "(socat -u TCP-LISTEN:5003,reuseaddr - | cmp - " + FILE + "; echo $? > /run/cut) > /run/log 2>&1 &");
        guest.awaitTrue("grep -q ':138B .* 0A ' /proc/net/tcp /proc/net/tcp6");
        host.run("socat", "-u", "FILE:" + FILE, "TCP:" + GUEST + ":5003");
        guest.awaitTrue("[ -s /run/cut ]");
        assertEquals("0", guest.mustRun("cat /run/cut"), () -> guest.mustRun("cat /run/log"));
        assertTrue(backend.counter("u", "offload.segmented") > cutBefore, "large frames were cut for the guest");
    }

    private static void awaitListener(Namespace host, int port) {
        String line = String.format(":%04X ", port);
        Pause.until(
                "a listener",
                LIMIT,
                () -> host.run("cat", "/proc/net/tcp", "/proc/net/tcp6")
                        .lines()
                        .anyMatch(one -> one.contains(line) && one.contains(" 0A ")));
    }

    private static void choosesQueues(UmlGuest guest, Namespace host) {
        for (int pairs : new int[] {3, 1, 4}) {
            guest.mustRun("ethtool -L eth0 combined " + pairs);
            String told = guest.mustRun("ethtool -l eth0 | grep Combined | tail -n 1");
            assertTrue(told.matches("Combined:\\s+" + pairs), told);
            host.run("ping", "-c", "3", "-i", "0.2", GUEST);
        }
        String table = guest.mustRun("ethtool -x eth0");
        assertTrue(table.contains("with 4 RX ring(s)"), table);
        guest.mustRun("ethtool -X eth0 equal 2");
        host.run("ping", "-c", "3", "-i", "0.2", GUEST);
    }

    private static void filters(UmlGuest guest, BackendProcess backend) {
        try (SimulatedGuest sender = SimulatedGuest.connect(backend.socket("s"), GuestOptions.DEFAULTS)) {
            assertGets(false, OTHER, -1, sender, backend);
            guest.mustRun("bridge fdb add " + OTHER + " dev eth0 self");
            assertGets(true, OTHER, -1, sender, backend);
            guest.mustRun("bridge fdb del " + OTHER + " dev eth0 self");
            assertGets(false, OTHER, -1, sender, backend);
            guest.mustRun("ip link set eth0 promisc on");
            assertGets(true, OTHER, -1, sender, backend);
            guest.mustRun("ip link set eth0 promisc off");

            assertGets(false, GROUP, -1, sender, backend);
            guest.mustRun("ip maddress add " + GROUP + " dev eth0");
            assertGets(true, GROUP, -1, sender, backend);
            guest.mustRun("ip maddress del " + GROUP + " dev eth0");
            assertGets(false, GROUP, -1, sender, backend);
            guest.mustRun("ip link set eth0 allmulticast on");
            assertGets(true, GROUP, -1, sender, backend);
            guest.mustRun("ip link set eth0 allmulticast off");

            assertGets(false, MAC, 10, sender, backend);
            guest.mustRun("ip link add link eth0 name eth0.10 type vlan id 10");
            assertGets(true, MAC, 10, sender, backend);
            assertGets(false, MAC, 11, sender, backend);
            guest.mustRun("ip link del eth0.10");
            assertGets(false, MAC, 10, sender, backend);

            guest.mustRun("ip link set eth0 address " + OTHER);
            assertGets(true, OTHER, -1, sender, backend);
        }
    }

    /** A driver may tell its device of a mode from a work queue, some time after the command that set it has returned. */
    private static void assertGets(
            boolean expected, String destination, int vlan, SimulatedGuest sender, BackendProcess backend) {
        Pause.until(
                destination + ", VLAN " + vlan + (expected ? " arrives" : " is filtered"),
                LIMIT,
                () -> gets(frame(destination, vlan), sender, backend) == expected);
    }

    /** Others may be filtered meanwhile, such as neighbour discovery of the host, but not so many. */
    private static boolean gets(byte[] frame, SimulatedGuest sender, BackendProcess backend) {
        long filtered = backend.counter("u", "out.dropped.filtered");
        long sent = backend.counter("s", "in.forwarded");
        for (int i = 0; i < FRAMES; i++) {
            assertTrue(sender.transmitQueue(0).send(frame), "the queue has room");
            sender.transmitQueue(0).flush();
        }
        Pause.until("all are forwarded", LIMIT, () -> {
            sender.transmitQueue(0).reclaim();
            return backend.counter("s", "in.forwarded") >= sent + FRAMES;
        });
        return backend.counter("u", "out.dropped.filtered") < filtered + FRAMES;
    }

    private static byte[] frame(String destination, int vlan) {
        HexFormat colons = HexFormat.ofDelimiter(":");
        ByteBuffer frame = ByteBuffer.allocate(60);
        frame.put(colons.parseHex(destination)).put(colons.parseHex("52:54:00:00:0b:02"));
        if (vlan >= 0) {
            frame.putShort((short) 0x8100).putShort((short) vlan);
        }
        frame.putShort((short) 0x88b5);
        return frame.array();
    }

    private static void seesItsLink(UmlGuest guest, BackendProcess backend) {
        guest.awaitTrue("[ $(cat /sys/class/net/eth1/carrier) = 0 ]");
        for (int round = 0; round < 2; round++) {
            try (SimulatedGuest peer = SimulatedGuest.connect(backend.socket("peer"), GuestOptions.DEFAULTS)) {
                assertEquals(1, peer.driver().queuePairs());
                guest.awaitTrue("[ $(cat /sys/class/net/eth1/carrier) = 1 ]");
            }
            guest.awaitTrue("[ $(cat /sys/class/net/eth1/carrier) = 0 ]");
        }
    }
}
