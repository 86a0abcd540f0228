package io.annulet.cli.demo;

import io.annulet.backend.PortOptions;
import io.annulet.backend.port.TapPortOptions;
import io.annulet.cli.vm.GuestImage;
import io.annulet.cli.vm.QemuGuest;
import io.annulet.cli.vm.QemuNic;
import io.annulet.cli.vm.QemuOptions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/** Two Linux guests under QEMU and the host on one switch: pings each way, TCP between the guests. */
public final class LinuxDemo implements Demonstration {

    private static final Duration COMMAND_LIMIT = Duration.ofMinutes(1);
    private static final int PING_COUNT = 5;
    private static final int TCP_SECONDS = 3;
    private static final int CONSOLE_LINES = 15;

    /** The last numbers of addresses. */
    private static final int A = 1;

    private static final int B = 2;
    private static final int HOST = 254;

    /** A listening socket on port 5201, as /proc/net/tcp and tcp6 have it. */
    private static final String AWAIT_SERVER =
            "until grep -q ':1451 .* 0A ' /proc/net/tcp /proc/net/tcp6; do sleep 0.1; done";

    private final GuestImage image;
    private final String interfaceName = "annulet" + ProcessHandle.current().pid();
    private final WorkFolder folder = WorkFolder.create();
    private final List<QemuGuest> guests = new ArrayList<>();

    public LinuxDemo(GuestImage image) {
        this.image = image;
    }

    @Override
    public Outcome play(Progress progress, Cleanup cleanup) {
        cleanup.make(() -> folder);
        HostSide host = cleanup.make(HostSide::create);
        DemoBackend backend =
                progress.step("back-end with ports a, b and host", () -> cleanup.make(this::startBackend));
        progress.step("tap of port host " + host.place(), () -> host.adopt(interfaceName, host.address(HOST)));
        List<Figure> figures = new ArrayList<>();
        figures.add(progress.step("boot of guests a and b", () -> boot(host, cleanup)));
        figures.add(ping(progress, "ping from a to b", () -> guestPing(host.address(B))));
        figures.add(ping(progress, "ping from a to host", () -> guestPing(host.address(HOST))));
        figures.add(ping(progress, "ping from host to b", () -> host.ping(host.address(B), PING_COUNT)));
        figures.add(progress.step("TCP from a to b, by iperf3", () -> tcp(host.address(B))));
        List<String> suggestions = List.of("./annulet stat --watch", host.commandLine("ping", host.address(A)));
        return new Outcome(figures, backend.counters(), suggestions);
    }

    private DemoBackend startBackend() {
        return DemoBackend.start(List.of(
                DemoBackend.guestPort("a", folder.socket("a")),
                DemoBackend.guestPort("b", folder.socket("b")),
                new PortOptions.Tap("host", TapPortOptions.of(interfaceName))));
    }

    private Figure boot(HostSide host, Cleanup cleanup) {
        long beganNanos = System.nanoTime();
        start("a", "52:54:00:00:00:0a", host.address(A), cleanup);
        start("b", "52:54:00:00:00:0b", host.address(B), cleanup);
        List<CompletableFuture<Long>> up =
                guests.stream().map(guest -> whenReady(guest, beganNanos)).toList();
        long aMillis = get(up.getFirst());
        long bMillis = get(up.getLast());
        String text = String.format(Locale.ROOT, "a %.1f s, b %.1f s", aMillis / 1e3, bMillis / 1e3);
        return new Figure("boot", text, Map.of("aMillis", aMillis, "bMillis", bMillis));
    }

    private void start(String name, String mac, String address, Cleanup cleanup) {
        QemuOptions options = QemuOptions.of(name, image, folder.path())
                .with(QemuNic.on(folder.socket(name), mac))
                .withKernelOptions("guest.address=" + address + "/24");
        guests.add(cleanup.make(() -> QemuGuest.start(options)));
    }

    private static CompletableFuture<Long> whenReady(QemuGuest guest, long beganNanos) {
        Supplier<Long> body = () -> {
            guest.awaitReady(QemuGuest.BOOT_LIMIT);
            return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - beganNanos);
        };
        return CompletableFuture.supplyAsync(body, Thread::startVirtualThread);
    }

    private static long get(CompletableFuture<Long> millis) {
        try {
            return millis.join();
        } catch (CompletionException e) {
            throw e.getCause() instanceof RuntimeException cause ? cause : e;
        }
    }

    private static Figure ping(Progress progress, String name, Supplier<String> run) {
        return progress.step(name, () -> {
            Figure figure = Measured.ping(name, run.get());
            progress.note(
                    figure.values().get("received") + " of " + figure.values().get("sent") + " answered");
            return figure;
        });
    }

    private String guestPing(String address) {
        String command = "ping -c " + PING_COUNT + " -i 0.2 " + address;
        return guests.getFirst().run(command, COMMAND_LIMIT).output();
    }

    private Figure tcp(String address) {
        QemuGuest client = guests.getFirst();
        QemuGuest server = guests.getLast();
        server.mustRun("iperf3 -s -1 >/tmp/iperf3.log 2>&1 &", COMMAND_LIMIT);
        server.mustRun(AWAIT_SERVER, COMMAND_LIMIT);
        String said = client.mustRun("iperf3 -c " + address + " -f k -t " + TCP_SECONDS, COMMAND_LIMIT);
        return Measured.tcp("TCP from a to b", said);
    }

    @Override
    public List<String> evidence() {
        folder.keep();
        List<String> lines = new ArrayList<>();
        for (QemuGuest guest : guests) {
            lines.add("console of guest " + guest.name() + ":");
            guest.consoleTail(CONSOLE_LINES).lines().forEach(line -> lines.add("  " + line));
        }
        lines.add("all of it is in " + folder.path());
        return lines;
    }
}
