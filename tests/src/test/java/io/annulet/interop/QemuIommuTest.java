package io.annulet.interop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.annulet.cli.vm.GuestImage;
import io.annulet.cli.vm.QemuGuest;
import io.annulet.cli.vm.QemuOptions;
import io.annulet.journey.BackendProcess;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Two Linux guests under QEMU, each with an emulated IOMMU in front of its device, whose addresses the back-end has to ask
 * for: files go both ways unchanged, also where each buffer is taken back before the next one is mapped.
 */
@Tag("slow")
@Tag("root")
@Timeout(900)
final class QemuIommuTest {

    private static final Duration LIMIT = Duration.ofMinutes(4);
    private static final String A = "198.18.11.1";
    private static final String B = "198.18.11.2";

    @TempDir
    private Path folder;

    @ParameterizedTest
    @CsvSource({"iommu.strict=1,ats=on,packed=off", "iommu.strict=1,ats=off,packed=on"})
    void filesArriveAsTheyWereSent(String kernelOption, String ats, String packed) {
        String obstacle = TwoGuests.obstacle().orElse("");
        assumeTrue(obstacle.isEmpty(), obstacle);
        GuestImage image = GuestImage.build(line -> {});
        try (BackendProcess backend = BackendProcess.start(
                        folder,
                        "--port",
                        BackendProcess.guestPort(folder, "a", "iommu=on"),
                        "--port",
                        BackendProcess.guestPort(folder, "b", "iommu=on"));
                QemuGuest a = start(image, "a", A, kernelOption, ats, packed);
                QemuGuest b = start(image, "b", B, kernelOption, ats, packed)) {
            a.awaitReady(QemuGuest.BOOT_LIMIT);
            b.awaitReady(QemuGuest.BOOT_LIMIT);
            assertTrue(
                    a.mustRun("ls /sys/kernel/iommu_groups", LIMIT).contains("0"), "the guest's kernel has no IOMMU");
            awaitAnswer(a, B);
            send(a, b, A);
            send(b, a, B);
            for (String port : new String[] {"a", "b"}) {
                assertEquals(0, backend.counter(port, "rings.broken"), "broken rings of " + port);
                assertEquals(0, backend.counter(port, "in.dropped.bad-chain"), "bad chains of " + port);
            }
            backend.end();
        }
    }

    private QemuGuest start(GuestImage image, String name, String address, String strict, String ats, String packed) {
        String mac = "52:54:00:00:0b:0" + (name.equals("a") ? 1 : 2);
        return QemuGuest.start(QemuOptions.of(name, image, folder)
                .withKernelOptions("intel_iommu=on " + strict + " guest.address=" + address + "/24")
                .withExtraArguments(
                        "-device",
                        "intel-iommu,intremap=off,device-iotlb=on",
                        "-device",
                        "pcie-root-port,id=root,chassis=1,slot=1",
                        "-chardev",
                        "socket,id=vhost,path=" + BackendProcess.socket(folder, name),
                        "-netdev",
                        "vhost-user,id=net,chardev=vhost",
                        "-device",
                        "virtio-net-pci,netdev=net,bus=root,romfile=,iommu_platform=on,mac=" + mac + "," + ats + ","
                                + packed));
    }

    private static void awaitAnswer(QemuGuest from, String address) {
        from.mustRun("until ping -c 1 -W 1 " + address + " >/dev/null 2>&1; do sleep 0.2; done", LIMIT);
    }

    private static void send(QemuGuest from, QemuGuest to, String address) {
        from.mustRun("dd if=/dev/urandom of=/tmp/sent bs=64k count=4 2>&1", LIMIT);
        from.mustRun("httpd -p 8080 -h /tmp", LIMIT);
        to.mustRun("wget -q -O /tmp/received http://" + address + ":8080/sent", LIMIT);
        from.mustRun("killall httpd", LIMIT);
        assertEquals(sum(from, "/tmp/sent"), sum(to, "/tmp/received"));
    }

    private static String sum(QemuGuest guest, String file) {
        return guest.mustRun("sha256sum " + file, LIMIT).split(" ", 2)[0];
    }
}
