package io.annulet.vfio;

import io.annulet.linux.Errno;
import io.annulet.linux.EventFd;
import io.annulet.linux.Fd;
import io.annulet.linux.FileDescriptors;
import io.annulet.linux.LinuxException;
import io.annulet.linux.Mapping;
import io.annulet.linux.Vfio;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A PCI device that this process has to itself, alone in a container of its own; owned by whoever opened it, and closed by
 * any thread once nobody uses it. Whatever ends this process, the kernel then stops the device, resets it and takes all
 * memory from it.
 */
public final class VfioDevice implements ConfigSpace, AutoCloseable {

    private static final int REGION_CONFIG = 7;
    private static final int IRQ_INTX = 0;
    private static final int IRQ_MSIX = 2;
    private static final int IRQ_ERROR = 3;
    private static final int IRQ_REQUEST = 4;

    private final String address;
    private final VfioContainer container;
    private final Fd group;
    private final Fd device;
    private final Vfio.DeviceInfo info;
    private final long configOffset;
    private final PciConfig config = new PciConfig(this);
    private final List<MappedBar> bars = new ArrayList<>();
    private boolean closed;

    private VfioDevice(String address, VfioContainer container, Fd group, Fd device, Vfio.DeviceInfo info) {
        this.address = address;
        this.container = container;
        this.group = group;
        this.device = device;
        this.info = info;
        this.configOffset = Vfio.regionInfo(device, REGION_CONFIG).fileOffset();
    }

    /**
     * Opens a device that has the driver vfio-pci.
     *
     * @param evenWithoutReset take it although nobody can reset it, so that it may go on with what its last owner began
     * @throws VfioException if it cannot be given to user space; the message says what to do
     */
    public static VfioDevice open(String address, boolean evenWithoutReset) {
        PciFunction function = PciFunction.of(address);
        function.refusal().ifPresent(refusal -> {
            throw refusal;
        });
        VfioContainer container = VfioContainer.open();
        Fd group = null;
        Fd device = null;
        boolean opened = false;
        try {
            group = openGroup(function);
            container.add(group);
            device = Vfio.openDevice(group, address, "check that no other process uses it");
            VfioDevice it = new VfioDevice(address, container, group, device, Vfio.deviceInfo(device));
            it.check(evenWithoutReset);
            opened = true;
            return it;
        } finally {
            if (!opened) {
                if (device != null) {
                    device.close();
                }
                if (group != null) {
                    group.close();
                }
                container.close();
            }
        }
    }

    private static Fd openGroup(PciFunction function) {
        Fd group;
        try {
            group = FileDescriptors.openDevice(Path.of("/dev/vfio", Integer.toString(function.group())), "");
        } catch (LinuxException e) {
            throw new VfioException(
                    e.getMessage(),
                    e.errno() == Errno.EBUSY
                            ? "another process has a device of IOMMU group " + function.group() + ": end it"
                            : "run as root, or give this user the file");
        }
        if (!Vfio.isViable(group)) {
            group.close();
            throw new VfioException(
                    "IOMMU group " + function.group() + " is in use by drivers of the kernel",
                    "free all of its devices (annulet vfio list shows them)");
        }
        return group;
    }

    private void check(boolean evenWithoutReset) {
        if (!info.isPci()) {
            throw new VfioException(address + " is no PCI device", "choose one that annulet vfio list shows");
        }
        if (!info.canReset() && !evenWithoutReset) {
            throw new VfioException(
                    address + " cannot be reset, so it might go on with what its last owner began",
                    "use another one, or say reset=optional");
        }
    }

    public String address() {
        return address;
    }

    public VfioContainer container() {
        return container;
    }

    public PciConfig config() {
        return config;
    }

    public boolean canReset() {
        return info.canReset();
    }

    @Override
    public long read(int offset, int byteLength) {
        return Vfio.read(device, configOffset + offset, byteLength);
    }

    @Override
    public void write(int offset, int byteLength, long value) {
        Vfio.write(device, configOffset + offset, byteLength, value);
    }

    /** Maps a whole BAR; unmapped with the device. */
    public Registers bar(int index) {
        Vfio.RegionInfo region = Vfio.regionInfo(device, index);
        if (region.byteLength() == 0 || !region.canMap()) {
            throw new VfioException(
                    "BAR " + index + " of " + address + " cannot be mapped",
                    "use a device that annulet has a driver for");
        }
        MappedBar bar = new MappedBar(
                Mapping.map(device, region.fileOffset(), region.byteLength(), Mapping.Protection.READ_WRITE));
        bars.add(bar);
        return bar;
    }

