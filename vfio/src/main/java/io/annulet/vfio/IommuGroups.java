package io.annulet.vfio;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The IOMMU groups of this machine, as sysfs shows them: the sets of devices that can only be given to user space
 * together.
 *
 * <p>Source: Documentation/ABI/testing/sysfs-kernel-iommu_groups and Documentation/driver-api/vfio.rst of Linux.
 */
public final class IommuGroups {

    /** The driver that a device must have before user space can have it. */
    public static final String VFIO_DRIVER = "vfio-pci";

    private static final String NETWORK_CLASS = "0x02";
    private static final String BRIDGE_CLASS = "0x0604";

    /**
     * A device of a group.
     *
     * @param address such as {@code 0000:00:1f.6}
     * @param pciClass six hexadecimal digits behind 0x, such as {@code 0x020000} for an Ethernet controller; empty if the
     *     device is on no PCI bus
     * @param driver the driver that has it, or null
     */
    public record Device(
            String address, String pciClass, @Nullable String driver) {

        public boolean isNetworkController() {
            return pciClass.startsWith(NETWORK_CLASS);
        }

        /** A bridge keeps its driver, which does no DMA of its own. */
        boolean isBridge() {
            return pciClass.startsWith(BRIDGE_CLASS);
        }

        public boolean isReadyForUserSpace() {
            return VFIO_DRIVER.equals(driver);
        }
    }

    /** A group, by its number in {@code /dev/vfio}. */
    public record Group(int number, List<Device> devices) {

        /** Whether it can be given to user space: no device is held by a driver that does DMA for the kernel. */
        public boolean isViable() {
            return devices.stream()
                    .allMatch(device -> device.driver() == null || device.isReadyForUserSpace() || device.isBridge());
        }
    }

    private IommuGroups() {}

    /** All groups by number; none if the kernel has no IOMMU in use. */
    public static List<Group> list() throws IOException {
        return list(Path.of("/sys/kernel/iommu_groups"));
    }

    static List<Group> list(Path directory) throws IOException {
        List<Group> groups = new ArrayList<>();
        for (Path group : entries(directory)) {
            String number = group.getFileName().toString();
            if (number.matches("[0-9]{1,9}")) {
                groups.add(new Group(Integer.parseInt(number), devices(group.resolve("devices"))));
            }
        }
        groups.sort(Comparator.comparingInt(Group::number));
        return List.copyOf(groups);
    }

    private static List<Device> devices(Path directory) throws IOException {
        List<Device> devices = new ArrayList<>();
        for (Path device : entries(directory)) {
            devices.add(new Device(device.getFileName().toString(), pciClass(device), driver(device)));
        }
        return List.copyOf(devices);
    }

    /** What a directory holds, by name; nothing if it is not there, since devices may leave while we look. */
    private static List<Path> entries(Path directory) throws IOException {
        try (Stream<Path> entries = Files.list(directory)) {
            return entries.sorted().toList();
        } catch (NoSuchFileException | NotDirectoryException gone) {
            return List.of();
        }
    }

    private static String pciClass(Path device) throws IOException {
        try {
            return Files.readString(device.resolve("class")).strip();
        } catch (NoSuchFileException notPci) {
            return "";
        }
    }

    private static @Nullable String driver(Path device) throws IOException {
        try {
            return Files.readSymbolicLink(device.resolve("driver"))
                    .getFileName()
                    .toString();
        } catch (NoSuchFileException none) {
            return null;
        }
    }
}
