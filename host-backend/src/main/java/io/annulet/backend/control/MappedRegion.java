package io.annulet.backend.control;

import io.annulet.backend.handover.PassedDevice;
import io.annulet.backend.handover.SentFds;
import io.annulet.backend.port.XdpRegion;
import io.annulet.linux.Fd;
import io.annulet.linux.FileDescriptors;
import io.annulet.linux.FileStatus;
import io.annulet.linux.LinuxException;
import io.annulet.linux.Mapping;
import io.annulet.linux.Pages;
import io.annulet.linux.Seals;
import io.annulet.memory.Region;
import java.lang.foreign.MemorySegment;

/**
 * A region of a front-end's memory, mapped, and the file behind it; owned by the control thread. {@link #isWhole} may be
 * asked by any thread.
 */
final class MappedRegion implements AutoCloseable {

    private static final long AROUND_BYTES = 2 << 20;

    private final RegionRequest request;
    private final Region region;
    private final Fd file;
    private final FileStatus identity;
    private final boolean sealed;
    private final Mapping mapping;
    private boolean closed;

    private MappedRegion(
            RegionRequest request, Region region, Fd file, FileStatus identity, boolean sealed, Mapping mapping) {
        this.request = request;
        this.region = region;
        this.file = file;
        this.identity = identity;
        this.sealed = sealed;
        this.mapping = mapping;
    }

    /**
     * Maps a region of a file that a front-end sent. Sealing comes first, so that the length which is checked after it
     * holds. The descriptor stays open, to ask for the length again after a fault.
     *
     * @param file taken over; closed if this throws
     * @throws MessageFault if it is not memory of the kind and length it should be
     */
    static MappedRegion map(RegionRequest request, Fd file, SealPolicy policy) {
        boolean mapped = false;
        try {
            request.check();
            checkKind(file);
            boolean sealed = Seals.has(file, Seals.SHRINK) || Seals.add(file, Seals.SHRINK);
            if (!sealed && policy == SealPolicy.REQUIRE) {
                throw new MessageFault("memory that cannot be sealed, and seal=require");
            }
            FileStatus status = FileDescriptors.status(file);
            checkLength(request, status);
            MappedRegion region = map(request, file, status, sealed);
            mapped = true;
            return region;
        } catch (LinuxException e) {
            throw new MessageFault(e.getMessage());
        } finally {
            if (!mapped) {
                file.close();
            }
        }
    }

    /**
     * Only tmpfs and hugetlbfs know seals, and asking for them never waits. Asking for the status first would: a file
     * system in user space answers when it likes.
     */
    static void checkKind(Fd file) {
        if (Seals.of(file).isEmpty()) {
            throw new MessageFault("memory that is no memory file (memfd, tmpfs or hugetlbfs): "
                    + FileDescriptors.link(file) + "; give the guest memory-backend-memfd,share=on");
        }
        if (FileDescriptors.status(file).type() != FileStatus.Type.REGULAR) {
            throw new MessageFault("memory that is no regular file");
        }
    }

    private static void checkLength(RegionRequest request, FileStatus status) {
        if (status.byteLength() < request.fileOffset() + request.byteLength()) {
            throw new MessageFault(String.format(
                    "a region of %d bytes at offset %d of a file of %d%s",
                    request.byteLength(),
                    request.fileOffset(),
                    status.byteLength(),
                    status.isOnHugetlbfs()
                            ? "; its huge pages have " + pageBytes(status)
                                    + " bytes: give the guest memory of a multiple"
                            : ""));
        }
    }

    /** Maps whole pages of the file, which on hugetlbfs are larger than the region's bounds may be aligned to. */
    private static MappedRegion map(RegionRequest request, Fd file, FileStatus status, boolean sealed) {
        long page = pageBytes(status);
        long start = request.fileOffset() & -page;
        long end = Math.addExact(request.fileOffset() + request.byteLength(), page - 1) & -page;
        Mapping mapping =
                Mapping.map(file, start, end - start, Mapping.Protection.READ_WRITE, Mapping.Option.NO_RESERVE);
        Region region = new Region(
                request.guestAddress(),
                request.userAddress(),
                request.byteLength(),
                mapping.address() + (request.fileOffset() - start));
        return new MappedRegion(request, region, file, status, sealed, mapping);
    }

