package io.annulet.backend.port;

import io.annulet.memory.Region;
import io.annulet.vfio.DmaDirection;
import io.annulet.vfio.DmaMapper;
import io.annulet.vfio.IovaSpace;

/**
 * Which memory of guests a NIC may read, and under which addresses. The control thread changes it; the NIC's worker looks
 * up addresses, without a lock: a change is a new table.
 *
 * <p>A guest's memory is where its own addresses are, from a base of its own on: {@code iova = base + guest address}. It
 * may only be read. Whoever takes memory out has seen to it before that the NIC does not read it any more.
 */
public final class NicMemoryMap {

    /** What {@link #iova} answers for memory that the NIC may not read. */
    public static final long UNSHARED = MemoryRanges.UNSHARED;

    private static final long PAGE_MASK = 4095;

    private final DmaMapper mapper;
    private final IovaSpace space;
    private final MemoryRanges ranges = new MemoryRanges();

    public NicMemoryMap(DmaMapper mapper, IovaSpace space) {
        this.mapper = mapper;
        this.space = space;
    }

    /** Where one guest's addresses begin; see {@link #openWindow}. */
    public record Window(long base, long byteLength) {}

    /**
     * Sets addresses aside for a guest.
     *
     * @param end behind the guest's highest address
     * @throws io.annulet.vfio.VfioException if there are not so many
     */
    public Window openWindow(long end) {
        long byteLength = (end + PAGE_MASK) & ~PAGE_MASK;
        return new Window(space.take(byteLength, PAGE_MASK + 1), byteLength);
    }

    public void closeWindow(Window window) {
        space.giveBack(window.base());
    }

    /** Whether a region can be at the addresses that belong to it: pages are translated whole. */
    public static boolean canShare(Region region) {
        return ((region.hostAddress() ^ region.guestAddress()) & PAGE_MASK) == 0;
    }

    private static long firstPage(Region region) {
        return region.hostAddress() & ~PAGE_MASK;
    }

    private static long pagesByteLength(Region region) {
        return ((region.hostAddress() + region.byteLength() + PAGE_MASK) & ~PAGE_MASK) - firstPage(region);
    }

    private static long iovaOf(Window window, Region region) {
        return window.base() + region.guestAddress();
    }

    /** Lets the NIC read a region. */
    public void share(Window window, Region region) {
        long iova = iovaOf(window, region);
        mapper.map(firstPage(region), iova & ~PAGE_MASK, pagesByteLength(region), DmaDirection.READ);
        ranges.add(new MemoryRanges.Entry(region.hostAddress(), region.byteLength(), iova));
    }

    /** Frames are not sent from this region any more, but those in flight are still read. */
    public void stopUsing(Region region) {
        ranges.remove(region.hostAddress());
    }

    /** Takes a region from the NIC, which has stopped reading it. */
    public void unshare(Window window, Region region) {
        stopUsing(region);
        mapper.unmap(iovaOf(window, region) & ~PAGE_MASK, pagesByteLength(region));
    }

    /** On the worker: where the NIC sees so many bytes of this process, or {@link #UNSHARED}. */
    public long iova(long address, int byteLength) {
        return ranges.find(address, byteLength);
    }
}
