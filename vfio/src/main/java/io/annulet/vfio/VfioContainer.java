package io.annulet.vfio;

import io.annulet.linux.Capability;
import io.annulet.linux.Errno;
import io.annulet.linux.Fd;
import io.annulet.linux.FileDescriptors;
import io.annulet.linux.Limits;
import io.annulet.linux.LinuxException;
import io.annulet.linux.Privileges;
import io.annulet.linux.Vfio;
import java.nio.file.Path;

/**
 * An IOMMU context of the kernel, and all memory that the devices in it may reach; any thread may use it. Its owner closes
 * it after the devices: whatever is still mapped then is unmapped by the kernel.
 */
public final class VfioContainer implements DmaMapper, AutoCloseable {

    private static final Path DEVICE = Path.of("/dev/vfio/vfio");
    private static final String MODULE_REMEDY = "load the kernel's modules (modprobe vfio-pci) and run as root";
    private static final String MEMORY_REMEDY =
            "raise the limit of locked memory (ulimit -l, or LimitMEMLOCK= of the service) or give CAP_IPC_LOCK";
    private static final String ENTRIES_REMEDY =
            "raise the parameter dma_entry_limit of the kernel's module vfio_iommu_type1";

    private final Fd fd;
    private long mappedBytes;
    private int mappings;

    private VfioContainer(Fd fd) {
        this.fd = fd;
    }

    /** An empty container; the IOMMU is chosen when its first group comes in. */
    static VfioContainer open() {
        Fd fd = FileDescriptors.openDevice(DEVICE, MODULE_REMEDY);
        if (Vfio.apiVersion(fd) != Vfio.API_VERSION || !Vfio.hasExtension(fd, Vfio.TYPE1_V2_IOMMU)) {
            fd.close();
            throw new VfioException(
                    "the kernel's VFIO has no IOMMU of type 1", "load its module (modprobe vfio_iommu_type1)");
        }
        return new VfioContainer(fd);
    }

    /** Takes a group in. */
    void add(Fd group) {
        Vfio.setContainer(group, fd, "check that all devices of the group are free (annulet vfio list)");
        Vfio.setIommu(fd, Vfio.TYPE1_V2_IOMMU, "check that the IOMMU is on and remaps interrupts");
    }

    /** What the IOMMU translates, and how many mappings are left. */
    public Vfio.IommuInfo info() {
        return Vfio.iommuInfo(fd);
    }

    /** Its pages stay in place from now on, whatever is done to the file behind them. */
    @Override
    public synchronized void map(long address, long iova, long byteLength, DmaDirection direction) {
        if (info().mappingsLeft() == 0) {
            throw new VfioException("the kernel lets this process map no more memory for devices", ENTRIES_REMEDY);
        }
        long limit = Privileges.has(Capability.CAP_IPC_LOCK)
                ? Limits.UNLIMITED
                : Limits.lockedMemory().soft();
        if (mappedBytes + byteLength > limit) {
            throw new VfioException(
                    String.format(
                            "a device is to reach %d bytes, and this process may lock %d",
                            mappedBytes + byteLength, limit),
                    MEMORY_REMEDY);
        }
        try {
            Vfio.mapDma(fd, address, iova, byteLength, direction.isReadable(), direction.isWritable(), "");
        } catch (LinuxException e) {
            throw switch (e.errno()) {
                case Errno.ENOMEM -> new VfioException(e.getMessage(), MEMORY_REMEDY);
                case Errno.ENOSPC -> new VfioException(e.getMessage(), ENTRIES_REMEDY);
                default -> e;
            };
        }
        mappedBytes += byteLength;
        mappings++;
    }

    /** Does nothing once the container is closed, since all is unmapped then. */
    @Override
    public synchronized void unmap(long iova, long byteLength) {
        if (!fd.isOpen()) {
            return;
        }
        long unmapped = Vfio.unmapDma(fd, iova, byteLength);
        if (unmapped != byteLength) {
            throw new IllegalStateException(
                    String.format("0x%x: %d bytes were mapped, not %d", iova, unmapped, byteLength));
        }
        mappedBytes -= byteLength;
        mappings--;
    }

    /** Bytes that the devices can reach. */
    public synchronized long mappedBytes() {
        return mappedBytes;
    }

    public synchronized int mappings() {
        return mappings;
    }

    @Override
    public synchronized void close() {
        fd.close();
    }
}
