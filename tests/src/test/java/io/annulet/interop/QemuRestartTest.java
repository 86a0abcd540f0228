package io.annulet.interop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.annulet.cli.vm.GuestImage;
import io.annulet.cli.vm.QemuGuest;
import io.annulet.cli.vm.QemuNic;
import io.annulet.cli.vm.QemuOptions;
import io.annulet.journey.BackendProcess;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Two Linux guests under QEMU, one with a packed ring, one of which connects while the other listens: the back-end is killed
 * and started again, memory is plugged in, guests are paused and rebooted, and both go on without being reset.
 */
@Tag("slow")
@Tag("root")
@Timeout(900)
final class QemuRestartTest {

    private static final Duration LIMIT = Duration.ofMinutes(2);
    private static final String A = "198.18.6.1";
    private static final String B = "198.18.6.2";
    private static final int KILLS = 3;
    private static final int REBOOTS = 3;

    @TempDir
    private Path folder;

    private BackendProcess startBackend(String... more) {
        List<String> arguments = new ArrayList<>(List.of(more));
        arguments.addAll(List.of(
                "--state",
                folder.resolve("state").toString(),
                "--port",
                BackendProcess.guestPort(folder, "a"),
                "--port",
                "b=vhost-user:" + folder.resolve("b.front-end") + ",mode=client"));
        return BackendProcess.start(folder, arguments.toArray(String[]::new));
    }

    @Test
    void guestsGoOnWhateverHappensToTheBackEndAndThem() {
        String obstacle = TwoGuests.obstacle().orElse("");
        assumeTrue(obstacle.isEmpty(), obstacle);
        GuestImage image = GuestImage.build(line -> {});
        QemuNic nicOfA = QemuNic.on(BackendProcess.socket(folder, "a"), "52:54:00:00:06:01");
        QemuNic nicOfB =
                QemuNic.on(folder.resolve("b.front-end"), "52:54:00:00:06:02").listening();
        QemuOptions one = QemuOptions.of("a", image, folder)
                .with(nicOfA.with("packed", "on"))
                .withKernelOptions("guest.address=" + A + "/24 memhp_default_state=online")
                .withExtraArguments(
                        "-m",
                        "256M,slots=2,maxmem=2G",
                        "-object",
                        "memory-backend-memfd,id=growing,size=512M,share=on,reserve=off",
                        "-device",
                        "virtio-mem-pci,id=growing0,memdev=growing,requested-size=0,dynamic-memslots=on");
        QemuOptions other =
                QemuOptions.of("b", image, folder).with(nicOfB).withKernelOptions("guest.address=" + B + "/24");
        BackendProcess backend = startBackend();
        try (QemuGuest a = QemuGuest.start(one);
                QemuGuest b = QemuGuest.start(other)) {
            a.awaitReady(QemuGuest.BOOT_LIMIT);
            b.awaitReady(QemuGuest.BOOT_LIMIT);
            ping(a);
            for (int i = 0; i < KILLS; i++) {
                a.mustRun("ping -i 0.01 " + B + " >/tmp/ping 2>&1 &", LIMIT);
                backend.close();
                backend = startBackend();
                awaitAnswer(a);
                a.mustRun("killall -INT ping", LIMIT);
                a.mustRun("while pidof ping >/dev/null; do sleep 0.1; done", LIMIT);
                assertTrue(!a.mustRun("cat /tmp/ping", LIMIT).contains("DUP!"), "an answer came twice");
                ping(a);
            }
            backend = handOver(a, backend);
            plugMemory(a, backend);
            growAndShrink(a, backend);
            pause(a, b);
            for (int i = 0; i < REBOOTS; i++) {
                a.reboot();
                a.awaitReady(QemuGuest.BOOT_LIMIT);
                awaitAnswer(a);
                ping(a);
            }
            assertEquals(0, backend.counter("a", "rings.broken") + backend.counter("b", "rings.broken"));
        } finally {
            backend.close();
        }
    }

