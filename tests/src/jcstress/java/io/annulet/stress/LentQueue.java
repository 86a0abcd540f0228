package io.annulet.stress;

import io.annulet.backend.data.FrameBurst;
import io.annulet.backend.data.QueueSetup;
import io.annulet.backend.data.ReceiveQueue;
import io.annulet.backend.port.PortListener;
import io.annulet.backend.stats.CountersFile;
import io.annulet.backend.stats.PortCounters;
import io.annulet.memory.GuestMemory;
import io.annulet.memory.HostMemory;
import io.annulet.memory.Region;
import io.annulet.vring.RingFault;
import io.annulet.vring.RingFeatures;
import io.annulet.vring.SplitDriverHalf;
import io.annulet.vring.SplitRing;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A receive queue with two buffers that two workers may deliver to, for one round of a stress test, in memory of our own.
 * Rounds take places of one large slab in turn; there are more places than rounds under way at a time.
 */
final class LentQueue {

    static final int NONE = 0;

    private static final long GUEST = 0x1000;
    private static final int HEADER_BYTES = 12;
    private static final int FRAME_BYTES = 60;
    private static final int BUFFERS_AT = 256;
    private static final int BUFFER_BYTES = 96;
    private static final int RING_SIZE = 4;
    private static final int PLACES = 1 << 16;
    private static final int PLACE_BYTES = 512;
    private static final long SLAB =
            HostMemory.addressOf(Arena.global().allocate((long) PLACES * PLACE_BYTES, PLACE_BYTES));
    private static final AtomicInteger NEXT = new AtomicInteger();
    private static final RingFeatures FEATURES = new RingFeatures(false, false);
    private static final PortCounters COUNTERS =
            new PortCounters(CountersFile.inMemory(PortCounters.COUNT).manager(), "port");
    private static final ThreadLocal<FrameBurst> BURST = ThreadLocal.withInitial(LentQueue::twoFrames);

    final SplitDriverHalf driver;
    private final ReceiveQueue queue;
    private final long at;

    LentQueue() {
        at = SLAB + (long) (NEXT.getAndIncrement() & (PLACES - 1)) * PLACE_BYTES;
        HostMemory.zero(at, PLACE_BYTES);
        SplitRing ring = new SplitRing(at, at + 64, at + 96, RING_SIZE);
        GuestMemory memory = GuestMemory.of(List.of(new Region(GUEST, GUEST, PLACE_BYTES, at)));
        driver = new SplitDriverHalf(ring, FEATURES, 0);
        for (int i = 0; i < 2; i++) {
            driver.offer(GUEST + BUFFERS_AT + i * BUFFER_BYTES, BUFFER_BYTES, true);
        }
        driver.publishAvail();
        QueueSetup setup = new QueueSetup(0, ring, memory, FEATURES, HEADER_BYTES, false, 0, 0, true, null, null, null);
        queue = new ReceiveQueue(setup, COUNTERS, new Nobody(), true);
    }

    /** Frame n is full of n + 1. */
    private static FrameBurst twoFrames() {
        FrameBurst burst = new FrameBurst(RING_SIZE);
        long frames = HostMemory.addressOf(Arena.global().allocate(2 * FRAME_BYTES, 8));
        for (int frame = 0; frame < 2; frame++) {
            for (int i = 0; i < FRAME_BYTES; i++) {
                HostMemory.storeByte(frames + frame * FRAME_BYTES + i, frame + 1);
            }
            burst.chains().addOwn(frame, frames + frame * FRAME_BYTES, FRAME_BYTES);
            burst.snapshot(frame, 0);
        }
        return burst;
    }

    /** What a worker does for a burst of one frame; 1 if it delivered it. */
    int deliver(int frame) {
        if (queue.enter(COUNTERS) != null) {
            return 0;
        }
        boolean delivered = queue.deliver(BURST.get(), frame) == null;
        queue.flush(BURST.get(), 1);
        queue.leave(true);
        return delivered ? 1 : 0;
    }

    int close() {
        return queue.close();
    }

    /** The next frame that the driver finds: the byte that it is full of, {@link #NONE}, or -1 if it is not whole. */
    int takeFrame() {
        int head = driver.takeUsed();
        if (head == SplitDriverHalf.NOTHING) {
            return NONE;
        }
        long frame = at + BUFFERS_AT + (long) head * BUFFER_BYTES + HEADER_BYTES;
        int first = HostMemory.loadByte(frame);
        for (int i = 1; i < FRAME_BYTES; i++) {
            if (HostMemory.loadByte(frame + i) != first) {
                return -1;
            }
        }
        return first;
    }

    private static final class Nobody implements PortListener {
        @Override
        public void onRingBroken(int queueIndex, RingFault fault) {
            throw new AssertionError(fault);
        }

        @Override
        public void onMemoryLost(int epoch) {
            throw new AssertionError();
        }
    }
}
