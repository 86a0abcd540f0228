package io.annulet.guest.conform;

import io.annulet.vhostuser.MessageLayout;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/** The IOTLB of the reference back-end; used by the back-end's thread. */
final class ReferenceTranslation {

    private static final int UPDATE = 2;
    private static final long MISS_NANOS = 1_000_000_000;

    private final Set<Flaw> flaws;
    private final LongConsumer miss;
    private final Runnable listen;
    private final List<Entry> entries = new ArrayList<>();
    private boolean asking;

    /** From an I/O virtual address to a user address. */
    record Entry(long iova, long byteLength, long user) {
        boolean holds(long address) {
            return Long.compareUnsigned(address - iova, byteLength) < 0;
        }

        boolean overlaps(Entry other) {
            return holds(other.iova) || other.holds(iova);
        }
    }

    /**
     * @param miss asks the front-end for an address
     * @param listen hears what the front-end says
     */
    ReferenceTranslation(Set<Flaw> flaws, LongConsumer miss, Runnable listen) {
        this.flaws = flaws;
        this.miss = miss;
        this.listen = listen;
    }

    /** Takes an update or an invalidation; whether that could be done. */
    boolean tell(ByteBuffer payload) {
        Entry entry = new Entry(
                payload.getLong(MessageLayout.IOTLB_IOVA),
                payload.getLong(MessageLayout.IOTLB_SIZE),
                payload.getLong(MessageLayout.IOTLB_USER_ADDRESS));
        boolean update = payload.get(MessageLayout.IOTLB_TYPE) == UPDATE;
        if (flaws.contains(Flaw.IGNORES_IOTLB)) {
            return true;
        }
        if (!flaws.contains(Flaw.KEEPS_INVALIDATED)) {
            entries.removeIf(entry::overlaps);
        }
        if (update) {
            entries.add(entry);
        }
        return update || !flaws.contains(Flaw.REFUSES_INVALIDATION);
    }

    /** The entry for an address, asked for if it is not there; null if nobody knows. */
    @Nullable
    Entry entry(long iova) {
        Entry found = find(iova);
        if (found != null || asking || flaws.contains(Flaw.NO_MISSES) || flaws.contains(Flaw.IGNORES_IOTLB)) {
            return found;
        }
        asking = true;
        miss.accept(iova);
        long startNanos = System.nanoTime();
        while (found == null && System.nanoTime() - startNanos < MISS_NANOS) {
            listen.run();
            found = find(iova);
        }
        asking = false;
        return found;
    }

    private @Nullable Entry find(long iova) {
        return entries.stream().filter(entry -> entry.holds(iova)).findFirst().orElse(null);
    }
}
