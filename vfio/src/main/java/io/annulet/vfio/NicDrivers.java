package io.annulet.vfio;

import java.util.Map;
import java.util.Optional;

/** Which of our drivers drives which device. */
public final class NicDrivers {

    private static final String VIRTIO_PCI = "virtio-pci";
    private static final String E1000E = "e1000e";

    /** By vendor and device, as sysfs writes them. Of Intel's the 82574L only, which is what was tried. */
    private static final Map<String, String> BY_IDENTITY = Map.of("1af4:1041", VIRTIO_PCI, "8086:10d3", E1000E);

    private NicDrivers() {}

    /** The name of the driver for a device such as "8086:10d3". */
    public static Optional<String> nameFor(String identity) {
        return Optional.ofNullable(BY_IDENTITY.get(identity));
    }

    /** Bytes of memory that a driver takes for itself, whichever it is. */
    public static long readBytes() {
        return VirtioNic.readBytes();
    }

    public static long writtenBytes() {
        return VirtioNic.writtenBytes();
    }

    public static long ringBytes() {
        return E1000e.ringBytes();
    }

    /**
     * The driver of an open device, which is reset and not started.
     *
     * @param receiveBytes of each receive buffer: 2048, 4096, 8192 or 16384
     * @param interrupts which of them are in use, see {@link VfioDevice#useInterrupts}
     */
    public static Nic drive(VfioDevice device, NicMemory memory, int receiveBytes, Interrupts interrupts) {
        PciConfig config = device.config();
        String identity = String.format("%04x:%04x", config.vendor(), config.device());
        return switch (nameFor(identity).orElse("")) {
            case E1000E -> new E1000e(device.bar(0), config, memory, receiveBytes, interrupts);
            case VIRTIO_PCI ->
                new VirtioNic(VirtioPci.find(config, device::bar), config, memory, receiveBytes, interrupts);
            default ->
                throw new VfioException(
                        "Annulet has no driver for " + device.address() + " (" + identity + ")",
                        "use one that annulet vfio list calls ready");
        };
    }
}