    /** Another process takes over, and every request that the guest sends meanwhile is answered, once. */
    private BackendProcess handOver(QemuGuest guest, BackendProcess before) {
        guest.mustRun("ping -i 0.01 " + B + " >/tmp/ping 2>&1 &", LIMIT);
        BackendProcess next = startBackend("--takeover");
        before.awaitHandedOver();
        ping(guest);
        guest.mustRun("killall -INT ping", LIMIT);
        guest.mustRun("while pidof ping >/dev/null; do sleep 0.1; done", LIMIT);
        String said = guest.mustRun("cat /tmp/ping", LIMIT);
        assertTrue(said.contains(" 0% packet loss") && !said.contains("DUP!"), said);
        System.out.println("QEMU guests: "
                + next.log()
                        .lines()
                        .filter(line -> line.contains("took over"))
                        .findFirst()
                        .orElse(""));
        return next;
    }

    private static void plugMemory(QemuGuest guest, BackendProcess backend) {
        guest.mustRun("ping -i 0.01 " + B + " >/tmp/ping 2>&1 &", LIMIT);
        guest.qmp(
                "object-add",
                "{\"qom-type\": \"memory-backend-memfd\", \"id\": \"more\", \"size\": 134217728, \"share\": true}");
        guest.qmp("device_add", "{\"driver\": \"pc-dimm\", \"id\": \"dimm0\", \"memdev\": \"more\"}");
        ping(guest);
        guest.mustRun("killall -INT ping", LIMIT);
        assertEquals(0, backend.counter("a", "in.dropped.bad-chain"));
    }

    /** virtio-mem gives the guest memory in slots that come and go under traffic, and takes it back. */
    private static void growAndShrink(QemuGuest guest, BackendProcess backend) {
        guest.mustRun("ping -i 0.01 " + B + " >/tmp/ping 2>&1 &", LIMIT);
        long before = memoryKib(guest);
        for (int round = 0; round < 2; round++) {
            resize(guest, 384L << 20);
            guest.mustRun(
                    "while [ $(awk '/MemTotal/ {print $2}' /proc/meminfo) -lt " + (before + 300 * 1024)
                            + " ]; do sleep 0.1; done",
                    LIMIT);
            // Pages of the memory that came, so that the network's buffers are there too.
            guest.mustRun("dd if=/dev/zero of=/tmp/fill bs=1M count=64 2>/dev/null; rm /tmp/fill", LIMIT);
            ping(guest);
            resize(guest, 0);
            guest.mustRun(
                    "while [ $(awk '/MemTotal/ {print $2}' /proc/meminfo) -gt " + (before + 200 * 1024)
                            + " ]; do sleep 0.1; done",
                    LIMIT);
            ping(guest);
        }
        guest.mustRun("killall -INT ping", LIMIT);
        assertEquals(0, backend.counter("a", "in.dropped.bad-chain"));
        assertEquals(0, backend.counter("a", "front-end.messages-refused"));
    }

    private static long memoryKib(QemuGuest guest) {
        return Long.parseLong(guest.mustRun("awk '/MemTotal/ {print $2}' /proc/meminfo", LIMIT)
                .strip());
    }

    private static void resize(QemuGuest guest, long byteLength) {
        guest.qmp(
                "qom-set",
                "{\"path\": \"/machine/peripheral/growing0\", \"property\": \"requested-size\", \"value\": "
                        + byteLength + "}");
    }

    private static void pause(QemuGuest a, QemuGuest b) {
        for (int i = 0; i < 3; i++) {
            b.qmp("stop", "");
            b.qmp("cont", "");
            ping(a);
        }
    }

    private static void ping(QemuGuest from) {
        String said = from.mustRun("ping -c 5 -i 0.2 " + B, LIMIT);
        assertTrue(said.contains("5 packets received") && !said.contains("DUP!"), said);
    }

    private static void awaitAnswer(QemuGuest from) {
        from.mustRun("until ping -c 1 -W 1 " + B + " >/dev/null 2>&1; do sleep 0.1; done", LIMIT);
    }
}
