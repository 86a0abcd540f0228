package io.annulet.vfio;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** P11: what is not isolated, or not free, is refused, with what to do about it. */
final class PciFunctionTest {

    private static final String NIC = "0000:02:00.0";
    private static final String OTHER = "0000:02:00.1";

    @TempDir
    private Path sysfs;

    @Test
    void refusesADeviceThatIsNotThere() {
        assertRefused("there is no device");
    }

    @Test
    void P11_refusesADeviceWithoutIommu() throws IOException {
        add(NIC, "vfio-pci");
        assertRefused("intel_iommu=on");
    }

    @Test
    void refusesADeviceThatTheKernelDrives() throws IOException {
        add(NIC, "e1000e");
        group(7, NIC);
        assertRefused("annulet vfio bind " + NIC);
    }

    @Test
    void P11_refusesAGroupThatOthersOfTheKernelShare() throws IOException {
        add(NIC, "vfio-pci");
        add(OTHER, "xhci_hcd");
        group(7, NIC);
        group(7, OTHER);
        assertRefused("share IOMMU group 7");
    }

    @Test
    void P11_refusesNoIommuMode() throws IOException {
        add(NIC, "vfio-pci");
        group(7, NIC);
        Files.writeString(sysfs.resolve("kernel/iommu_groups/7/name"), "vfio-noiommu\n");
        assertRefused("no-IOMMU mode");
    }

    @Test
    void hasNothingAgainstADeviceAloneWithVfio() throws IOException {
        add(NIC, "vfio-pci");
        group(7, NIC);
        assertTrue(PciFunction.of(sysfs, NIC).refusal().isEmpty());
        assertEquals(7, PciFunction.of(sysfs, NIC).group());
        assertEquals("8086:10d3", PciFunction.of(sysfs, NIC).identity());
    }

    @Test
    void anAddressIsAnAddress() {
        for (String wrong : new String[] {"", "02:00.0", "0000:02:00.8", "../../../etc", "0000:02:00.0\n"}) {
            assertThrows(IllegalArgumentException.class, () -> PciFunction.of(wrong));
        }
    }

    private void assertRefused(String part) {
        String refusal = PciFunction.of(sysfs, NIC).refusal().orElseThrow().getMessage();
        assertTrue(refusal.contains(part), refusal);
    }

    private void add(String address, @Nullable String driver) throws IOException {
        Path device = Files.createDirectories(sysfs.resolve("bus/pci/devices").resolve(address));
        Files.writeString(device.resolve("vendor"), "0x8086\n");
        Files.writeString(device.resolve("device"), "0x10d3\n");
        Files.writeString(device.resolve("class"), "0x020000\n");
        if (driver != null) {
            Files.createSymbolicLink(device.resolve("driver"), Path.of("../../../bus/pci/drivers/" + driver));
        }
    }

    private void group(int number, String address) throws IOException {
        Path group = Files.createDirectories(sysfs.resolve("kernel/iommu_groups/" + number + "/devices"));
        Path device = sysfs.resolve("bus/pci/devices").resolve(address);
        Files.createSymbolicLink(group.resolve(address), device);
        Files.createSymbolicLink(device.resolve("iommu_group"), group.getParent());
    }
}
