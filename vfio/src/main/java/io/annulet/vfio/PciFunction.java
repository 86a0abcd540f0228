package io.annulet.vfio;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A PCI device by its address, as sysfs shows it, and which driver has it. Stateless: each question looks anew.
 *
 * <p>Source: Documentation/ABI/testing/sysfs-bus-pci of Linux.
 */
public final class PciFunction {

    private static final Pattern ADDRESS = Pattern.compile("[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\\.[0-7]");
    private static final Path SYSFS = Path.of("/sys");
    private static final int NO_GROUP = -1;
    private static final String NO_IOMMU = "vfio-noiommu";

    private final Path sysfs;
    private final String address;

    private PciFunction(Path sysfs, String address) {
        this.sysfs = sysfs;
        this.address = address;
    }

    /**
     * A device.
     *
     * @throws IllegalArgumentException if this cannot be an address
     */
    public static PciFunction of(String address) {
        return of(SYSFS, address);
    }

    static PciFunction of(Path sysfs, String address) {
        if (!isAddress(address)) {
            throw new IllegalArgumentException(
                    "'" + address + "' is no PCI address; write DOMAIN:BUS:DEVICE.FUNCTION such as 0000:02:00.0");
        }
        return new PciFunction(sysfs, address);
    }

    public static boolean isAddress(String address) {
        return ADDRESS.matcher(address).matches();
    }

    public String address() {
        return address;
    }

    private Path folder() {
        return sysfs.resolve("bus/pci/devices").resolve(address);
    }

    public boolean exists() {
        return Files.exists(folder());
    }

    /** Vendor and device, such as 8086:10d3. */
    public String identity() {
        return value("vendor") + ":" + value("device");
    }

    private String value(String file) {
        try {
            String text = Files.readString(folder().resolve(file)).strip();
            return text.startsWith("0x") ? text.substring(2) : text;
        } catch (IOException e) {
            return "?";
        }
    }

    /** The ways in which it can be reset, such as "flr bus"; empty if there is none. */
    public String resetMethods() {
        String methods = value("reset_method");
        return methods.equals("?") ? "" : methods;
    }

    public @Nullable String driver() {
        return nameOfLink("driver");
    }

    /** Its IOMMU group, or -1 if there is no IOMMU before it. */
    public int group() {
        String name = nameOfLink("iommu_group");
        return name == null ? NO_GROUP : Integer.parseInt(name);
    }

    private @Nullable String nameOfLink(String link) {
        try {
            Path target = Files.readSymbolicLink(folder().resolve(link));
            return target.getFileName().toString();
        } catch (NoSuchFileException none) {
            return null;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Why it cannot be opened by this process as it is now, in the order in which one would mend it. */
    public Optional<VfioException> refusal() {
        if (!exists()) {
            return refuse("there is no device " + address, "see annulet vfio list");
        }
        if (group() == NO_GROUP) {
            return refuse(
                    "no IOMMU holds " + address + " back, so it could reach all memory",
                    "turn the IOMMU on in the firmware and boot with intel_iommu=on or amd_iommu=on");
        }
        String driver = driver();
        if (!IommuGroups.VFIO_DRIVER.equals(driver)) {
            return refuse(
                    "device " + address + (driver == null ? " has no driver" : " has the driver " + driver),
                    "give it to user space: annulet vfio bind " + address);
        }
        return groupRefusal();
    }

    /** Why its group is not isolated, or not free. */
    private Optional<VfioException> groupRefusal() {
        if (value("iommu_group/name").equals(NO_IOMMU)) {
            return refuse(
                    "group " + group() + " is in no-IOMMU mode, so " + address + " could reach all memory",
                    "turn the IOMMU on; Annulet does not run without one");
        }
        try {
            for (IommuGroups.Group it : IommuGroups.list(sysfs.resolve("kernel/iommu_groups"))) {
                if (it.number() == group() && !it.isViable()) {
                    return refuse(
                            "devices that share IOMMU group " + group() + " with " + address
                                    + " have drivers of the kernel",
                            "free them (annulet vfio list --all shows them), or move the card to a slot that is"
                                    + " isolated");
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return Optional.empty();
    }

    private static Optional<VfioException> refuse(String problem, String remedy) {
        return Optional.of(new VfioException(problem, remedy));
    }

    /**
     * Takes the device from its driver and gives it to user space.
     *
     * @throws VfioException if the kernel refuses
     */
    public void bind() {
        if (!exists()) {
            throw new VfioException("there is no device " + address, "see annulet vfio list");
        }
        if (group() == NO_GROUP) {
            throw refusal().orElseThrow();
        }
        if (!Files.exists(sysfs.resolve("bus/pci/drivers/" + IommuGroups.VFIO_DRIVER))) {
            throw new VfioException("the kernel has no driver vfio-pci", "load it: modprobe vfio-pci");
        }
        write(folder().resolve("driver_override"), IommuGroups.VFIO_DRIVER);
        release();
        write(sysfs.resolve("bus/pci/drivers_probe"), address);
        if (!IommuGroups.VFIO_DRIVER.equals(driver())) {
            throw new VfioException("vfio-pci did not take " + address, "the kernel's log says why (dmesg)");
        }
    }

    /** Takes the device from user space and lets the kernel find its own driver. */
    public void unbind() {
        write(folder().resolve("driver_override"), "\n");
        release();
        write(sysfs.resolve("bus/pci/drivers_probe"), address);
    }

    private void release() {
        if (driver() != null) {
            write(folder().resolve("driver/unbind"), address);
        }
    }

    private static void write(Path file, String text) {
        try {
            Files.writeString(file, text);
        } catch (IOException e) {
            throw new VfioException("cannot write " + file + ": " + e.getMessage(), "run as root");
        }
    }
}
