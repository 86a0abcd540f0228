package io.annulet.interop;

import io.annulet.cli.CommandFailure;
import io.annulet.cli.vm.Tools;
import io.annulet.journey.Child;
import io.annulet.journey.Pause;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * dpdk-testpmd as front-end of two ports: DPDK's own vhost-user front-end and virtio-net driver, with memory in huge pages.
 * Used by one thread. Closing it kills it and gives its huge pages back.
 */
final class Testpmd implements AutoCloseable {

    /** Two runs on one machine must not take each other's huge pages for their own. */
    private static final String FILE_PREFIX =
            "annulet-test-" + ProcessHandle.current().pid();

    private static final Path HUGE_PAGES = Path.of("/dev/hugepages");
    private static final Path RUNTIME = Path.of("/var/run/dpdk", FILE_PREFIX);
    private static final Duration LIMIT = Duration.ofSeconds(30);
    private static final Pattern NUMBER = Pattern.compile("([A-Za-z-]+): +(\\d+)");

    /**
     * How both of its devices are made.
     *
     * @param listens whether it listens at the sockets, rather than connecting to them
     * @param queueSize descriptors of each ring
     * @param queuePairs of each device, all worked by one thread
     */
    record Devices(boolean listens, boolean mergeable, int queueSize, boolean packed, boolean inOrder, int queuePairs) {

        /** One pair of split rings. */
        Devices(boolean listens, boolean mergeable, int queueSize) {
            this(listens, mergeable, queueSize, false, false, 1);
        }

        private String option(int number, Path socket) {
            return "--vdev=net_virtio_user" + number + ",path=" + socket + ",queues=" + queuePairs + ",queue_size="
                    + queueSize + ",mac=02:00:00:00:00:1" + number + ",packed_vq=" + digit(packed) + ",in_order="
                    + digit(inOrder) + ",mrg_rxbuf=" + digit(mergeable) + (queuePairs > 1 ? ",cq=1" : "")
                    + (listens ? ",server=1" : "");
        }

        private static int digit(boolean on) {
            return on ? 1 : 0;
        }
    }

    private final Child child;

    private Testpmd(Child child) {
        this.child = child;
    }

    /** Why it cannot run here, once everything that can be installed is; empty if it can. */
    static Optional<String> obstacle() {
        try {
            Tools.install(line -> {}, "dpdk", "hugepages");
            return Optional.empty();
        } catch (CommandFailure e) {
            return Optional.of(String.valueOf(e.getMessage()));
        }
    }

    /** Starts it with a device at each socket and waits until both are up. */
    static Testpmd start(Devices devices, Path first, Path second) {
        List<String> command =
                new ArrayList<>(List.of("stdbuf", "-oL", "dpdk-testpmd", "-l", "0,1", "--main-lcore", "0"));
        command.addAll(List.of("--no-pci", "--no-telemetry", "--file-prefix=" + FILE_PREFIX, "-m", "128"));
        command.addAll(List.of("--single-file-segments", "--log-level=4"));
        command.addAll(List.of(devices.option(0, first), devices.option(1, second)));
        command.addAll(List.of("--", "-i", "--nb-cores=1", "--total-num-mbufs=16384"));
        // Else it throws away what comes in just after it said that it forwards.
        command.add("--no-flush-rx");
        command.addAll(List.of("--txd=" + devices.queueSize, "--rxd=" + devices.queueSize));
        command.addAll(List.of("--rxq=" + devices.queuePairs, "--txq=" + devices.queuePairs));
        command.addAll(List.of("--eth-peer=0,02:00:00:00:00:11", "--eth-peer=1,02:00:00:00:00:10"));
        Testpmd testpmd = new Testpmd(Child.run(command));
        boolean up = false;
        try {
            testpmd.child.awaitLine(0, line -> line.contains("Checking link statuses"), LIMIT);
            up = true;
            return testpmd;
        } finally {
            if (!up) {
                testpmd.close();
            }
        }
    }

    /** Sends what comes in at one port out at the other, both ways, unchanged. */
    void forward() {
        ask("set fwd io", line -> line.contains("packet forwarding mode"));
        ask("start", line -> line.contains("nb forwarding cores"));
    }

    /** As {@link #forward}, after it has sent {@code bursts} of 32 frames of its own out at each port. */
    void forwardOwnFrames(int bursts) {
        ask("set fwd io", line -> line.contains("packet forwarding mode"));
        ask("start tx_first " + bursts, line -> line.contains("nb forwarding cores"));
    }

    /** What one of its ports has counted, by DPDK's names: "RX-packets", "TX-errors", ... */
    Map<String, Long> stats(int port) {
        List<String> lines = ask("show port stats " + port, line -> line.contains("Tx-pps"));
        Map<String, Long> stats = new LinkedHashMap<>();
        for (String line : lines) {
            Matcher numbers = NUMBER.matcher(line);
            while (numbers.find()) {
                stats.put(numbers.group(1), Long.valueOf(numbers.group(2)));
            }
        }
        return stats;
    }

    /** Waits until both ports have received so many frames, from now on. */
    void awaitReceived(long frames) {
        long first = stats(0).getOrDefault("RX-packets", 0L) + frames;
        long second = stats(1).getOrDefault("RX-packets", 0L) + frames;
        Pause.until(
                "testpmd receives " + frames + " frames at each port",
                LIMIT,
                () -> stats(0).getOrDefault("RX-packets", 0L) >= first
                        && stats(1).getOrDefault("RX-packets", 0L) >= second);
    }

    /** Types a command; returns the lines that answer it, up to one that ends the answer. */
    private List<String> ask(String command, Predicate<String> last) {
        long mark = child.mark();
        child.type(command);
        child.awaitLine(mark, last, LIMIT);
        return child.linesSince(mark);
    }

    String text() {
        return child.text();
    }

    /** Kills it as the kernel does one that uses too much memory: nothing is said to the back-end. */
    @Override
    public void close() {
        child.close();
        try {
            removeAll(HUGE_PAGES, FILE_PREFIX + "map_*");
            removeAll(RUNTIME, "*");
            Files.deleteIfExists(RUNTIME);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void removeAll(Path folder, String glob) throws IOException {
        if (!Files.isDirectory(folder)) {
            return;
        }
        try (DirectoryStream<Path> left = Files.newDirectoryStream(folder, glob)) {
            for (Path file : left) {
                Files.deleteIfExists(file);
            }
        }
    }
}
