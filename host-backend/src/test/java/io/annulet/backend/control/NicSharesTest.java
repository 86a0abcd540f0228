package io.annulet.backend.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.backend.port.NicMemoryMap;
import io.annulet.backend.stats.PortCounters;
import io.annulet.linux.Fd;
import io.annulet.linux.FileDescriptors;
import io.annulet.linux.Memfd;
import io.annulet.linux.MemoryAdvice;
import io.annulet.vfio.DmaDirection;
import io.annulet.vfio.DmaMapper;
import io.annulet.vfio.IovaSpace;
import io.annulet.vfio.VfioException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.agrona.concurrent.UnsafeBuffer;
import org.agrona.concurrent.status.CountersManager;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What of a front-end's memory a NIC gets, where it finds it, and what happens when pages are given back. */
@Timeout(60)
final class NicSharesTest {

    private static final long BYTES = 1 << 20;
    private static final long GUEST = 0x4000_0000L;

    private final CountersManager manager = new CountersManager(
            new UnsafeBuffer(ByteBuffer.allocateDirect(1 << 20)), new UnsafeBuffer(ByteBuffer.allocateDirect(1 << 18)));
    private final Map<Long, Long> mapped = new ConcurrentHashMap<>();
    private final ControlLoop loop = new ControlLoop();
    private boolean refuses;

    private final NicMemoryMap map = new NicMemoryMap(
            new DmaMapper() {
                @Override
                public void map(long address, long iova, long byteLength, DmaDirection direction) {
                    if (refuses) {
                        throw new VfioException("too much", "raise the limit");
                    }
                    assertEquals(DmaDirection.READ, direction);
                    mapped.put(iova, byteLength);
                }

                @Override
                public void unmap(long iova, long byteLength) {
                    assertEquals(byteLength, mapped.remove(iova));
                }
            },
            new IovaSpace(List.of()));
    private final NicShares shares = new NicShares(
            loop, new NicShares.Nic("nic", map, new PortCounters(manager, "nic")), new PortLog("guest", 10));

    @AfterEach
    void close() {
        loop.close();
    }

    private static Fd memory() {
        return Memfd.create("nic-shares", BYTES, true);
    }

    private static MemoryTable table(Fd file) {
        return MemoryTable.EMPTY.plus(
                new RegionRequest(GUEST, 0x7f00_0000_0000L, BYTES, 0),
                FileDescriptors.duplicate(file),
                SealPolicy.AUTO,
                ControlLimits.DEFAULTS);
    }

    private long iova(MemoryTable table) {
        return map.iova(table.regions().getFirst().region().hostAddress(), 100);
    }

    private long unshared() {
        long[] found = {-1};
        manager.forEach((value, id, label) -> found[0] = label.equals("nic nic.unshared-guests") ? value : found[0]);
        return found[0];
    }

    @Test
    void sharesARegionAtItsGuestAddressAndTakesItBackBeforeItIsUnmapped() {
        try (Fd file = memory()) {
            MemoryTable table = table(file);
            shares.addNew(table);
            assertEquals(List.of(BYTES), List.copyOf(mapped.values()));
            long base = iova(table) - GUEST;
            assertTrue(base > 0 && (base & 4095) == 0, () -> Long.toHexString(base));
            shares.remove(table.regions().getFirst());
            assertTrue(mapped.isEmpty());
            table.regions().getFirst().close();
            shares.close();
        }
    }

    @Test
    void aGuestThatGaveAPageBackIsNotReadAnyMore() {
        try (Fd file = memory()) {
            MemoryTable table = table(file);
            // As pinning does.
            MemoryAdvice.populateWrite(table.regions().getFirst().region().hostAddress(), BYTES);
            shares.addNew(table);
            assertTrue(iova(table) != NicMemoryMap.UNSHARED);
            FileDescriptors.punchHole(file, 8 * 4096, 4096);
            while (iova(table) != NicMemoryMap.UNSHARED) {
                Thread.onSpinWait();
            }
            while (unshared() == 0) {
                Thread.onSpinWait();
            }
            assertEquals(1, mapped.size(), "what is in flight is still read");
            shares.remove(table.regions().getFirst());
            table.regions().getFirst().close();
            shares.close();
            assertTrue(mapped.isEmpty());
        }
    }

    @Test
    void P08_aLimitThatIsReachedIsToldAndFramesAreCopied() {
        refuses = true;
        try (Fd file = memory()) {
            MemoryTable table = table(file);
            shares.addNew(table);
            assertEquals(NicMemoryMap.UNSHARED, iova(table));
            assertEquals(1, unshared());
            shares.remove(table.regions().getFirst());
            table.regions().getFirst().close();
            shares.close();
        }
    }

    @Test
    void guestsHaveAddressesOfTheirOwn() {
        NicShares second = new NicShares(
                loop, new NicShares.Nic("nic", map, new PortCounters(manager, "nic")), new PortLog("second", 10));
        try (Fd file = memory();
                Fd other = memory()) {
            MemoryTable one = table(file);
            MemoryTable two = table(other);
            shares.addNew(one);
            second.addNew(two);
            assertEquals(2, mapped.size());
            assertTrue(Math.abs(iova(one) - iova(two)) >= GUEST);
            shares.remove(one.regions().getFirst());
            second.remove(two.regions().getFirst());
            one.regions().getFirst().close();
            two.regions().getFirst().close();
            shares.close();
            second.close();
            assertTrue(mapped.isEmpty());
        }
    }
}
