package io.annulet.backend.port;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.backend.data.CompletionWindow;
import io.annulet.backend.data.FrameBurst;
import io.annulet.backend.data.QueueSetup;
import io.annulet.backend.offload.Offload;
import io.annulet.linux.Fd;
import io.annulet.linux.FileDescriptors;
import io.annulet.linux.Mapping;
import io.annulet.linux.Memfd;
import io.annulet.memory.GuestMemory;
import io.annulet.memory.Region;
import io.annulet.vring.RingFault;
import io.annulet.vring.RingFeatures;
import io.annulet.vring.SplitDriverHalf;
import io.annulet.vring.SplitRing;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A guest's shard when an access to memory fails in the middle of what it does. */
final class GuestShardTest {

    private static final long RING_BYTES = 64 * 1024;
    private static final long MEMORY_BYTES = 2 * RING_BYTES;
    private static final long GUEST_BASE = 0x1_0000_0000L;

    private final TestCounters counters = new TestCounters();
    private final PortListener listener = new PortListener() {
        @Override
        public void onRingBroken(int queueIndex, RingFault fault) {
            throw new AssertionError("the ring broke: " + fault);
        }

        @Override
        public void onMemoryLost(int epoch) {}
    };

    /** A NIC has returned a chain, and another port's error comes late: after the chain was taken out of the window. */
    @Test
    void aReturnedChainIsNotLostIfAnErrorBreaksOffGivingItBack() {
        try (Fd file = Memfd.create("guest-shard", MEMORY_BYTES, false);
                Mapping memory = Mapping.map(file, 0, MEMORY_BYTES, Mapping.Protection.READ_WRITE)) {
            long at = memory.address();
            SplitRing ring = new SplitRing(at, at + 16 * 1024, at + 32 * 1024, 256);
            RingFeatures features = new RingFeatures(false, false);
            GuestMemory table = GuestMemory.of(List.of(new Region(GUEST_BASE, GUEST_BASE, MEMORY_BYTES, at)));
            GuestShard shard = new GuestPort("a", 1, 0, List.of(counters.of("a")), listener, () -> true).shard(0);
            shard.lends();
            shard.onOpenQueue(
                    new QueueSetup(1, ring, table, features, 12, false, Offload.NONE, 0, true, null, null, null));
            SplitDriverHalf driver = new SplitDriverHalf(ring, features, 0);
            int head = driver.offer(GUEST_BASE + RING_BYTES, 100, false);
            driver.publishAvail();
            FrameBurst burst = new FrameBurst(256);
            assertEquals(1, shard.pull(burst));
            CompletionWindow window = burst.origin().lend(burst, 0, lent -> {});
            assertNotNull(window);
            int loan = burst.origin().loan(0);
            shard.finish(burst);
            assertEquals(SplitDriverHalf.NOTHING, driver.takeUsed());
            window.giveBack(loan);
            FileDescriptors.truncate(file, 32 * 1024);
            burst.clear();
            assertThrows(InternalError.class, () -> shard.pull(burst));
            FileDescriptors.truncate(file, MEMORY_BYTES);
            assertTrue(shard.recoverFromMemoryLoss());
            shard.pull(burst);
            assertEquals(head, driver.takeUsed());
            assertEquals(SplitDriverHalf.NOTHING, driver.takeUsed());
        }
    }

    @Test
    void chainsOfABurstThatAnErrorEndedWhileItWasPulledAreTakenAgain() {
        try (Fd file = Memfd.create("guest-shard", MEMORY_BYTES, false);
                Mapping memory = Mapping.map(file, 0, MEMORY_BYTES, Mapping.Protection.READ_WRITE)) {
            long at = memory.address();
            SplitRing ring = new SplitRing(at, at + 16 * 1024, at + 32 * 1024, 256);
            RingFeatures features = new RingFeatures(false, false);
            GuestMemory table = GuestMemory.of(List.of(new Region(GUEST_BASE, GUEST_BASE, MEMORY_BYTES, at)));
            GuestShard shard = new GuestPort("a", 1, 0, List.of(counters.of("a")), listener, () -> true).shard(0);
            shard.onOpenQueue(
                    new QueueSetup(1, ring, table, features, 12, false, Offload.NONE, 0, true, null, null, null));
            SplitDriverHalf driver = new SplitDriverHalf(ring, features, 0);
            driver.offer(GUEST_BASE + RING_BYTES, 100, false);
            driver.publishAvail();
            FrameBurst burst = new FrameBurst(256);
            // What fails late is another port's access; here it is this one's, and the memory is whole again before
            // anyone asks.
            FileDescriptors.truncate(file, RING_BYTES);
            assertThrows(InternalError.class, () -> shard.pull(burst));
            FileDescriptors.truncate(file, MEMORY_BYTES);
            assertTrue(shard.recoverFromMemoryLoss());
            burst.clear();
            assertEquals(1, shard.pull(burst));
        }
    }
}
