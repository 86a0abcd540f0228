package io.annulet.stress;

import io.annulet.memory.GuestMemory;
import io.annulet.memory.HostMemory;
import io.annulet.memory.Region;
import io.annulet.vring.ChainBurst;
import io.annulet.vring.DeviceHalf;
import io.annulet.vring.DriverHalf;
import io.annulet.vring.PackedPosition;
import io.annulet.vring.PackedRing;
import io.annulet.vring.RingFeatures;
import io.annulet.vring.SplitDriverHalf;
import io.annulet.vring.SplitRing;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A ring of two descriptors with one buffer, in memory of our own, for one round of a stress test. Rounds take places of
 * one large slab in turn; there are more places than rounds under way at a time.
 */
final class StressedRing {

    static final long GUEST = 0x1000;
    static final long BUFFER = GUEST + 192;
    static final int PAYLOAD = 42;

    /** Where the indexes of a split ring stand: event indexes of 0 lie behind, so that notifications are suppressed. */
    private static final int LATER = 5;

    private static final int PLACES = 1 << 18;
    private static final int PLACE_BYTES = 256;
    private static final long SLAB =
            HostMemory.addressOf(Arena.global().allocate((long) PLACES * PLACE_BYTES, PLACE_BYTES));
    private static final AtomicInteger NEXT = new AtomicInteger();

    final DriverHalf driver;
    final DeviceHalf device;
    private final ChainBurst burst = new ChainBurst(2, 4);
    final long buffer;

    StressedRing(boolean packed, boolean eventIndex) {
        long at = SLAB + (long) (NEXT.getAndIncrement() & (PLACES - 1)) * PLACE_BYTES;
        HostMemory.zero(at, PLACE_BYTES);
        GuestMemory memory = GuestMemory.of(List.of(new Region(GUEST, GUEST, PLACE_BYTES, at)));
        RingFeatures features = new RingFeatures(eventIndex, false);
        if (packed) {
            PackedRing ring = new PackedRing(at, at + 64, at + 96, 2);
            driver = DriverHalf.of(ring, features);
            device = DeviceHalf.of(ring, memory, features, PackedPosition.START);
        } else {
            SplitRing ring = new SplitRing(at, at + 64, at + 96, 2);
            driver = new SplitDriverHalf(ring, features, LATER);
            device = DeviceHalf.of(ring, memory, features, LATER);
            HostMemory.storeShort(at + 64 + 2, LATER);
            HostMemory.storeShort(at + 96 + 2, LATER);
        }
        buffer = at + (BUFFER - GUEST);
    }

    boolean offerPayload() {
        HostMemory.storeLong(buffer, PAYLOAD);
        return offerBuffer(false);
    }

    boolean offerBuffer(boolean writable) {
        driver.offer(BUFFER, 8, writable);
        return driver.publishAvail();
    }

    /** What the device reads from the buffer that it takes; -1 if none is available. */
    int takePayload() {
        burst.clear();
        return device.take(burst, 1) == 1 ? (int) HostMemory.loadLong(burst.segmentAddress(0)) : -1;
    }

    void take() {
        burst.clear();
        device.take(burst, 1);
    }

    /** Gives the buffer back that was taken, written; tells whether the driver wants a call. */
    boolean giveBackWritten() {
        HostMemory.storeLong(burst.segmentAddress(0), PAYLOAD);
        device.giveBack(burst.head(0), 8);
        return device.publishUsed();
    }

    /** What the driver finds in a buffer that came back; -1 if none did. */
    int takeUsedPayload() {
        return driver.takeUsed() == DriverHalf.NOTHING ? -1 : (int) HostMemory.loadLong(buffer);
    }
}
