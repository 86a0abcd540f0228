package io.annulet.interop;

import io.annulet.channel.Identity;
import io.annulet.cli.vm.GuestImage;
import io.annulet.cli.vm.QemuGuest;
import io.annulet.cli.vm.QemuOptions;
import io.annulet.journey.BackendProcess;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/**
 * Two Linux guests under QEMU with an ivshmem-doorbell device each, both on one channel that {@code annulet run} serves, and
 * this build in both; used by one thread.
 */
final class ChannelGuests implements AutoCloseable {
    static final Duration LIMIT = Duration.ofMinutes(5);

    private static final int MEMORY_MIB = 1024;

    /** What sealing uses where it can; the default processor of emulated guests has none of it. */
    private static final String PROCESSOR = "qemu64,+aes,+pclmulqdq,+ssse3,+sse4.1,+sse4.2,+rdrand";

    private final BackendProcess backend;
    private final QemuGuest a;
    private final QemuGuest b;
    private final Path initramfs;
    private final String publicA;
    private final String publicB;

    private ChannelGuests(
            BackendProcess backend, QemuGuest a, QemuGuest b, Path initramfs, Identity identityA, Identity identityB) {
        this.backend = backend;
        this.a = a;
        this.b = b;
        this.initramfs = initramfs;
        this.publicA = identityA.publicKey().toString();
        this.publicB = identityB.publicKey().toString();
    }

    static Path socket(Path folder) {
        return folder.resolve("c.sock");
    }

    static ChannelGuests start(Path folder) {
        BackendProcess backend = BackendProcess.start(folder, "--channel", "c=ivshmem:" + socket(folder) + ",size=4M");
        GuestImage image = GuestImage.build(line -> {});
        Path initramfs = AnnuletInGuest.initramfs(folder, image);
        GuestImage withJava = new GuestImage(image.kernel(), initramfs);
        Identity identityA = Identity.create();
        Identity identityB = Identity.create();
        QemuGuest a = startGuest("a", withJava, folder);
        QemuGuest b = startGuest("b", withJava, folder);
        ChannelGuests guests = new ChannelGuests(backend, a, b, initramfs, identityA, identityB);
        a.awaitReady(QemuGuest.BOOT_LIMIT);
        b.awaitReady(QemuGuest.BOOT_LIMIT);
        giveKey(a, identityA, folder.resolve("a.key"));
        giveKey(b, identityB, folder.resolve("b.key"));
        return guests;
    }

    private static QemuGuest startGuest(String name, GuestImage image, Path folder) {
        return QemuGuest.start(QemuOptions.of(name, image, folder)
                .withMemoryMib(MEMORY_MIB)
                .withExtraArguments(
                        "-cpu",
                        PROCESSOR,
                        "-chardev",
                        "socket,id=channel,path=" + socket(folder),
                        "-device",
                        "ivshmem-doorbell,chardev=channel,vectors=1"));
    }

    private static void giveKey(QemuGuest guest, Identity identity, Path file) {
        try {
            identity.write(file);
            String text = Files.readString(file).strip();
            guest.mustRun("umask 077; echo " + text + " > /key", LIMIT);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    QemuGuest a() {
        return a;
    }

    QemuGuest b() {
        return b;
    }

    BackendProcess backend() {
        return backend;
    }

    /** The options of guest a's end of the channel. */
    String endOfA() {
        return "--key /key --peer " + publicB;
    }

    String endOfB() {
        return "--key /key --peer " + publicA;
    }

    @Override
    public void close() {
        a.close();
        b.close();
        backend.close();
        initramfs.toFile().delete();
    }
}
