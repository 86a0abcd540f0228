package io.annulet.backend.control;

import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Finds out that a front-end gave pages of shared memory back; owned by the control thread.
 *
 * <p>Whoever reads pinned pages reads those that were there when the memory was shared. A front-end that gives pages back
 * (a balloon, free page reporting, virtio-mem) gets others in their place later. So the allocated blocks of each file are
 * looked at again and again: fewer than there were tell.
 */
final class PageWatch implements AutoCloseable {

    /** What to do about it, for people. */
    static final String GIVEN_BACK =
            "pages of its memory were given back (a balloon, free page reporting or virtio-mem): give this guest none of"
                    + " them, or say ";

    private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

    private final ControlLoop loop;
    private final Runnable onGivenBack;
    private final Map<MappedRegion, Long> blocks = new HashMap<>();
    private @Nullable Future<?> nextLook;

    PageWatch(ControlLoop loop, Runnable onGivenBack) {
        this.loop = loop;
        this.onGivenBack = onGivenBack;
    }

    void add(MappedRegion region) {
        blocks.put(region, region.blocks());
        if (nextLook == null) {
            nextLook = loop.schedule(LOOK_NANOS, this::look);
        }
    }

    void remove(MappedRegion region) {
        blocks.remove(region);
    }

    private void look() {
        nextLook = loop.schedule(LOOK_NANOS, this::look);
        boolean fewer = false;
        for (Map.Entry<MappedRegion, Long> entry : blocks.entrySet()) {
            long now = entry.getKey().blocks();
            fewer |= now < entry.getValue();
            entry.setValue(Math.max(now, entry.getValue()));
        }
        if (fewer) {
            onGivenBack.run();
        }
    }

    /** No more looks. */
    @Override
    public void close() {
        if (nextLook != null) {
            nextLook.cancel(false);
            nextLook = null;
        }
    }
}
