package io.annulet.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.cli.Finding.Verdict;
import io.annulet.linux.KernelFeatures;
import io.annulet.linux.Limits;
import io.annulet.linux.Limits.Limit;
import io.annulet.vfio.IommuGroups.Device;
import io.annulet.vfio.IommuGroups.Group;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import org.junit.jupiter.api.Test;

final class DoctorCommandTest {

    private static final long MIB = 1 << 20;

    private final StringWriter out = new StringWriter();

    @Test
    void theSandboxIsWhatTheKernelHasOfIt() {
        assertEquals(Verdict.MISSING, SystemFindings.sandbox(0, true, true).verdict());
        assertEquals(Verdict.MISSING, SystemFindings.sandbox(7, false, true).verdict());
        assertEquals(Verdict.MISSING, SystemFindings.sandbox(7, true, false).verdict());
        assertEquals(Verdict.LIMITED, SystemFindings.sandbox(4, true, true).verdict());
        assertEquals(Verdict.OK, SystemFindings.sandbox(5, true, true).verdict());
    }

    @Test
    void aMachineThatRunsTheTestsCanRun() {
        assertEquals(0, doctor());
        assertTrue(out.toString().contains("ok       Java "), out::toString);
        assertTrue(out.toString().endsWith("annulet run has what it needs\n"), out::toString);
    }

    @Test
    void jsonIsOneObject() {
        assertEquals(0, doctor("--json"));
        assertTrue(out.toString().startsWith("{\"canRun\":true,\"findings\":[{\"subject\":\"Java\""), out::toString);
        assertEquals(1, out.toString().lines().count());
    }

    private int doctor(String... arguments) {
        String[] all = new String[arguments.length + 1];
        all[0] = "doctor";
        System.arraycopy(arguments, 0, all, 1, arguments.length);
        return Main.commandLine().setOut(new PrintWriter(out)).execute(all);
    }

    @Test
    void onlyWhatIsNeededPreventsRunning() {
        assertTrue(SystemFindings.java(24, "x 24").preventsRunning());
        assertTrue(SystemFindings.epoll("no library").preventsRunning());
        assertTrue(SystemFindings.openFiles(new Limit(64, 64)).preventsRunning());
        assertTrue(SystemFindings.sharedMemory(false, 0).preventsRunning());
        assertTrue(SystemFindings.sharedMemory(true, MIB).preventsRunning());
        assertFalse(SystemFindings.tap(false, false, false).preventsRunning());
        assertFalse(SystemFindings.kvm(false, false).preventsRunning());
        assertFalse(ToolFindings.qemu(null).preventsRunning());
    }

    @Test
    void whatIsNotWellHasARemedy() {
        List<Finding> findings = List.of(
                SystemFindings.java(24, "x 24"),
                SystemFindings.openFiles(new Limit(1024, 4096)),
                SystemFindings.lockedMemory(new Limit(8 * MIB, 8 * MIB), false),
                SystemFindings.tap(true, false, true),
                SystemFindings.tap(true, true, false),
                SystemFindings.hugePages(0, 0, 2048, ""),
                SystemFindings.hugePages(10, 10, 2048, ""),
                SystemFindings.sharedMemory(true, 64 * MIB),
                SystemFindings.kvm(true, false),
                SystemFindings.vfio(false, List.of()),
                SystemFindings.vfio(true, List.of()),
                SystemFindings.vfio(true, List.of(group("e1000e"))),
                SystemFindings.ioUring(KernelFeatures.Answer.FORBIDDEN),
                SystemFindings.userFaults(KernelFeatures.Answer.MISSING),
                SystemFindings.selinux("1", "system_u:system_r:container_t:s0\0"),
                ToolFindings.program("no-such-program", "not used", "net"));
        for (Finding finding : findings) {
            assertFalse(finding.verdict() == Verdict.OK, finding::toString);
            assertFalse(finding.remedy().isEmpty(), finding::toString);
        }
    }

    @Test
    void whatIsWellHasNone() {
        List<Finding> findings = List.of(
                SystemFindings.java(25, "x 25"),
                SystemFindings.openFiles(new Limit(20_000, Limits.UNLIMITED)),
                SystemFindings.lockedMemory(new Limit(0, 0), true),
                SystemFindings.lockedMemory(new Limit(Limits.UNLIMITED, Limits.UNLIMITED), false),
                SystemFindings.tap(true, true, true),
                SystemFindings.hugePages(1024, 768, 2048, "/dev/hugepages"),
                SystemFindings.sharedMemory(true, 1024 * MIB),
                SystemFindings.kvm(true, true),
                SystemFindings.vfio(true, List.of(group("vfio-pci"))),
                SystemFindings.ioUring(KernelFeatures.Answer.AVAILABLE),
                ToolFindings.program("sh", "a shell", "net"));
        for (Finding finding : findings) {
            assertEquals(Verdict.OK, finding.verdict(), finding::toString);
            assertEquals("", finding.remedy());
        }
    }

    private static Group group(String driver) {
        return new Group(1, List.of(new Device("0000:00:03.0", "0x020000", driver)));
    }

    @Test
    void qemuOfDebianTwelveIsSaidToCrash() {
        Finding old = ToolFindings.qemu("QEMU emulator version 7.2.11 (Debian 1:7.2+dfsg-7+deb12u6)");
        assertEquals(Verdict.LIMITED, old.verdict());
        assertTrue(old.detail().contains("may crash"), old::toString);
        assertEquals(
                Verdict.OK,
                ToolFindings.qemu("QEMU emulator version 10.0.2 (Debian 1:10.0.2)")
                        .verdict());
        assertEquals(Verdict.LIMITED, ToolFindings.qemu("").verdict());
    }
}
