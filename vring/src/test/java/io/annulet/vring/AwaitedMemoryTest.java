package io.annulet.vring;

import static io.annulet.vring.RawRing.INDIRECT;
import static io.annulet.vring.RawRing.NEXT;
import static io.annulet.vring.RawRing.WRITE;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.annulet.memory.Access;
import io.annulet.memory.ArenaRegions;
import io.annulet.memory.IoTable;
import io.annulet.vring.TakenChain.Piece;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Chains whose memory is not known yet, or may not be used so: they stay where they are until it is. */
class AwaitedMemoryTest {

    private static final int SIZE = 8;
    private static final long PAGE = 4096;

    private final RawRing raw = new RawRing(SIZE);
    private final long buffers = (raw.buffers() + PAGE - 1) & -PAGE;
    private final ChainBurst burst = new ChainBurst(SIZE, 64);
    private IoTable io = IoTable.EMPTY;
    private final SplitDeviceHalf device =
            new SplitDeviceHalf(raw.ring(), io.memory(), new RingFeatures(true, true), 0);

    private void tell(long ioAddress, long byteLength, int access) {
        io = io.updated(ioAddress, byteLength, ioAddress + ArenaRegions.USER_OFFSET, access, raw.memory());
        device.goBy(io.memory());
    }

    private Piece piece(long guestAddress, int byteLength) {
        return new Piece(raw.hostAddress(guestAddress), byteLength);
    }

    private void assertWaits(long address, int access) {
        int borrowed = device.borrowed();
        burst.clear();
        assertEquals(DeviceHalf.WAITS, device.take(burst, SIZE));
        assertEquals(0, burst.count());
        assertEquals(borrowed, device.borrowed());
        assertEquals(address, device.awaited().guestAddress(0));
        assertEquals(access, device.awaited().access(0));
        assertEquals(RingFault.NONE, device.fault());
    }

    private TakenChain takeOne() {
        burst.clear();
        assertEquals(1, device.take(burst, SIZE));
        return TakenChain.of(burst, 0);
    }

    @Test
    void aChainIsTakenOnceAllOfItIsThere() {
        raw.descriptor(3, buffers + 100, 64, NEXT, 4)
                .descriptor(4, buffers + PAGE - 10, 20, 0, 0)
                .available(3);
        assertWaits(buffers + 100, Access.READ);
        tell(buffers, PAGE, Access.READ);
        assertWaits(buffers + PAGE, Access.READ);
        tell(buffers + PAGE, PAGE, Access.READ_WRITE);
        TakenChain expected = new TakenChain(
                3,
                ChainFault.NONE,
                List.of(piece(buffers + 100, 64), piece(buffers + PAGE - 10, 10), piece(buffers + PAGE, 10)),
                List.of());
        assertEquals(expected, takeOne());
    }

    @Test
    void b13WhatMayOnlyBeReadIsNotGivenForWriting() {
        tell(buffers, PAGE, Access.READ);
        raw.descriptor(0, buffers, 64, WRITE, 0).available(0);
        assertWaits(buffers, Access.WRITE);
        tell(buffers, PAGE, Access.WRITE);
        assertEquals(new TakenChain(0, ChainFault.NONE, List.of(), List.of(piece(buffers, 64))), takeOne());
    }

    @Test
    void chainsBeforeTheOneThatWaitsAreTaken() {
        tell(buffers, PAGE, Access.READ_WRITE);
        raw.descriptor(0, buffers, 64, 0, 0)
                .descriptor(1, buffers + 3 * PAGE, 64, 0, 0)
                .descriptor(2, buffers + 64, 64, 0, 0)
                .available(0)
                .available(1)
                .available(2);
        burst.clear();
        assertEquals(1, device.take(burst, SIZE));
        assertWaits(buffers + 3 * PAGE, Access.READ);
        tell(buffers + 3 * PAGE, PAGE, Access.READ_WRITE);
        burst.clear();
        assertEquals(2, device.take(burst, SIZE), "those behind keep their order");
    }

    @Test
    void anIndirectTableIsAwaitedToo() {
        long table = buffers + PAGE - 16;
        raw.tableEntry(table, 0, buffers + 2 * PAGE, 10, NEXT, 1)
                .tableEntry(table, 1, buffers + 2 * PAGE + 10, 10, 0, 0)
                .descriptor(0, table, 32, INDIRECT, 0)
                .available(0);
        assertWaits(table, Access.READ);
        tell(buffers, PAGE, Access.READ);
        assertWaits(buffers + 2 * PAGE, Access.READ);
        tell(buffers + 2 * PAGE, PAGE, Access.READ);
        assertWaits(buffers + PAGE, Access.READ);
        tell(buffers + PAGE, PAGE, Access.READ);
        assertEquals(
                List.of(piece(buffers + 2 * PAGE, 10), piece(buffers + 2 * PAGE + 10, 10)),
                takeOne().readable());
    }

    @Test
    void allThatAChainLacksIsToldAtOnceUpToALimit() {
        int pages = AwaitedMemory.MOST + 3;
        tell(buffers + PAGE, PAGE, Access.READ);
        raw.descriptor(0, buffers + 8, pages * PAGE, 0, 0).available(0);
        assertWaits(buffers + 8, Access.READ);
        assertEquals(AwaitedMemory.MOST, device.awaited().count());
        assertEquals(buffers + 2 * PAGE, device.awaited().guestAddress(1));
        assertEquals(buffers + 3 * PAGE, device.awaited().guestAddress(2));
        tell(buffers, pages * PAGE, Access.READ);
        assertWaits(buffers + pages * PAGE, Access.READ);
        assertEquals(1, device.awaited().count());
    }

    @Test
    void aChainThatIsFaultyAnywayIsNotAwaited() {
        raw.descriptor(0, buffers, 64, NEXT | WRITE, 1)
                .descriptor(1, buffers + 64, 64, 0, 0)
                .available(0);
        assertEquals(TakenChain.faulty(0, ChainFault.READABLE_AFTER_WRITABLE), takeOne());
    }

    @Test
    void whatWasTakenBackIsNotAtHandAnyMore() {
        tell(buffers, PAGE, Access.READ_WRITE);
        raw.descriptor(0, buffers, 64, 0, 0)
                .descriptor(1, buffers + 64, 64, 0, 0)
                .available(0)
                .available(1);
        assertEquals(2, device.take(burst, SIZE));
        device.untake(2);
        io = io.invalidated(buffers, PAGE);
        device.goBy(io.memory());
        assertWaits(buffers, Access.READ);
    }
}