    /** Maps a BAR that is memory rather than registers, for its owner to unmap before the device is closed. */
    public Mapping memory(int index) {
        Vfio.RegionInfo region = Vfio.regionInfo(device, index);
        if (region.byteLength() == 0 || !region.canMap()) {
            throw new VfioException(
                    "BAR " + index + " of " + address + " cannot be mapped", "check that the device has memory there");
        }
        return Mapping.map(device, region.fileOffset(), region.byteLength(), Mapping.Protection.READ_WRITE);
    }

    /** Writes a register of a BAR by a system call, which works for those that are too small to be mapped. */
    public void writeRegister(int bar, int offset, int byteLength, long value) {
        Vfio.write(device, Vfio.regionInfo(device, bar).fileOffset() + offset, byteLength, value);
    }

    /** Reads a register of a BAR by a system call. */
    public long readRegister(int bar, int offset, int byteLength) {
        return Vfio.read(device, Vfio.regionInfo(device, bar).fileOffset() + offset, byteLength);
    }

    // Interrupts.

    /** How its interrupts would be had: by messages if it has two of them, else by its line. */
    public Interrupts interrupts() {
        if (msixVectors() >= 2) {
            return Interrupts.MESSAGES;
        }
        if (hasIntx()) {
            return Interrupts.LINE;
        }
        throw new VfioException(address + " can raise no interrupts", "use a device with MSI-X or an interrupt line");
    }

    /**
     * Has its interrupts raise these, of messages 0 for the queues and 1 for all else, or the line for both; see {@link
     * #unmaskIntx}.
     */
    public void useInterrupts(Interrupts interrupts, EventFd queues, EventFd others) {
        switch (interrupts) {
            case MESSAGES -> useMsix(List.of(queues, others));
            case LINE -> useIntx(queues);
        }
    }

    /** MSI-X vectors that the device has, by the kernel's count. */
    public int msixVectors() {
        return Vfio.irqCount(device, IRQ_MSIX);
    }

    /** Has MSI-X vectors 0 and up raise these. */
    public void useMsix(List<EventFd> events) {
        int vectors = msixVectors();
        if (events.size() > vectors) {
            throw new IllegalArgumentException(events.size() + " interrupts of a device with " + vectors);
        }
        Vfio.setIrqs(device, IRQ_MSIX, events, "check that the IOMMU remaps interrupts");
    }

    public boolean hasIntx() {
        return Vfio.irqCount(device, IRQ_INTX) > 0;
    }

    /** Has the interrupt line raise this. The kernel masks it then, until {@link #unmaskIntx}. */
    public void useIntx(EventFd event) {
        Vfio.setIrqs(device, IRQ_INTX, List.of(event), "check that the device's interrupt line is connected");
    }

    public void unmaskIntx() {
        Vfio.unmaskIrq(device, IRQ_INTX);
    }

    /** Raised when the kernel wants the device back: it is to be pulled out, or another driver is to have it. */
    public void watchRequests(EventFd event) {
        if (Vfio.irqCount(device, IRQ_REQUEST) > 0) {
            Vfio.setIrqs(device, IRQ_REQUEST, List.of(event), "");
        }
    }

    /** Raised when the bus reports an error that cannot be corrected; not all devices can tell. */
    public void watchErrors(EventFd event) {
        if (Vfio.irqCount(device, IRQ_ERROR) > 0) {
            Vfio.setIrqs(device, IRQ_ERROR, List.of(event), "");
        }
    }

    // Stopping.

    /** Resets the device; false if that was not possible. */
    public boolean reset() {
        return Vfio.reset(device) == 0;
    }

    /**
     * Stops the device for good: no access to memory is begun after this. Bus mastering goes first, since that holds
     * whatever state the device is in.
     */
    public void quiesce() {
        try {
            config.enableBusMaster(false);
        } catch (LinuxException gone) {
            // What is not there any more does no DMA either.
            return;
        }
        reset();
    }

    /** Stops the device, gives it back and lets go of its memory; registers are unmapped. */
    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        closed = true;
        quiesce();
        bars.forEach(MappedBar::close);
        device.close();
        group.close();
        container.close();
    }
}
