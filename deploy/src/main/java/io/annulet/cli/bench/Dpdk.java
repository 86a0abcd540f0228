package io.annulet.cli.bench;

import io.annulet.cli.CommandFailure;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/** DPDK's testpmd as the rival: which command runs it, and what it needs of the machine; stateless. */
final class Dpdk {

    private static final String PROGRAM = "dpdk-testpmd";
    private static final int MEGABYTES = 256;
    private static final long PAGE_KILOBYTES = 2048;
    private static final Path HUGE_PAGES_FOLDER = Path.of("/dev/hugepages");

    private Dpdk() {}

    /** @throws CommandFailure if something is missing that it needs */
    static void check() {
        if (!isInstalled(System.getenv("PATH"))) {
            throw new CommandFailure(PROGRAM + " is missing", "apt-get install dpdk-dev");
        }
        long freeKilobytes = memoryInfo("HugePages_Free") * PAGE_KILOBYTES;
        if (memoryInfo("Hugepagesize") != PAGE_KILOBYTES || freeKilobytes < MEGABYTES * 1024L) {
            throw new CommandFailure(
                    "DPDK needs " + MEGABYTES + " MB in free huge pages of 2 MiB, and there are "
                            + freeKilobytes / 1024,
                    "echo 1024 > /proc/sys/vm/nr_hugepages");
        }
        if (!isMounted()) {
            throw new CommandFailure(
                    "no hugetlbfs is mounted at " + HUGE_PAGES_FOLDER, "mount -t hugetlbfs none " + HUGE_PAGES_FOLDER);
        }
    }

    static boolean isInstalled(String path) {
        return Arrays.stream(path.split(File.pathSeparator, -1))
                .anyMatch(folder -> Files.isExecutable(Path.of(folder, PROGRAM)));
    }

    private static long memoryInfo(String field) {
        try (Stream<String> lines = Files.lines(Path.of("/proc/meminfo"))) {
            return lines.filter(line -> line.startsWith(field + ":"))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")))
                    .sum();
        } catch (IOException e) {
            return 0;
        }
    }

    private static boolean isMounted() {
        try (Stream<String> lines = Files.lines(Path.of("/proc/mounts"))) {
            return lines.anyMatch(line -> line.contains(" " + HUGE_PAGES_FOLDER + " hugetlbfs "));
        } catch (IOException e) {
            return false;
        }
    }

    /** It forwards on one processor; its main thread, which only waits, is on another. */
    static List<String> command(BackEndSockets sockets, int cpu, int otherCpu) {
        return List.of(
                PROGRAM,
                "-l",
                cpu + "," + otherCpu,
                "--main-lcore",
                Integer.toString(otherCpu),
                "--no-pci",
                "--file-prefix=annulet-" + ProcessHandle.current().pid() + "-" + sockets.name(),
                "-m",
                Integer.toString(MEGABYTES),
                "--log-level=4",
                "--vdev",
                "net_vhost0,iface=" + sockets.first() + ",queues=1",
                "--vdev",
                "net_vhost1,iface=" + sockets.second() + ",queues=1",
                "--",
                "--forward-mode=io",
                "--auto-start",
                "--stats-period",
                "600",
                "--nb-cores=1",
                "--total-num-mbufs=65536",
                "--txd=1024",
                "--rxd=1024");
    }
}
