package io.annulet.interop;

import io.annulet.cli.CommandFailure;
import io.annulet.cli.vm.GuestImage;
import io.annulet.cli.vm.QemuGuest;
import io.annulet.cli.vm.QemuOptions;
import io.annulet.cli.vm.Tools;
import io.annulet.journey.BackendProcess;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A guest that is a host itself: it has an IOMMU and two NICs behind it, an e1000e and a virtio one, a Java runtime, and
 * this build of Annulet as {@code annulet}; used by one thread. What the NICs send comes out of the {@link Wire}.
 *
 * <p>Nothing that this machine lacks is pretended: the IOMMU, its driver, VFIO and the NICs' registers are all there, only
 * slow.
 */
final class NestedHost implements AutoCloseable {

    static final String E1000E = "0000:01:00.0";
    static final String VIRTIO = "0000:02:00.0";

    /** The memory of a sealed channel, whose other end may be in this process: {@link #channelSocket}. */
    static final String IVSHMEM = "0000:00:10.0";

    static final String E1000E_ID = "nic-e1000e";

    /** A virtio NIC without MSI-X, for the place of the e1000e once that was pulled out, as QEMU's monitor takes it. */
    static final String LINE_NIC = "{\"driver\": \"virtio-net-pci\", \"id\": \"nic-line\", \"netdev\": \"wire0\","
            + " \"mac\": \"52:54:00:00:0e:03\", \"bus\": \"port0\", \"romfile\": \"\", \"vectors\": 0,"
            + " \"iommu_platform\": true, \"disable-legacy\": \"on\"}";

    static final Duration LIMIT = Duration.ofMinutes(3);

    private static final int MEMORY_MIB = 1280;

    private final QemuGuest guest;
    private final Wire wire;
    private final BackendProcess channels;
    private final Path channelSocket;
    private final Path initramfs;

    private NestedHost(QemuGuest guest, Wire wire, BackendProcess channels, Path channelSocket, Path initramfs) {
        this.guest = guest;
        this.wire = wire;
        this.channels = channels;
        this.channelSocket = channelSocket;
        this.initramfs = initramfs;
    }

    /** Why it cannot be had here, once everything that can be installed is; empty if it can. */
    static Optional<String> obstacle() {
        try {
            Tools.install(line -> {}, "qemu", "guest-image");
            GuestImage.build(line -> {});
            return QemuGuest.obstacle();
        } catch (CommandFailure e) {
            return Optional.of(e.getMessage() + ": " + e.remedy());
        }
    }

    static NestedHost start(Path folder) {
        GuestImage image = GuestImage.build(line -> {});
        Path initramfs = AnnuletInGuest.initramfs(folder, image);
        Wire wire = Wire.listen(folder);
        Path channel = folder.resolve("channel.sock");
        BackendProcess channels = BackendProcess.start(folder, "--channel", "c=ivshmem:" + channel + ",size=4M");
        QemuOptions options = QemuOptions.of("nested", new GuestImage(image.kernel(), initramfs), folder)
                // One processor: QEMU 10 may fail an assertion when several meet a changing IOMMU.
                .withMemoryMib(MEMORY_MIB)
                .withKernelOptions("intel_iommu=on guest.vfio")
                .withExtraArguments(devices(wire, channel));
        return new NestedHost(QemuGuest.start(options), wire, channels, channel, initramfs);
    }

    private static String[] devices(Wire wire, Path channel) {
        List<String> words = new ArrayList<>(List.of("-machine", "kernel-irqchip=split"));
        words.addAll(List.of("-device", "intel-iommu,intremap=on,caching-mode=on"));
        for (int end = 0; end < Wire.ENDS; end++) {
            words.addAll(List.of("-device", "pcie-root-port,id=port" + end + ",chassis=" + end + ",slot=" + end));
            words.addAll(List.of("-netdev", "stream,id=wire" + end + ",addr.type=unix,addr.path=" + wire.socket(end)));
        }
        words.addAll(List.of(
                "-device", "e1000e,id=" + E1000E_ID + ",netdev=wire0,mac=52:54:00:00:0e:01,bus=port0,romfile="));
        words.addAll(List.of(
                "-device",
                "virtio-net-pci,netdev=wire1,mac=52:54:00:00:0e:02,bus=port1,romfile=,iommu_platform=on,"
                        + "disable-legacy=on"));
        words.addAll(List.of("-chardev", "socket,id=channel,path=" + channel));
        words.addAll(List.of("-device", "ivshmem-doorbell,chardev=channel,vectors=1,addr=0x10"));
        return words.toArray(String[]::new);
    }

    void awaitReady() {
        guest.awaitReady(QemuGuest.BOOT_LIMIT);
    }

    QemuGuest guest() {
        return guest;
    }

    Wire wire() {
        return wire;
    }

    /** Where peers attach to the memory that the guest has as {@link #IVSHMEM}. */
    Path channelSocket() {
        return channelSocket;
    }

    /** Runs a command that has to succeed. */
    String run(String command) {
        return guest.mustRun(command, LIMIT);
    }

    @Override
    public void close() {
        guest.close();
        wire.close();
        channels.close();
        initramfs.toFile().delete();
    }
}
