package io.annulet.backend.data;

import io.annulet.vring.PackedRing;
import io.annulet.vring.RingFault;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Where a queue's ring stands, as its worker saw it at one moment; immutable.
 *
 * @param size descriptors
 * @param availPosition up to where the worker has taken what the driver made available: an index of 16 bits of a split ring, a
 *     {@link io.annulet.vring.PackedPosition} of a packed one
 * @param usedPosition up to where the driver was shown what came back
 * @param available what the driver has made available and the worker has not taken: chains, or descriptors of a packed ring
 * @param borrowed chains that the worker has taken and not given back, a receive queue's stock of buffers among them
 * @param fault why the ring is left alone; null if it is not
 * @param frames that went through the queue since it was opened, and likewise bytes, kicks of its driver, calls that were made,
 *     and drops
 */
public record RingStanding(
        int queueIndex,
        boolean packed,
        int size,
        int availPosition,
        int usedPosition,
        int available,
        int borrowed,
        @Nullable RingFault fault,
        long frames,
        long bytes,
        long kicks,
        long calls,
        long drops) {

    /** Of the queues that are there. */
    public static List<RingStanding> of(@Nullable GuestQueue[] queues) {
        return Stream.of(queues).filter(Objects::nonNull).map(RingStanding::of).toList();
    }

    private static RingStanding of(GuestQueue queue) {
        long[] counted = queue.stats();
        return new RingStanding(
                queue.setup().queueIndex(),
                queue.setup().ring() instanceof PackedRing,
                queue.setup().ring().size(),
                queue.half.base() & 0xffff,
                queue.half.publishedPosition(),
                queue.half.available(),
                queue.half.borrowed(),
                queue.half.fault() == RingFault.NONE ? null : queue.half.fault(),
                counted[QueueStats.FRAMES],
                counted[QueueStats.BYTES],
                counted[QueueStats.NOTIFICATIONS],
                counted[QueueStats.CALLS],
                counted[QueueStats.DROPS]);
    }
}
