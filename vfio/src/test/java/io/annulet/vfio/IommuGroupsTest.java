package io.annulet.vfio;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.vfio.IommuGroups.Device;
import io.annulet.vfio.IommuGroups.Group;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class IommuGroupsTest {

    @TempDir
    private Path root;

    @Test
    void aMachineWithoutAnIommuHasNoGroups() throws IOException {
        assertEquals(List.of(), IommuGroups.list(root.resolve("missing")));
        assertEquals(List.of(), IommuGroups.list(root));
    }

    @Test
    void listsGroupsByNumberWithTheirDevicesAndDrivers() throws IOException {
        addDevice(10, "0000:00:03.0", "0x020000\n", "vfio-pci");
        addDevice(2, "0000:00:01.0", "0x060400\n", "pcieport");
        addDevice(2, "0000:01:00.0", "0x020000\n", null);
        assertEquals(
                List.of(
                        new Group(
                                2,
                                List.of(
                                        new Device("0000:00:01.0", "0x060400", "pcieport"),
                                        new Device("0000:01:00.0", "0x020000", null))),
                        new Group(10, List.of(new Device("0000:00:03.0", "0x020000", "vfio-pci")))),
                IommuGroups.list(root));
    }

    @Test
    void aGroupIsViableWhenNoKernelDriverHoldsAnyOfIt() throws IOException {
        addDevice(1, "0000:00:03.0", "0x020000\n", "vfio-pci");
        addDevice(1, "0000:00:03.1", "0x020000\n", null);
        addDevice(1, "0000:00:01.0", "0x060400\n", "pcieport");
        addDevice(2, "0000:00:04.0", "0x020000\n", "vfio-pci");
        addDevice(2, "0000:00:04.1", "0x030000\n", "e1000e");
        List<Group> groups = IommuGroups.list(root);
        assertTrue(groups.get(0).isViable());
        assertFalse(groups.get(1).isViable());
    }

    @Test
    void devicesThatAreOnNoPciBusHaveNoClass() throws IOException {
        addDevice(0, "7c00000.iommu", null, null);
        Device device = IommuGroups.list(root).getFirst().devices().getFirst();
        assertEquals("", device.pciClass());
        assertFalse(device.isNetworkController());
    }

    @Test
    void readsThisMachine() {
        assertDoesNotThrow(() -> IommuGroups.list());
    }

    private void addDevice(int group, String address, @Nullable String pciClass, @Nullable String driver)
            throws IOException {
        Path device = Files.createDirectories(
                root.resolve(Integer.toString(group)).resolve("devices").resolve(address));
        if (pciClass != null) {
            Files.writeString(device.resolve("class"), pciClass);
        }
        if (driver != null) {
            Files.createSymbolicLink(device.resolve("driver"), Path.of("../../../bus/pci/drivers/" + driver));
        }
    }
}
