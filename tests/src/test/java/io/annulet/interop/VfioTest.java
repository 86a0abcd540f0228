package io.annulet.interop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.annulet.channel.Identity;
import io.annulet.channel.IvshmemPeer;
import io.annulet.journey.Pause;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * VFIO on a {@link NestedHost}, with a real IOMMU driver and emulated NICs. Booting takes most of the time, so the tests
 * share the host and come in an order.
 */
@Tag("slow")
@Timeout(900)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
final class VfioTest {

    private static final int LONG_FRAMES = 40;
    private static final int LONG_BYTES = 5_000;
    private static final int HEADER_BYTES = 54;
    private static final int FLAPS = 1_000;

    @TempDir
    private static Path folder;

    private String obstacle = "";
    private @Nullable NestedHost host;

    @BeforeAll
    void start() {
        obstacle = NestedHost.obstacle().orElse("");
        if (obstacle.isEmpty()) {
            host = NestedHost.start(folder);
            host.awaitReady();
        }
    }

    /** Before each test, because a class that is skipped as a whole is missing from the counts. */
    @BeforeEach
    void skipWithoutHost() {
        assumeTrue(obstacle.isEmpty(), obstacle);
    }

    @AfterAll
    void end() {
        if (host != null) {
            host.close();
        }
    }

    private NestedHost host() {
        return Objects.requireNonNull(host);
    }

    @Test
    @Order(1)
    void listsControllersWithWhatKeepsThemFromUse() throws IOException {
        JsonNode devices = new ObjectMapper()
                .readTree(host().run("annulet vfio list --json"))
                .get("devices");
        assertEquals(2, devices.size(), devices::toString);
        assertDevice(devices.get(0), NestedHost.E1000E, "8086:10d3", "e1000e");
        assertDevice(devices.get(1), NestedHost.VIRTIO, "1af4:1041", "virtio-pci");
    }

    private static void assertDevice(JsonNode device, String address, String identity, String driver) {
        assertEquals(address, device.get("address").asText());
        assertEquals(identity, device.get("id").asText());
        assertEquals(driver, device.get("annuletDriver").asText());
        assertEquals(1, device.get("groupDevices").asInt());
        assertTrue(
                device.get("refusal").asText().endsWith("annulet vfio bind " + address),
                () -> device.get("refusal").asText());
    }

    @Test
    @Order(2)
    void bindsNicsAndTellsAboutThem() {
        host().run("annulet vfio bind " + NestedHost.E1000E + " " + NestedHost.VIRTIO);
        String said = host().run("annulet vfio info " + NestedHost.E1000E);
        assertTrue(said.contains("MSI-X vectors      5"), said);
        assertTrue(said.contains("can be reset       yes"), said);
        assertTrue(said.contains("address            52:54:00:00:0e:01"), said);
        assertTrue(said.contains("filter             15 addresses, and groups"), said);
        assertTrue(said.contains("counts             missed,"), said);
        // The addresses of interrupt messages lie between the two ranges.
        assertTrue(said.contains("0x0-0xfedfffff, 0xfef00000-"), said);
    }

    /** P06, P07, P10, P12, P13 and P14: each with the IOMMU and the NICs that a driver of the kernel would have. */
    @Test
    @Order(3)
    void P07_nicsDoWhatTheyMayAndNothingElse() {
        AtomicLong leaks = new AtomicLong();
        host().wire().listener(frame -> leaks.addAndGet(hasSecret(frame) ? 1 : 0));
        host().run("dmesg -c > /dev/null");
        String said = host().run(
                        "java io.annulet.interop.NicProofs " + NestedHost.E1000E + " " + NestedHost.VIRTIO + " 2>&1");
        assertEquals(
                List.of(
                        "proof interrupts ok",
                        "proof interrupt-lines ok",
                        "proof P14-interrupt-storm ok",
                        "proof P08-mapping-limit ok",
                        "proof frames-both-ways ok",
                        "proof interrupt-for-a-frame ok",
                        "proof filters ok",
                        "proof statistics ok",
                        "proof P12-recoveries ok",
                        "proof P14-storm-beside-frames ok",
                        "proof mappings-without-leak ok",
                        "proof P07-write-into-read-only ok",
                        "proof P10-after-unmap ok",
                        "proof P06-outside-the-window ok",
                        "proof P13-reset-while-running ok",
                        "proof P14-vector-beyond-the-table ok",
                        "proof reopened ok"),
                said.lines().filter(line -> line.startsWith("proof")).toList(),
                said);
        assertEquals(0, leaks.get(), "frames with bytes that the NIC may not read");
        String kernel = host().run("dmesg");
        // Reads outside, of which several may be told as one; a write into what is to be read; one after an unmap.
        assertTrue(faults(kernel, "DMA Read") >= 1, kernel);
        assertTrue(faults(kernel, "DMA Write") >= 2, kernel);
    }

    private static boolean hasSecret(byte[] frame) {
        int run = 0;
        for (byte value : frame) {
            run = value == (byte) NicProofs.SECRET ? run + 1 : 0;
            if (run >= 16) {
                return true;
            }
        }
        return false;
    }

