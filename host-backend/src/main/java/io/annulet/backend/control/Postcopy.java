package io.annulet.backend.control;

import io.annulet.linux.Fd;
import io.annulet.linux.Mapping;
import io.annulet.linux.UserFaults;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A guest that arrives before its memory: what is told of page faults, and where; owned by the control thread. From
 * vhost-user, QEMU 10, "Migration" and "Front-end message types".
 *
 * <p>Each region is mapped a second time, and only that mapping raises faults that the front-end answers. Threads of {@link
 * PageFetcher} touch it. Workers go by the first mapping, and only to pages that are there: even if a page is taken away
 * again, nobody waits for it.
 */
final class Postcopy {

    private enum Phase {
        /** No guest arrives so. */
        NONE,
        /** The front-end has the descriptor. */
        ADVISED,
        /** Memory may be missing. */
        LISTENING,
        /** The session, or the arrival, ends: nothing is fetched any more. */
        ENDING
    }

    /** What the front-end has still to acknowledge. */
    private enum Awaits {
        NOTHING,
        /** Regions one by one: whoever says something else has read where they are, and need not say so. */
        REGIONS,
        /** A whole table, before anything else. */
        TABLE
    }

    /** A region's second mapping. */
    private static final class Shadow {
        final Mapping mapping;
        boolean registered;

        Shadow(Mapping mapping) {
            this.mapping = mapping;
        }
    }

    private final String port;
    private final int rings;
    private final Map<MappedRegion, Shadow> shadows = new HashMap<>();
    private Phase phase = Phase.NONE;
    private Awaits awaits = Awaits.NOTHING;

    /** Pages of second mappings that are on their way. */
    private final Set<Long> fetching = new HashSet<>();

    private long fetched;

    private @Nullable UserFaults faults;
    private @Nullable PageFetcher fetcher;

    Postcopy(String port, int rings) {
        this.port = port;
        this.rings = rings;
    }

    /** Whether a guest arrives so, or may be about to. */
    boolean isUnderWay() {
        return phase != Phase.NONE;
    }

    /** Whether memory may be missing. */
    boolean isListening() {
        return phase == Phase.LISTENING || phase == Phase.ENDING;
    }

    /** Whether memory was told whose places the front-end has not acknowledged yet. */
    boolean awaitsAcknowledgement() {
        return awaits != Awaits.NOTHING;
    }

    /** Likewise a whole table, without which nothing goes on. */
    boolean awaitsTable() {
        return awaits == Awaits.TABLE;
    }

    /** The front-end goes on without having acknowledged. */
    void skipAcknowledgement() {
        if (awaits == Awaits.TABLE) {
            throw new MessageFault("where faults will be raised was not acknowledged");
        }
        acknowledged();
    }

    int descriptorCount() {
        return faults == null ? 0 : 1;
    }

    /** The descriptor by which the front-end is told of faults; stays ours. */
    Fd advise() {
        if (phase != Phase.NONE) {
            throw new MessageFault("post-copy was advised before");
        }
        UserFaults opened = UserFaults.open();
        faults = opened;
        phase = Phase.ADVISED;
        return opened.fd();
    }

    /** @param memory shared so far */
    void listen(MemoryTable memory) {
        if (phase != Phase.ADVISED) {
            throw new MessageFault("without POSTCOPY_ADVISE, or memory was shared since");
        }
        if (!memory.regions().isEmpty()) {
            throw new MessageFault("memory was shared before");
        }
        phase = Phase.LISTENING;
        fetcher = new PageFetcher(port, rings);
    }

    /** Maps what a table has that is about to be in force. */
    void map(MemoryTable next) {
        for (MappedRegion region : next.regions()) {
            if (!shadows.containsKey(region)) {
                shadows.put(region, new Shadow(region.mapAgain()));
            }
        }
    }

    /** Forgets what the table in force has not. */
    void keepOnly(MemoryTable table) {
        shadows.entrySet().removeIf(entry -> {
            boolean gone = !table.regions().contains(entry.getKey());
            if (gone) {
                close(entry.getValue());
            }
            return gone;
        });
    }

    /** Where faults of a region are raised: the address of its first byte. */
    long address(MappedRegion region) {
        Shadow shadow = shadows.get(region);
        if (shadow == null) {
            throw new IllegalArgumentException("a region of another table");
        }
        return shadow.mapping.address() + region.offsetInMapping();
    }

    /** The front-end was told where faults of regions will be raised: of a whole table, or of one. */
    void told(boolean table) {
        awaits = table ? Awaits.TABLE : Awaits.REGIONS;
    }

    /** The front-end knows where faults of all regions are raised: from now on there may be some. */
    void acknowledged() {
        UserFaults open = faults;
        for (Shadow shadow : shadows.values()) {
            if (!shadow.registered && open != null) {
                open.register(shadow.mapping);
                shadow.registered = true;
            }
        }
        awaits = Awaits.NOTHING;
    }

    /** Whether a region's pages may be fetched. */
    private boolean isFetched(MappedRegion region) {
        Shadow shadow = shadows.get(region);
        return phase == Phase.LISTENING && shadow != null && shadow.registered;
    }

    /**
     * Has the page brought that holds a guest address of a region; false if it cannot be now.
     *
     * @param then told on another thread, unless the arrival ends before
     */
    boolean fetch(MappedRegion region, long guestAddress, PageFetcher.Fetched then) {
        PageFetcher threads = fetcher;
        if (threads == null || !isFetched(region)) {
            return false;
        }
        long page = page(region, guestAddress);
        if (fetching.contains(page)) {
            return true;
        }
        if (!threads.fetch(page, region.pageBytes(), then)) {
            return false;
        }
        fetching.add(page);
        return true;
    }

    private long page(MappedRegion region, long guestAddress) {
        return address(region) + (guestAddress - region.region().guestAddress()) & -region.pageBytes();
    }

    /** A page has come, or cannot come; false if that does not count any more. */
    boolean fetched(MappedRegion region, long guestAddress) {
        boolean counts = isFetched(region) && fetching.remove(page(region, guestAddress));
        fetched += counts ? 1 : 0;
        return counts;
    }

    /** Pages that were asked for and have come, or were there already. */
    long fetchedPages() {
        return fetched;
    }

    /** Nothing is fetched any more. */
    void stop() {
        if (phase == Phase.LISTENING) {
            phase = Phase.ENDING;
        }
    }

    /** All memory is there, or none of it counts any more. Who waits for a page is woken, and finds no memory. */
    void close() {
        phase = Phase.NONE;
        awaits = Awaits.NOTHING;
        fetching.clear();
        if (fetcher != null) {
            fetcher.close();
            fetcher = null;
        }
        shadows.values().forEach(this::close);
        shadows.clear();
        if (faults != null) {
            faults.close();
            faults = null;
        }
    }

    /** In this order: a page that is still missing is never made up, and nobody begins to wait after it was woken. */
    private void close(Shadow shadow) {
        shadow.mapping.close();
        if (faults != null) {
            faults.wake(shadow.mapping.address(), shadow.mapping.byteLength());
        }
    }
}