    private static long pageBytes(FileStatus status) {
        return status.isOnHugetlbfs() ? status.fileSystemBlockByteLength() : Pages.byteLength();
    }

    /** What an XDP socket needs to have the same memory registered; the caller's to close. */
    XdpRegion toRegister() {
        long page = pageBytes(identity);
        long start = request.fileOffset() & -page;
        return new XdpRegion(
                region.hostAddress(),
                region.byteLength(),
                FileDescriptors.duplicate(file),
                start,
                mapping.byteLength(),
                request.fileOffset() - start,
                page);
    }

    /** Another mapping of the same bytes, the caller's to close. */
    Mapping mapAgain() {
        long start = request.fileOffset() & -pageBytes();
        return Mapping.map(file, start, mapping.byteLength(), Mapping.Protection.READ_WRITE, Mapping.Option.NO_RESERVE);
    }

    /** Where the region begins in its mappings. */
    long offsetInMapping() {
        return region.hostAddress() - mapping.address();
    }

    /** In such pieces its memory comes. */
    long pageBytes() {
        return pageBytes(identity);
    }

    /** A part of the region. */
    record Extent(long offset, long byteLength) {}

    /** The page at an offset, which is there, and what is beside it and there too, as far as is worth the look. */
    Extent presentAround(long offset) {
        long begin = request.fileOffset();
        long page = begin + offset & -pageBytes();
        long block = page & -AROUND_BYTES;
        long end = FileDescriptors.holeFrom(file, page);
        long first = Math.max(begin, block);
        for (long looks = 0; first < page && looks < AROUND_BYTES / pageBytes(); looks++) {
            long hole = FileDescriptors.holeFrom(file, first);
            if (hole >= page) {
                break;
            }
            first = Math.min(page, FileDescriptors.dataFrom(file, hole));
        }
        long last = Math.clamp(end, page + pageBytes(), Math.max(block + AROUND_BYTES, page + pageBytes()));
        long from = Math.max(begin, Math.min(first, page));
        return new Extent(from - begin, Math.min(begin + request.byteLength(), last) - from);
    }

    /** As it is passed on. */
    PassedDevice.Region passed(SentFds fds) {
        return new PassedDevice.Region(
                fds.add(file),
                request.guestAddress(),
                request.userAddress(),
                request.byteLength(),
                request.fileOffset());
    }

    RegionRequest request() {
        return request;
    }

    Region region() {
        return region;
    }

    /** Blocks of the file that are allocated now; 0 once closed. */
    synchronized long blocks() {
        return closed ? 0 : FileDescriptors.status(file).blocks();
    }

    /** The file behind it. */
    FileStatus identity() {
        return identity;
    }

    /** Where a host address inside the region lies in the file. */
    long fileOffsetOf(long hostAddress) {
        return request.fileOffset() + (hostAddress - region.hostAddress());
    }

    boolean contains(long hostAddress) {
        return Long.compareUnsigned(hostAddress - region.hostAddress(), region.byteLength()) < 0;
    }

    boolean containsGuest(long guestAddress) {
        return Long.compareUnsigned(guestAddress - region.guestAddress(), region.byteLength()) < 0;
    }

    /** Whether the file cannot become shorter. */
    boolean isSealed() {
        return sealed;
    }

    /** Whether both show the same bytes at the same addresses. */
    boolean isSame(MappedRegion other) {
        return request.equals(other.request) && identity.isSameFile(other.identity);
    }

    /**
     * Reads bytes inside the region by asking the kernel, which answers where an access of our own would fault because the
     * file was truncated.
     *
     * @return false if the file ends before them
     */
    boolean read(long hostAddress, MemorySegment bytes) {
        return FileDescriptors.readAt(file, fileOffsetOf(hostAddress), bytes) == bytes.byteSize();
    }

    /** Whether the file is still as long as the region needs. From any thread. */
    synchronized boolean isWhole() {
        return closed
                || sealed
                || FileDescriptors.status(file).byteLength() >= request.fileOffset() + request.byteLength();
    }

    /** Whether an access may have failed since the file has holes and nothing to fill them with. From any thread. */
    synchronized boolean mayLackPages() {
        return !closed && FileDescriptors.status(file).mayLackPages();
    }

    /** Unmaps the region: nobody may use it any more. */
    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            file.close();
            mapping.close();
        }
    }
}
