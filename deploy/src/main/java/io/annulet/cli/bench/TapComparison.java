package io.annulet.cli.bench;

import io.annulet.cli.CommandFailure;
import io.annulet.guest.GuestRam;
import io.annulet.linux.Cpus;
import io.annulet.linux.Privileges;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicReference;

/**
 * TCP segments of 64 KiB from a guest to a tap: processor time for each byte, against QEMU with its own virtio-net and tap.
 * Both guests are the same driver in this process; the processor that QEMU emulates sleeps, or it would be measured too.
 * Each tap is in a network namespace of its own, where nobody listens, and its own counter says what arrived.
 */
record TapComparison(BenchOptions options) implements Comparison {

    private static final String TAP = "bench";
    private static final long SETTLE_NANOS = 20_000_000;
    private static final int RECEIVED_BYTES = 1;

    /** Makes the namespace, and in it the tap; then it is the command. */
    private static final String IN_NAMESPACE = "echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6; "
            + "ip tuntap add dev " + TAP + " mode tap vnet_hdr && ip link set " + TAP + " up && exec \"$@\"";

    /** One of the two: its process, what sends to it, and what was measured. */
    private static final class Side implements AutoCloseable {

        private final Child child;
        private final SegmentSender.Guest guest;
        private final SegmentSender sender;
        private double cpuNanos;
        private double bytes;

        Side(Child child, SegmentSender.Guest guest) {
            this.child = child;
            this.guest = guest;
            this.sender = new SegmentSender(guest);
        }

        void turn(long nanos) {
            child.go();
            try {
                sender.send(SETTLE_NANOS);
                long cpuBefore = child.cpuNanos();
                long bytesBefore = arrived();
                sender.send(nanos);
                cpuNanos += child.cpuNanos() - cpuBefore;
                bytes += arrived() - bytesBefore;
            } finally {
                child.pause();
            }
        }

        /** Bytes that came to the host through the tap. */
        private long arrived() {
            try {
                for (String line : Files.readAllLines(Path.of("/proc", Long.toString(child.pid()), "net", "dev"))) {
                    String[] words = line.strip().split("[: ]+", -1);
                    if (words[0].equals(TAP)) {
                        return Long.parseLong(words[RECEIVED_BYTES]);
                    }
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            throw new CommandFailure("the tap is gone", "see the back-end's log");
        }

        double nanosForEachKilobyte() {
            return cpuNanos / bytes * 1e3;
        }

        void forget() {
            cpuNanos = 0;
            bytes = 0;
        }

        @Override
        public void close() {
            guest.close();
            child.close();
        }
    }

    @Override
    public List<Target> targets() {
        return List.of(Target.TAP);
    }

    @Override
    public List<Figure> measure() throws InterruptedException {
        if (Privileges.effectiveUserId() != 0) {
            throw new CommandFailure("taps and namespaces need root", "sudo ./annulet bench tap");
        }
        // The sender is pinned, and processes started by a pinned thread would be too.
        AtomicReference<Object> result = new AtomicReference<>();
        try (Workshop workshop = Workshop.open();
                Side ours = ours(workshop);
                Side rival = rival(workshop)) {
            Thread thread = Thread.ofPlatform().name("sender").start(() -> {
                try {
                    Cpus.pinCurrentThread(options.frontEndCpu());
                    result.set(duel(ours, rival));
                } catch (RuntimeException e) {
                    result.set(e);
                }
            });
            thread.join();
        }
        if (result.get() instanceof Figure figure) {
            return List.of(figure);
        }
        throw result.get() instanceof CommandFailure told
                ? told
                : new IllegalStateException(String.valueOf(result.get()));
    }

    private Figure duel(Side ours, Side rival) {
        for (Side side : List.of(ours, rival)) {
            side.turn(options.warmupNanos());
            side.forget();
        }
        for (int i = 0; i < options.slices(); i++) {
            for (Side side : i % 2 == 0 ? List.of(ours, rival) : List.of(rival, ours)) {
                side.turn(options.sliceNanos());
            }
        }
        return Figure.of(
                Target.TAP,
                ours.nanosForEachKilobyte() / rival.nanosForEachKilobyte(),
                String.format(
                        Locale.ROOT,
                        "%.1f ns a kilobyte, QEMU %.1f",
                        ours.nanosForEachKilobyte(),
                        rival.nanosForEachKilobyte()));
    }

    private Side ours(Workshop workshop) throws InterruptedException {
        BackEndSockets sockets = workshop.sockets("annulet");
        Child child = Child.start(
                "annulet",
                sockets.log(),
                inNamespace(Annulet.command(
                        List.of(),
                        List.of(
                                "run",
                                "--port",
                                "guest=vhost-user:" + sockets.first(),
                                "--port",
                                "host=tap:" + TAP,
                                "--link",
                                "guest=host",
                                "--cpu",
                                Integer.toString(options.backEndCpu()),
                                "--counters",
                                workshop.folder().resolve("annulet.counters").toString(),
                                "--log",
                                "warn"))));
        return guarded(child, () -> {
            child.awaitLine("ready");
            return VhostGuest.connect(sockets.first());
        });
    }

    private Side rival(Workshop workshop) throws InterruptedException {
        Path socket = workshop.folder().resolve("qemu.sock");
        Path firmware = workshop.folder().resolve("halt.rom");
        QtestGuest.writeFirmware(firmware);
        GuestRam ram = QtestGuest.memory(SegmentSender.QUEUES);
        String netdev = "tap,ifname=" + TAP + ",script=no,downscript=no,vhost=off";
        Child child = Child.start(
                "qemu-system-x86_64",
                workshop.log("qemu"),
                inNamespace(QtestGuest.command(ram, firmware, socket, netdev)));
        return guarded(child, () -> QtestGuest.start(child, socket, ram, SegmentSender.QUEUES, SegmentSender.FEATURES));
    }

    private List<String> inNamespace(List<String> command) {
        List<String> all = new ArrayList<>(List.of("taskset", "-c", Integer.toString(options.backEndCpu())));
        all.addAll(List.of("unshare", "--net", "sh", "-c", IN_NAMESPACE, "sh"));
        all.addAll(command);
        return all;
    }

    /** What brings a guest up. */
    private interface Connector {
        SegmentSender.Guest connect() throws InterruptedException;
    }

    private static Side guarded(Child child, Connector connector) throws InterruptedException {
        boolean complete = false;
        try {
            Side side = new Side(child, connector.connect());
            complete = true;
            return side;
        } finally {
            if (!complete) {
                child.close();
            }
        }
    }
}
