package io.annulet.cli;

import io.annulet.linux.Capability;
import io.annulet.linux.Cpus;
import io.annulet.linux.KernelFeatures;
import io.annulet.linux.Landlock;
import io.annulet.linux.Limits;
import io.annulet.linux.Privileges;
import io.annulet.vfio.IommuGroups;
import io.netty.channel.epoll.Epoll;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code annulet doctor}: looks at the machine, changes nothing. */
@Command(
        name = "doctor",
        description = "Shows what this machine can do, what is missing, and the command that mends it.",
        mixinStandardHelpOptions = true,
        footer = {
            "",
            "Ends with 0 if 'annulet run' has what it needs, with 1 if not. What is missing beside that limits which ports,",
            "guests or tests work.",
            "",
            "  annulet doctor",
            "  annulet doctor --json | jq '.findings[] | select(.verdict != \"ok\")'"
        })
final class DoctorCommand implements Callable<Integer> {

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        List<Finding> findings = examine();
        boolean canRun = findings.stream().noneMatch(Finding::preventsRunning);
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            Map<String, Object> report = new LinkedHashMap<>();
            report.put("canRun", canRun);
            report.put("findings", findings.stream().map(Finding::toMap).toList());
            out.println(Json.write(report));
        } else {
            print(out, findings, canRun);
        }
        out.flush();
        return canRun ? 0 : 1;
    }

    private static void print(PrintWriter out, List<Finding> findings, boolean canRun) {
        int width = findings.stream().mapToInt(f -> f.subject().length()).max().orElse(0);
        for (Finding finding : findings) {
            String subject =
                    finding.subject() + " ".repeat(width - finding.subject().length());
            out.printf("%-8s %s  %s%n", finding.verdict().word(), subject, finding.detail());
            if (!finding.remedy().isEmpty()) {
                out.printf("%-8s %s  -> %s%n", "", " ".repeat(width), finding.remedy());
            }
        }
        out.println();
        out.println(canRun ? "annulet run has what it needs" : "annulet run lacks something it needs: see above");
    }

    private static List<Finding> examine() throws IOException {
        List<Finding> findings = new ArrayList<>();
        findings.add(SystemFindings.java(
                Runtime.version().feature(), System.getProperty("java.vendor") + " " + Runtime.version()));
        findings.add(SystemFindings.epoll(Epoll.isAvailable() ? "" : String.valueOf(Epoll.unavailabilityCause())));
        findings.add(SystemFindings.processors(Cpus.available()));
        findings.add(SystemFindings.openFiles(Limits.openFiles()));
        findings.add(sharedMemory());
        Path tun = Path.of("/dev/net/tun");
        findings.add(SystemFindings.tap(
                Files.exists(tun), Privileges.mayOpen(tun), Privileges.has(Capability.CAP_NET_ADMIN)));
        findings.add(ToolFindings.qemu(ToolFindings.askQemu()));
        Path kvm = Path.of("/dev/kvm");
        findings.add(SystemFindings.kvm(Files.exists(kvm), Privileges.mayOpen(kvm)));
        findings.add(hugePages());
        findings.add(ToolFindings.program("dpdk-testpmd", "a front-end of the tests", "dpdk"));
        findings.add(ToolFindings.program("iperf3", "measures TCP in the demo and the tests", "net"));
        findings.add(SystemFindings.lockedMemory(Limits.lockedMemory(), Privileges.has(Capability.CAP_IPC_LOCK)));
        findings.add(SystemFindings.vfio(Files.exists(Path.of("/dev/vfio/vfio")), IommuGroups.list()));
        findings.add(SystemFindings.sandbox(
                Landlock.version(), KernelFeatures.systemCallFilters(), KernelFeatures.noNewPrivileges()));
        findings.add(SystemFindings.ioUring(KernelFeatures.ioUring()));
        findings.add(SystemFindings.userFaults(KernelFeatures.userFaults()));
        findings.add(SystemFindings.selinux(
                textOf(Path.of("/sys/fs/selinux/enforce")), textOf(Path.of("/proc/self/attr/current"))));
        return findings;
    }

    /** Empty where it cannot be read. */
    private static String textOf(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException absent) {
            return "";
        }
    }

    private static Finding sharedMemory() throws IOException {
        Path shm = Path.of("/dev/shm");
        if (!Files.isWritable(shm)) {
            return SystemFindings.sharedMemory(false, 0);
        }
        FileStore store = Files.getFileStore(shm);
        return SystemFindings.sharedMemory(true, store.getUsableSpace());
    }

    private static Finding hugePages() throws IOException {
        MemoryInfo memory = MemoryInfo.read();
        return SystemFindings.hugePages(
                memory.value("HugePages_Total"),
                memory.value("HugePages_Free"),
                memory.value("Hugepagesize"),
                MemoryInfo.hugetlbfsMountPoint());
    }
}
