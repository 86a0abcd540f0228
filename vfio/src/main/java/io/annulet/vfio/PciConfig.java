package io.annulet.vfio;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;

/**
 * What the PCI configuration space of a device says, and the few things that are set in it; owned by whoever owns the
 * device.
 *
 * <p>Source: PCI Local Bus Specification 3.0, "Configuration Space", and include/uapi/linux/pci_regs.h of Linux.
 */
public final class PciConfig {

    public static final int CAPABILITY_MSIX = 0x11;
    public static final int CAPABILITY_VENDOR = 0x09;

    private static final int VENDOR = 0x00;
    private static final int DEVICE = 0x02;
    private static final int COMMAND = 0x04;
    private static final int STATUS = 0x06;
    private static final int REVISION = 0x08;
    private static final int FIRST_CAPABILITY = 0x34;
    private static final int HEADER_BYTES = 0x40;
    private static final int SPACE_BYTES = 0x100;

    private static final int COMMAND_MEMORY = 0x2;
    private static final int COMMAND_MASTER = 0x4;
    private static final int COMMAND_NO_INTX = 0x400;
    private static final int STATUS_HAS_CAPABILITIES = 0x10;

    /** Parity error, both target aborts, master abort, system error, detected parity error; cleared by writing ones. */
    private static final int STATUS_ERRORS = 0xf900;

    private static final int NOT_THERE = 0xffff;
    private static final int MSIX_CONTROL = 2;
    private static final int MSIX_TABLE_SIZE = 0x7ff;

    private final ConfigSpace space;

    /** A capability: its id and where it begins. */
    public record Capability(int id, int offset) {}

    public PciConfig(ConfigSpace space) {
        this.space = space;
    }

    public ConfigSpace space() {
        return space;
    }

    public int vendor() {
        return (int) space.read(VENDOR, 2);
    }

    public int device() {
        return (int) space.read(DEVICE, 2);
    }

    public int revision() {
        return (int) space.read(REVISION, 1);
    }

    /** Whether anything answers: a device that was pulled out reads as ones. */
    public boolean isThere() {
        return vendor() != NOT_THERE;
    }

    /**
     * The device's capabilities in their order. The list is the device's, so the walk ends after as many as there is room
     * for, and at an offset that cannot be.
     */
    public List<Capability> capabilities() {
        List<Capability> found = new ArrayList<>();
        if ((space.read(STATUS, 2) & STATUS_HAS_CAPABILITIES) == 0) {
            return found;
        }
        int at = (int) space.read(FIRST_CAPABILITY, 1) & ~3;
        int most = (SPACE_BYTES - HEADER_BYTES) / 4;
        while (at >= HEADER_BYTES && found.size() < most) {
            int header = (int) space.read(at, 2);
            if (header == NOT_THERE) {
                break;
            }
            found.add(new Capability(header & 0xff, at));
            at = header >>> 8 & ~3;
        }
        return found;
    }

    private OptionalInt find(int id) {
        return capabilities().stream()
                .filter(capability -> capability.id() == id)
                .mapToInt(Capability::offset)
                .findFirst();
    }

    /** How many MSI-X vectors the device has; 0 if it has no MSI-X. */
    public int msixVectors() {
        OptionalInt at = find(CAPABILITY_MSIX);
        return at.isEmpty() ? 0 : ((int) space.read(at.getAsInt() + MSIX_CONTROL, 2) & MSIX_TABLE_SIZE) + 1;
    }

    /** Whether the device may read and write memory, and does answer for its BARs. */
    public void enableBusMaster(boolean on) {
        int command = (int) space.read(COMMAND, 2);
        space.write(COMMAND, 2, on ? command | COMMAND_MASTER | COMMAND_MEMORY : command & ~COMMAND_MASTER);
    }

    public boolean isBusMaster() {
        return (space.read(COMMAND, 2) & COMMAND_MASTER) != 0;
    }

    /** Whether the device may raise its interrupt line. */
    public void enableIntx(boolean on) {
        int command = (int) space.read(COMMAND, 2);
        space.write(COMMAND, 2, on ? command & ~COMMAND_NO_INTX : command | COMMAND_NO_INTX);
    }

    /** The error bits of the status register; they are cleared. An access that the IOMMU stopped may show here. */
    public int takeErrors() {
        int errors = (int) space.read(STATUS, 2) & STATUS_ERRORS;
        if (errors != 0) {
            space.write(STATUS, 2, errors);
        }
        return errors;
    }
}
