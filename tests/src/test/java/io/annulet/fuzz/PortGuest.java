package io.annulet.fuzz;

import io.annulet.backend.data.QueueSetup;
import io.annulet.backend.data.WriteLog;
import io.annulet.backend.port.GuestPort;
import io.annulet.backend.port.GuestShard;
import io.annulet.backend.port.PortListener;
import io.annulet.backend.stats.PortCounters;
import io.annulet.memory.GuestMemory;
import io.annulet.memory.HostMemory;
import io.annulet.memory.PageLog;
import io.annulet.memory.Region;
import io.annulet.vring.DriverHalf;
import io.annulet.vring.PackedRing;
import io.annulet.vring.RingFault;
import io.annulet.vring.RingFeatures;
import io.annulet.vring.SplitRing;
import io.annulet.vring.Vring;
import java.lang.foreign.Arena;
import java.util.List;
import org.agrona.concurrent.status.CountersManager;

/**
 * A guest with a port and one ring, in an arena of this process with guards before and behind it; owned by one thread.
 *
 * <p>The ring and what the driver writes lie in the first pages; the rest is a pattern, which every try leaves as it was.
 */
final class PortGuest {

    static final int RING_SIZE = 16;
    static final int WRITTEN_BYTES = 8192;
    static final int PAGE_BYTES = 4096;
    static final int PATTERN = WRITTEN_BYTES;
    static final int PATTERN_BYTES = 24 * 1024;
    static final int PAGES = (8192 + 24 * 1024) / PAGE_BYTES;

    /** The number of the first page in a log of all guest memory. */
    static final int FIRST_PAGE = 0x10_0000 / PAGE_BYTES;

    private static final int BYTES = WRITTEN_BYTES + PATTERN_BYTES;
    private static final int GUARD_BYTES = 256;
    private static final long GUEST_BASE = 0x10_0000;
    private static final int RING_BYTES = 1024;

    final GuestShard port;
    private final long start =
            Arena.global().allocate(BYTES + 2L * GUARD_BYTES, 4096).address();
    private final long ram = start + GUARD_BYTES;
    private final long sealed =
            Arena.global().allocate(BYTES + 2L * GUARD_BYTES, 4096).address();
    private final GuestMemory memory = GuestMemory.of(List.of(new Region(GUEST_BASE, 0x7f00_0000_0000L, BYTES, ram)));
    private final Counts counts;
    private int faults;

    PortGuest(String name, CountersManager counters) {
        PortListener listener = new PortListener() {
            @Override
            public void onRingBroken(int queueIndex, RingFault fault) {
                faults++;
            }

            @Override
            public void onMemoryLost(int epoch) {
                throw new AssertionError("memory of this process went away");
            }
        };
        port = new GuestPort(name, 1, 0, List.of(new PortCounters(counters, name)), listener, () -> true).shard(0);
        counts = new Counts(counters, name);
        for (int i = 0; i < BYTES + 2 * GUARD_BYTES; i++) {
            HostMemory.storeByte(start + i, i * 31);
        }
        HostMemory.copy(start, sealed, BYTES + 2L * GUARD_BYTES);
    }

    /** Opens a fresh ring, empty, with the first pages zero; its driver. */
    DriverHalf open(int queueIndex, boolean packed, int headerBytes, boolean mergeable, int offloads) {
        return open(queueIndex, packed, headerBytes, mergeable, offloads, 0, 0);
    }

    /**
     * Likewise with what is written logged, the ring under its own address.
     *
     * @param log address of the log; 0 for none
     */
    DriverHalf open(
            int queueIndex, boolean packed, int headerBytes, boolean mergeable, int offloads, long log, int logBytes) {
        HostMemory.zero(ram, WRITTEN_BYTES);
        Vring ring = packed
                ? new PackedRing(ram, ram + 512, ram + 516, RING_SIZE)
                : new SplitRing(ram, ram + 256, ram + 512, RING_SIZE);
        RingFeatures features = new RingFeatures(false, true);
        QueueSetup setup = new QueueSetup(
                queueIndex,
                ring,
                memory,
                features,
                headerBytes,
                mergeable,
                offloads,
                packed ? 0x8000_8000 : 0,
                true,
                null,
                null,
                null);
        long device = packed ? GUEST_BASE + 516 : GUEST_BASE + 512;
        port.onOpenQueue(
                log == 0 ? setup : setup.logged(new WriteLog(new PageLog(log, logBytes, memory), ring, device)));
        return DriverHalf.of(ring, features);
    }

    static long guestAddress(int offset) {
        return GUEST_BASE + offset;
    }

    long hostAddress(int offset) {
        return ram + offset;
    }

    /** Remembers what the driver has written. */
    void seal() {
        HostMemory.copy(ram, sealed + GUARD_BYTES, WRITTEN_BYTES);
    }

    /** Undoes what was written since {@link #seal} where writing was allowed. */
    void restore(int offset, int byteLength) {
        HostMemory.copy(sealed + GUARD_BYTES + offset, ram + offset, byteLength);
    }

    /** That nothing but the ring, which the device may write, is changed. */
    void assertUnchanged() {
        restore(0, RING_BYTES);
        if (!HostMemory.same(start, sealed, BYTES + 2L * GUARD_BYTES)) {
            throw new AssertionError(port.name() + ": something was written where nothing may be written");
        }
    }

    /** Whether anything in a page of this memory is not as it was sealed. */
    boolean isChanged(int page) {
        long at = GUARD_BYTES + (long) page * PAGE_BYTES;
        return !HostMemory.same(start + at, sealed + at, PAGE_BYTES);
    }

    Counts counts() {
        return counts;
    }

    int faults() {
        return faults;
    }
}
