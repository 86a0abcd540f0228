package io.annulet.backend.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.backend.port.PortListener;
import io.annulet.backend.stats.PortCounters;
import io.annulet.memory.GuestMemory;
import io.annulet.memory.HostMemory;
import io.annulet.memory.PageLog;
import io.annulet.memory.Region;
import io.annulet.vring.PackedRing;
import io.annulet.vring.RingFault;
import io.annulet.vring.RingFeatures;
import io.annulet.vring.SplitRing;
import java.lang.foreign.Arena;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What a record of a ring tells the process that comes after. */
final class RingRecordTest {

    private static final long PAGE = 4096;

    private static final PortListener SILENT = new PortListener() {
        @Override
        public void onRingBroken(int queueIndex, RingFault fault) {}

        @Override
        public void onMemoryLost(int epoch) {}
    };

    static long newMemory() {
        return HostMemory.addressOf(Arena.global().allocate(RingRecord.BYTES + RingRecord.NOTES_BYTES, 64));
    }

    static RingRecord newRecord(long address, int queueIndex) {
        return new RingRecord(address, address + RingRecord.BYTES, 7, queueIndex);
    }

    @Test
    void chainsThatAreLentAreToldFromTheBurstBehindThem() {
        RingRecord record = newRecord(newMemory(), 1);
        record.begin(100, 3, 5);
        record.passTo(newRecord(newMemory(), 0), 10, 15);
        assertTrue(record.isIntendedForRing());
        assertEquals(8, record.intendedChains(100));
        assertEquals(3, record.surelyPassedChains());
        assertEquals(10, record.receiverFrom());
    }

    /** Six chains, each an indirect table of as many buffers as the ring has descriptors. */
    @Test
    void allChainsThatWerePassedOnAreGivenBackHoweverManyBuffersTheyHave() {
        int size = 16;
        int passed = 6;
        long at = HostMemory.addressOf(Arena.global().allocate(4 * PAGE, PAGE));
        GuestMemory memory = GuestMemory.of(List.of(new Region(0, 0, 4 * PAGE, at)));
        SplitRing ring = new SplitRing(at, at + 1024, at + 2048, size);
        for (int i = 0; i < size; i++) {
            HostMemory.storeLong(at + PAGE + 16L * i, 2 * PAGE);
            long next = i + 1 < size ? 1L << 32 | (i + 1L) << 48 : 0;
            HostMemory.storeLong(at + PAGE + 16L * i + 8, 16 | next);
            HostMemory.storeLong(at + 16L * i, PAGE);
            HostMemory.storeLong(at + 16L * i + 8, 16L * size | 4L << 32); // indirect
            HostMemory.storeShort(at + 1024 + 4 + 2L * i, i);
        }
        HostMemory.storeShort(at + 1024 + 2, passed);
        QueueSetup setup =
                new QueueSetup(1, ring, memory, new RingFeatures(false, true), 12, false, 0, 0, true, null, null, null);
        TransmitQueue queue = new TransmitQueue(
                setup.recorded(newRecord(newMemory(), 1), 0, passed),
                new PortCounters(ArenaGuest.newCounters(), "a"),
                SILENT);
        assertTrue(queue.recover(passed));
        assertEquals(passed, HostMemory.loadShort(at + 2048 + 2), "the used index");
        assertEquals(0, queue.pull(new FrameBurst(size)));
    }

    /** Killed in the middle of a publication, while the guest moved to another machine. */
    @Test
    void aPublicationThatIsMadeAgainIsLoggedAsWritten() {
        long at = HostMemory.addressOf(Arena.global().allocate(4 * PAGE, PAGE));
        GuestMemory memory = GuestMemory.of(List.of(new Region(0, 0, 3 * PAGE, at)));
        PackedRing ring = new PackedRing(at, at + PAGE, at + 2 * PAGE, 64);
        HostMemory.storeLong(at + 8, 1L << 55); // available, while the wrap counter is 1
        long address = newMemory();
        int from = 1 << 15;
        HostMemory.storeLong(address, from | (from + 1L) << 16 | 1L << 32);
        RingFeatures features = new RingFeatures(false, false);
        QueueSetup setup = new QueueSetup(1, ring, memory, features, 12, false, 0, 0, true, null, null, null);
        PageLog log = new PageLog(at + 3 * PAGE, 8, memory);
        TransmitQueue queue = new TransmitQueue(
                setup.recorded(newRecord(address, 1), from + 1, 0).logged(new WriteLog(log, ring, 2 * PAGE)),
                new PortCounters(ArenaGuest.newCounters(), "a"),
                SILENT);
        assertTrue(queue.recover(0));
        assertEquals(1, HostMemory.loadLong(at + 3 * PAGE) & 1, "the page of the descriptors");
    }
}
