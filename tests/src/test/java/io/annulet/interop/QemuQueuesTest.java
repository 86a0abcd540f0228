package io.annulet.interop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.annulet.cli.vm.GuestImage;
import io.annulet.cli.vm.QemuGuest;
import io.annulet.cli.vm.QemuNic;
import io.annulet.cli.vm.QemuOptions;
import io.annulet.journey.BackendProcess;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Two Linux guests under QEMU with packed rings, four queue pairs and long frames, on a back-end with two workers. */
@Tag("slow")
@Tag("root")
@Timeout(900)
final class QemuQueuesTest {

    private static final Duration LIMIT = Duration.ofMinutes(3);
    private static final String A = "198.18.10.1";
    private static final String B = "198.18.10.2";
    private static final int QUEUE_PAIRS = 4;
    private static final int MTU = 9000;
    private static final Pattern RATE = Pattern.compile("SUM\\] .* (\\d+(?:\\.\\d+)?) Kbits/sec .*receiver");

    private static final Pattern OFFLOAD = Pattern.compile(
            "^\\s*(tx-checksum-ip-generic|tx-scatter-gather|generic-segmentation-offload|tx-\\S+-segmentation)"
                    + ": on\\s*$",
            Pattern.MULTILINE);

    @TempDir
    private Path folder;

    @Test
    void sixteenStreamsOverFourPackedQueuePairsOfJumboFrames() {
        String obstacle = TwoGuests.obstacle().orElse("");
        assumeTrue(obstacle.isEmpty(), obstacle);
        GuestImage image = GuestImage.build(line -> {});
        String how = "queues=" + QUEUE_PAIRS + ",mtu=" + MTU;
        try (BackendProcess backend = BackendProcess.start(
                        folder,
                        "--workers",
                        "2",
                        "--port",
                        BackendProcess.guestPort(folder, "a", how),
                        "--port",
                        BackendProcess.guestPort(folder, "b", how));
                QemuGuest a = guest(image, "a", 1, A);
                QemuGuest b = guest(image, "b", 2, B)) {
            a.awaitReady(QemuGuest.BOOT_LIMIT);
            b.awaitReady(QemuGuest.BOOT_LIMIT);
            assertEquals(
                    String.valueOf(MTU),
                    a.mustRun("cat /sys/class/net/eth0/mtu", LIMIT).strip());
            assertTrue(combined(a).endsWith("Combined: " + QUEUE_PAIRS), () -> combined(a));
            a.mustRun("ping -c 3 -s 8900 " + B, LIMIT);
            runStreams(a, b);
            changeQueuesUnderTraffic(a, b);
            toggleOffloadsUnderTraffic(a, b);
            a.mustRun("ping -c 3 -s 8900 " + B, LIMIT);
            for (String port : new String[] {"a", "b"}) {
                assertEquals(0, backend.counter(port, "rings.broken"), "broken rings of " + port);
                assertEquals(0, backend.counter(port, "in.dropped.bad-chain"), "bad chains of " + port);
                assertEquals(0, backend.counter(port, "in.dropped.bad-header"), "bad headers of " + port);
            }
        }
    }

    private QemuGuest guest(GuestImage image, String name, int number, String address) {
        QemuNic nic = QemuNic.on(BackendProcess.socket(folder, name), "52:54:00:00:0a:0" + number)
                .withQueuePairs(QUEUE_PAIRS)
                .with("packed", "on")
                .with("host_mtu", String.valueOf(MTU));
        return QemuGuest.start(QemuOptions.of(name, image, folder)
                .withCpus(QUEUE_PAIRS)
                .with(nic)
                .withKernelOptions("guest.address=" + address + "/24"));
    }

    /** What ethtool says of the queues that are in use, on one line. */
    private static String combined(QemuGuest guest) {
        return guest.mustRun("ethtool -l eth0 | tail -n 2", LIMIT)
                .replaceAll("\\s+", " ")
                .strip();
    }

    private static void runStreams(QemuGuest a, QemuGuest b) {
        serve(b);
        for (String direction : new String[] {"", " -R"}) {
            String said = a.mustRun("iperf3 -f k -t 3 -P 16 -c " + B + direction, LIMIT);
            Matcher rate = RATE.matcher(said);
            assertTrue(rate.find(), said);
            double megabits = Double.parseDouble(rate.group(1)) / 1_000;
            assertTrue(megabits > 1, said);
            System.out.println("TCP, 16 streams" + direction + ": " + megabits);
        }
        b.mustRun("killall iperf3", LIMIT);
    }

    private static void serve(QemuGuest guest) {
        guest.mustRun("iperf3 -s >/tmp/iperf3.log 2>&1 &", LIMIT);
        guest.mustRun("until grep -q ':1451 .* 0A ' /proc/net/tcp /proc/net/tcp6; do sleep 0.1; done", LIMIT);
    }

    /** QEMU enables and disables the rings of queue pairs while streams run over them. */
    private static void changeQueuesUnderTraffic(QemuGuest a, QemuGuest b) {
        startStreams(a, b);
        for (int pairs : new int[] {1, 3, 2, QUEUE_PAIRS}) {
            b.mustRun("ethtool -L eth0 combined " + pairs, LIMIT);
            assertTrue(combined(b).endsWith("Combined: " + pairs), () -> combined(b));
        }
        awaitStreams(a, b);
    }

    /** Each offload that the sender's driver can turn off goes off and on again while its streams run. */
    private static void toggleOffloadsUnderTraffic(QemuGuest a, QemuGuest b) {
        List<String> offloads = transmitOffloads(a);
        assertTrue(
                offloads.containsAll(List.of(
                        "tx-checksum-ip-generic",
                        "tx-scatter-gather",
                        "generic-segmentation-offload",
                        "tx-tcp-segmentation",
                        "tx-tcp-ecn-segmentation",
                        "tx-tcp6-segmentation")),
                offloads::toString);
        System.out.println("toggled: " + offloads);
        startStreams(a, b);
        for (String offload : offloads) {
            a.mustRun("ethtool -K eth0 " + offload + " off", LIMIT);
            assertFalse(transmitOffloads(a).contains(offload), offload);
            a.mustRun("ethtool -K eth0 " + offload + " on", LIMIT);
        }
        assertEquals(offloads, transmitOffloads(a));
        awaitStreams(a, b);
    }

    /** Those that are on and can be turned off. */
    private static List<String> transmitOffloads(QemuGuest guest) {
        return OFFLOAD.matcher(guest.mustRun("ethtool -k eth0", LIMIT))
                .results()
                .map(found -> found.group(1))
                .toList();
    }

    private static void startStreams(QemuGuest a, QemuGuest b) {
        serve(b);
        a.mustRun("rm -f /tmp/status", LIMIT);
        a.mustRun("iperf3 -f k -t 5 -P 4 -c " + B + " >/tmp/client.log 2>&1; echo $? >/tmp/status &", LIMIT);
    }

    private static void awaitStreams(QemuGuest a, QemuGuest b) {
        a.mustRun("until [ -s /tmp/status ]; do sleep 0.2; done", LIMIT);
        assertEquals("0", a.mustRun("cat /tmp/status", LIMIT).strip(), () -> a.mustRun("cat /tmp/client.log", LIMIT));
        b.mustRun("killall iperf3", LIMIT);
    }
}
