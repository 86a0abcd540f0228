package io.annulet.backend.control;

import io.annulet.backend.port.XdpGuestMemory;
import java.util.HashSet;
import java.util.Set;

/**
 * What one front-end's memory is registered for an XDP port, whose frames are then read where the guest has them; owned by
 * the control thread.
 */
final class XdpShares implements MemoryShares {

    private final ControlLoop loop;
    private final XdpGuestMemory memory;
    private final PortLog log;
    private final PageWatch pages;
    private final Set<MappedRegion> shared = new HashSet<>();
    private boolean refused;

    XdpShares(ControlLoop loop, XdpGuestMemory memory, PortLog log) {
        this.loop = loop;
        this.memory = memory;
        this.log = log;
        this.pages = new PageWatch(loop, () -> refuse(PageWatch.GIVEN_BACK + "umem=own"));
    }

    @Override
    public void addNew(MemoryTable next) {
        for (MappedRegion region : next.regions()) {
            if (!refused && shared.add(region)) {
                pages.add(region);
                memory.add(region.toRegister(), why -> loop.execute(() -> refuse(why)));
            }
        }
    }

    /** From now on frames of this guest are copied; what was registered stays so, until it is taken out. */
    private void refuse(String why) {
        if (!refused && !shared.isEmpty()) {
            refused = true;
            memory.counters().nicUnsharedGuest();
            log.warn("frames to port " + memory.port() + " are copied from now on: " + why);
            pages.close();
            memory.stopUsing();
        }
    }

    @Override
    public void remove(MappedRegion region) {
        if (shared.remove(region)) {
            pages.remove(region);
            memory.remove(region.region().hostAddress());
        }
    }

    @Override
    public void close() {
        pages.close();
    }
}
