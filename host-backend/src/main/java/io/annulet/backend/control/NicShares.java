package io.annulet.backend.control;

import io.annulet.backend.port.NicMemoryMap;
import io.annulet.backend.stats.PortCounters;
import io.annulet.linux.LinuxException;
import io.annulet.memory.Region;
import io.annulet.vfio.VfioException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** What one front-end's memory is shared with one NIC, and where; owned by the control thread. */
final class NicShares implements MemoryShares {

    private final Nic nic;
    private final PortLog log;
    private final PageWatch pages;
    private final List<NicMemoryMap.Window> windows = new ArrayList<>();
    private final Map<MappedRegion, NicMemoryMap.Window> shares = new HashMap<>();
    private boolean refused;

    /** A NIC's port, what it may read, and where it is counted. */
    record Nic(String port, NicMemoryMap map, PortCounters counters) {}

    NicShares(ControlLoop loop, Nic nic, PortLog log) {
        this.nic = nic;
        this.log = log;
        this.pages = new PageWatch(loop, () -> refuse(PageWatch.GIVEN_BACK + "zero-copy=off"));
    }

    @Override
    public void addNew(MemoryTable next) {
        long end = 0;
        for (MappedRegion region : next.regions()) {
            end = Math.max(end, endOf(region.region()));
        }
        for (MappedRegion region : next.regions()) {
            if (!refused && !shares.containsKey(region)) {
                add(region, end);
            }
        }
    }

    /** Behind the last guest address; so large that no window can be for one that wraps or is beyond any. */
    private static long endOf(Region region) {
        long end = region.guestAddress() + region.byteLength();
        return region.guestAddress() < 0 || end < 0 ? Long.MAX_VALUE >>> 1 : end;
    }

    private void add(MappedRegion mapped, long end) {
        if (!NicMemoryMap.canShare(mapped.region())) {
            refuse("its addresses are not at bounds of pages");
            return;
        }
        try {
            NicMemoryMap.Window window = windowFor(end);
            nic.map().share(window, mapped.region());
            shares.put(mapped, window);
            pages.add(mapped);
        } catch (VfioException | LinuxException e) {
            refuse(String.valueOf(e.getMessage()));
        }
    }

    private NicMemoryMap.Window windowFor(long end) {
        for (NicMemoryMap.Window window : windows) {
            if (end <= window.byteLength()) {
                return window;
            }
        }
        NicMemoryMap.Window window = nic.map().openWindow(end);
        windows.add(window);
        return window;
    }

    /** From now on frames of this guest are copied; what the NIC was given stays its, until it is taken out. */
    private void refuse(String why) {
        if (!refused) {
            refused = true;
            nic.counters().nicUnsharedGuest();
            log.warn("frames to port " + nic.port() + " are copied from now on: " + why);
            pages.close();
            shares.keySet().forEach(region -> nic.map().stopUsing(region.region()));
        }
    }

    @Override
    public void remove(MappedRegion region) {
        NicMemoryMap.Window window = shares.remove(region);
        if (window != null) {
            pages.remove(region);
            nic.map().unshare(window, region.region());
        }
    }

    @Override
    public void close() {
        pages.close();
        windows.forEach(nic.map()::closeWindow);
        windows.clear();
    }
}