    private static long faults(String kernel, String kind) {
        return kernel.lines()
                .filter(line -> line.contains("DMAR:") && line.contains(kind) && line.contains("01:00.0"))
                .count();
    }

    @Test
    @Order(4)
    void framesCrossBothNicsBothWaysAndNoPayloadIsCopied() throws IOException {
        startBackend();
        long before = host().wire().framesFrom(0);
        assertSim("--both-ways --frames 120 --rate 60 --warmup 0s --size imix");
        assertTrue(host().wire().framesFrom(0) > before, "nothing went over the wire");
        JsonNode ports = counters();
        for (String nic : List.of("na", "nb")) {
            JsonNode counted = ports.get(nic);
            assertEquals(0, counted.at("/copied/bytes").asLong(), counted::toString);
            assertTrue(counted.at("/nic/zero-copy").asLong() > 0, counted::toString);
            assertEquals(0, counted.at("/nic/restarts").asLong(), counted::toString);
        }
        JsonNode na = ports.get("na");
        assertEquals(na.at("/out/frames").asLong(), na.at("/nic/sent").asLong(), na::toString);
        assertEquals(na.at("/in/frames").asLong(), na.at("/nic/received").asLong(), na::toString);
    }

    /** The wire shows whether lengths and checksums are right that the NIC had to fill in. */
    @Test
    @Order(5)
    void longSegmentsAreCutByTheNic() throws IOException {
        List<WireFrame> segments = Collections.synchronizedList(new ArrayList<>());
        host().wire().listener(bytes -> {
            WireFrame frame = new WireFrame(bytes);
            if (frame.isTcpOverIpv4()) {
                segments.add(frame);
            }
        });
        // The receiver of a cut frame does not know it again, so the simulator's verdict does not count here.
        String patience = " --lost-after 5s --stalled-after 60s --timeout 60s";
        host().run("annulet sim --frames " + LONG_FRAMES + " --size " + LONG_BYTES + patience
                + " --rate 40 --warmup 0s --offload tso4 /tmp/a.sock /tmp/b.sock > /tmp/sim.log 2>&1; true");
        host().wire().listener(frame -> {});
        List<WireFrame> all = List.copyOf(segments);
        assertTrue(all.size() > 3 * LONG_FRAMES, () -> all.size() + " segments; " + host().run("cat /tmp/sim.log"));
        for (WireFrame segment : all) {
            assertEquals("", segment.problem());
            assertTrue(segment.byteLength() <= 1_514, () -> "a frame of " + segment.byteLength());
        }
        assertEquals(
                (long) LONG_FRAMES * (LONG_BYTES - HEADER_BYTES),
                all.stream().mapToLong(WireFrame::payloadBytes).sum());
        JsonNode na = counters().get("na");
        assertTrue(na.at("/offload/crossed").asLong() >= LONG_FRAMES, na::toString);
        assertEquals(0, na.at("/offload/segmented").asLong(), na::toString);
        assertEquals(0, na.at("/copied/bytes").asLong(), na::toString);
    }

    /** P09; each time the next process has the NICs at once, and they do what they should. P12: links flap before. */
    @Test
    @Order(6)
    void P09_killedWithDmaInFlightTheNextProcessUsesTheNics() {
        int kills = Integer.getInteger("annulet.kills", 1);
        for (int i = 0; i < kills; i++) {
            host().run("annulet sim --mode send --duration 60s /tmp/a.sock > /tmp/send.log 2>&1 &");
            long before = host().wire().framesFrom(0);
            Pause.until(
                    "frames to be on the wire",
                    NestedHost.LIMIT,
                    () -> host().wire().framesFrom(0) > before + 100);
            for (int flap = 0; flap < FLAPS; flap++) {
                String end = "\"name\": \"wire" + flap % 2 + "\"";
                host().guest().qmp("set_link", "{" + end + ", \"up\": false}");
                host().guest().qmp("set_link", "{" + end + ", \"up\": true}");
            }
            long flapped = host().wire().framesFrom(0);
            Pause.until(
                    "frames to be on the wire again",
                    NestedHost.LIMIT,
                    () -> host().wire().framesFrom(0) > flapped + 100);
            host().run(
                            "kill -9 $(cat /tmp/run.pid); while kill -0 $(cat /tmp/run.pid) 2>/dev/null; do sleep 0.1; done");
            host().run("killall -9 java; while pidof java > /dev/null; do sleep 0.1; done");
            startBackend();
        }
        assertSim("--both-ways --frames 40 --rate 40 --warmup 0s --size imix");
    }

    /** P13; what the kernel wants back is let go of, and the other NIC's link lives on. */
    @Test
    @Order(7)
    void P13_aNicThatIsPulledOutStopsItsPortOnly() throws IOException {
        host().guest().qmp("device_del", "{\"id\": \"" + NestedHost.E1000E_ID + "\"}");
        host().run("until grep -q 'was stopped: wanted back' /tmp/run.log; do sleep 0.2; done");
        host().run("while [ -e /sys/bus/pci/devices/" + NestedHost.E1000E + " ]; do sleep 0.2; done");
        host().run("kill -0 $(cat /tmp/run.pid)");
        JsonNode ports = counters();
        assertEquals(1, ports.get("na").at("/nic/stopped").asLong(), ports::toString);
        assertEquals(0, ports.get("nb").at("/nic/stopped").asLong(), ports::toString);
        host().run("kill $(cat /tmp/run.pid); while kill -0 $(cat /tmp/run.pid) 2>/dev/null; do sleep 0.1; done");
    }

