package io.annulet.interop;

import io.annulet.cli.CommandFailure;
import io.annulet.cli.vm.GuestImage;
import io.annulet.cli.vm.QemuGuest;
import io.annulet.cli.vm.QemuNic;
import io.annulet.cli.vm.QemuOptions;
import io.annulet.cli.vm.Tools;
import io.annulet.journey.BackendProcess;
import io.annulet.journey.Namespace;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Two Linux guests under QEMU, a back-end in a process of its own, and the host in a namespace behind a tap; used by one
 * thread. Guest a connects to the back-end; guest b listens, and the back-end connects.
 */
final class TwoGuests implements AutoCloseable {

    static final String A = "198.18.9.1";
    static final String B = "198.18.9.2";
    static final String HOST = "198.18.9.254";
    static final String TAP = "ann" + ProcessHandle.current().pid() % 1_000_000 + "q";

    private final Path folder;
    private final GuestImage image;
    private final Namespace host;
    private QemuGuest a;
    private QemuGuest b;
    private BackendProcess backend;

    private TwoGuests(Path folder, GuestImage image, Namespace host) {
        this.folder = folder;
        this.image = image;
        this.host = host;
        a = startA();
        b = startB();
        backend = startBackend();
    }

    /** Why they cannot be had here, once everything that can be installed is; empty if they can. */
    static Optional<String> obstacle() {
        Optional<String> rights = Namespace.obstacle();
        if (rights.isPresent()) {
            return rights;
        }
        try {
            Tools.install(line -> {}, "qemu", "guest-image", "host-net");
            GuestImage.build(line -> {});
            return QemuGuest.obstacle();
        } catch (CommandFailure e) {
            return Optional.of(e.getMessage() + ": " + e.remedy());
        }
    }

    /** Starts the guests first and the back-end then, for which QEMU waits; returns when both guests are up. */
    static TwoGuests start(Path folder) {
        GuestImage image = GuestImage.build(line -> {});
        Namespace host = Namespace.create();
        TwoGuests started = null;
        boolean up = false;
        try {
            started = new TwoGuests(folder, image, host);
            started.awaitBoth();
            up = true;
            return started;
        } finally {
            if (!up && started != null) {
                started.close();
            } else if (!up) {
                host.close();
            }
        }
    }

    private QemuGuest startA() {
        return start("a", QemuNic.on(BackendProcess.socket(folder, "a"), "52:54:00:00:09:01"), A);
    }

    private QemuGuest startB() {
        return start("b", QemuNic.on(socketOfB(), "52:54:00:00:09:02").listening(), B);
    }

    private Path socketOfB() {
        return folder.resolve("b.front-end");
    }

    private QemuGuest start(String name, QemuNic nic, String address) {
        return QemuGuest.start(
                QemuOptions.of(name, image, folder).with(nic).withKernelOptions("guest.address=" + address + "/24"));
    }

    private BackendProcess startBackend() {
        BackendProcess started = BackendProcess.start(
                folder,
                "--port",
                BackendProcess.guestPort(folder, "a"),
                "--port",
                "b=vhost-user:" + socketOfB() + ",mode=client",
                "--port",
                "host=tap:" + TAP);
        host.take(TAP, HOST + "/24");
        return started;
    }

    void awaitBoth() {
        a.awaitReady(QemuGuest.BOOT_LIMIT);
        b.awaitReady(QemuGuest.BOOT_LIMIT);
    }

    /** Ends the back-end in good order and starts another one; the guests run on. */
    void replaceBackend() {
        backend.end();
        backend = startBackend();
    }

    /** Takes both QEMUs away and starts others with the same sockets, MAC addresses and IP addresses. */
    void replaceGuests() {
        a.kill();
        b.kill();
        a.close();
        b.close();
        a = startA();
        b = startB();
        awaitBoth();
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

    Namespace host() {
        return host;
    }

    @Override
    public void close() {
        a.close();
        b.close();
        backend.close();
        host.close();
    }
}