    /**
     * A device without MSI-X takes the place of the one that was pulled out. Both NICs let in only frames for who has sent
     * through them, and the guests have other addresses than the NICs.
     */
    @Test
    @Order(8)
    void aNicWithNothingButAnInterruptLineServesAGuest() throws IOException {
        host().guest().qmp("device_add", NestedHost.LINE_NIC);
        host().run("until [ -e /sys/bus/pci/devices/" + NestedHost.E1000E + "/iommu_group ]; do sleep 0.2; done");
        host().run("annulet vfio bind " + NestedHost.E1000E + " " + NestedHost.IVSHMEM);
        startBackend(",promiscuous=off");
        String opened = host().run("grep 'interrupts' /tmp/run.log");
        assertTrue(
                opened.contains("port na: NIC " + NestedHost.E1000E + ", virtio-pci, interrupts by its line"), opened);
        assertTrue(
                opened.contains("port nb: NIC " + NestedHost.VIRTIO + ", virtio-pci, interrupts by messages"), opened);
        assertSim("--both-ways --frames 40 --rate 40 --warmup 1s --size imix");
        String interrupts = host().run("grep vfio-intx /proc/interrupts | grep " + NestedHost.E1000E);
        assertTrue(interrupts.strip().matches("\\d+:\\s+[1-9].*"), interrupts);
        JsonNode ports = counters();
        for (String nic : List.of("na", "nb")) {
            JsonNode counted = ports.get(nic);
            assertEquals(0, counted.at("/copied/bytes").asLong(), counted::toString);
            assertTrue(counted.at("/nic/filter/set").asLong() > 0, counted::toString);
            assertEquals(0, counted.at("/nic/filter/refused").asLong(), counted::toString);
        }
        host().run("kill $(cat /tmp/run.pid); while kill -0 $(cat /tmp/run.pid) 2>/dev/null; do sleep 0.1; done");
    }

    /** What is said over a channel is announced by interrupts: the guest's end has the device through VFIO. */
    @Test
    @Order(9)
    void theEndsOfASealedChannelRingEachOther() throws IOException {
        Identity guest = Identity.create();
        Identity here = Identity.create();
        Path key = folder.resolve("guest.key");
        guest.write(key);
        host().run("umask 077; mkdir -p /tmp/in; echo " + Files.readString(key).strip() + " > /tmp/key;"
                + " annulet channel receive --keep --device vfio:" + NestedHost.IVSHMEM + " --key /tmp/key --peer "
                + here.publicKey() + " /tmp/in > /tmp/channel.log 2>&1 &");
        host().run("until grep -q waiting /tmp/channel.log; do sleep 0.2; done");
        try (IvshmemPeer peer = IvshmemPeer.connect(host().channelSocket());
                ChannelEnd end = new ChannelEnd(peer, here, guest.publicKey())) {
            Pause.until(
                    "the guest's end answers", NestedHost.LIMIT, () -> end.ask().contains("refused"));
            Pause.until("the guest rings here", NestedHost.LIMIT, () -> {
                end.ask();
                return peer.timesRung() > 0;
            });
            String interrupts = host().run("grep vfio-msix /proc/interrupts | grep " + NestedHost.IVSHMEM);
            assertTrue(interrupts.strip().matches("\\d+:\\s+[1-9].*"), interrupts);
        }
    }

    private void startBackend() {
        startBackend("");
    }

    private void startBackend(String options) {
        host().run("mkdir -p /dev/shm; rm -f /tmp/*.sock /tmp/counters");
        host().run("annulet run --counters /tmp/counters"
                + " --port a=vhost-user:/tmp/a.sock --port na=vfio:" + NestedHost.E1000E + options + " --link a=na"
                + " --port b=vhost-user:/tmp/b.sock --port nb=vfio:" + NestedHost.VIRTIO + options + " --link b=nb"
                + " > /tmp/run.log 2>&1 & echo $! > /tmp/run.pid");
        String said = host().run(
                        "until grep -q '^ready' /tmp/run.log || ! kill -0 $(cat /tmp/run.pid); do sleep 0.2; done;"
                                + " cat /tmp/run.log");
        assertTrue(said.contains("\nready"), said);
    }

    private void assertSim(String options) {
        String said = host().run("annulet sim --lost-after 20s --stalled-after 60s --timeout 60s " + options
                + " /tmp/a.sock /tmp/b.sock 2>&1 || { cat /tmp/run.log; false; }");
        assertFalse(said.contains("problem"), said);
    }

    private JsonNode counters() throws IOException {
        String said = host().run("annulet stat --json --counters /tmp/counters");
        return new ObjectMapper().readTree(said).get("ports");
    }
}
