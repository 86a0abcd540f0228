package io.annulet.vring;

import static io.annulet.vring.RawRing.INDIRECT;
import static io.annulet.vring.RawRing.NEXT;
import static io.annulet.vring.RawRing.WRITE;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.annulet.memory.ArenaRegions;
import io.annulet.memory.HostMemory;
import io.annulet.memory.Region;
import io.annulet.vring.TakenChain.Piece;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** VIRTIO 1.2, "Indirect Descriptors", and what a driver must not do there. */
class IndirectDescriptorsSpecTest {

    private static final int SIZE = 8;

    private final RawRing raw = new RawRing(SIZE);
    private final SplitDeviceHalf device = raw.device();
    private final ChainBurst burst = new ChainBurst(SIZE, 64);
    private final long table = raw.buffers();
    private final long buffers = raw.buffers() + 4096;

    private Piece piece(long guestAddress, int byteLength) {
        return new Piece(raw.hostAddress(guestAddress), byteLength);
    }

    /** Offers a table of {@code tableBytes} as head 2. */
    private void offer(long tableAddress, long tableBytes, int moreFlags) {
        raw.descriptor(2, tableAddress, tableBytes, INDIRECT | moreFlags, 3).available(2);
    }

    private TakenChain takeOne() {
        burst.clear();
        assertEquals(1, device.take(burst, 1));
        return TakenChain.of(burst, 0);
    }

    private void assertBroken(RingFault why) {
        burst.clear();
        assertEquals(SplitDeviceHalf.BROKEN, device.take(burst, SIZE));
        assertEquals(why, device.fault());
        assertEquals(0, burst.count());
    }

    private TakenChain readable(Piece... pieces) {
        return new TakenChain(2, ChainFault.NONE, List.of(pieces), List.of());
    }

    @Test
    void aTableHoldsAWholeChain() {
        raw.tableEntry(table, 0, buffers, 12, NEXT, 2)
                .tableEntry(table, 2, buffers + 12, 60, NEXT, 1)
                .tableEntry(table, 1, buffers + 99, 1500, WRITE, 7);
        offer(table, 3 * 16, 0);
        assertEquals(
                new TakenChain(
                        2,
                        ChainFault.NONE,
                        List.of(piece(buffers, 12), piece(buffers + 12, 60)),
                        List.of(piece(buffers + 99, 1500))),
                takeOne());
    }

    @Test
    void entriesBehindTheEndOfTheChainAreNotLookedAt() {
        raw.tableEntry(table, 0, buffers, 12, 0, 0).tableEntry(table, 1, -1, 0xffff_ffffL, 0xffff, 0xffff);
        offer(table, 2 * 16, 0);
        assertEquals(readable(piece(buffers, 12)), takeOne());
    }

    @Test
    void aTableMayEndADirectChain() {
        raw.descriptor(0, buffers, 12, NEXT, 2).tableEntry(table, 0, buffers + 64, 60, 0, 0);
        raw.descriptor(2, table, 16, INDIRECT, 0).available(0);
        assertEquals(
                new TakenChain(0, ChainFault.NONE, List.of(piece(buffers, 12), piece(buffers + 64, 60)), List.of()),
                takeOne());
    }

    @Test
    void theDeviceIgnoresTheWriteFlagOfTheDescriptorThatNamesTheTable() {
        raw.tableEntry(table, 0, buffers, 12, NEXT, 1).tableEntry(table, 1, buffers + 64, 60, WRITE, 0);
        offer(table, 2 * 16, WRITE);
        assertEquals(
                new TakenChain(2, ChainFault.NONE, List.of(piece(buffers, 12)), List.of(piece(buffers + 64, 60))),
                takeOne());
    }

    @Test
    void d01AnIndirectDescriptorWithoutTheFeatureBreaksTheRing() {
        raw.tableEntry(table, 0, buffers, 12, 0, 0);
        offer(table, 16, 0);
        SplitDeviceHalf without = raw.device(new RingFeatures(true, false));
        assertEquals(SplitDeviceHalf.BROKEN, without.take(burst, SIZE));
        assertEquals(RingFault.INDIRECT_NOT_ACKNOWLEDGED, without.fault());
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 1, 15, 17, 24, 16 * SIZE + 1, 16 * (SIZE + 1), 0xffff_fff0L, 0xffff_ffffL, 0x8000_0000L})
    void d02ATableThatIsEmptyCutOrLongerThanTheRingBreaksTheRing(long tableBytes) {
        raw.tableEntry(table, 0, buffers, 12, 0, 0);
        offer(table, tableBytes, 0);
        assertBroken(RingFault.BAD_INDIRECT_TABLE);
    }

    @Test
    void d02ATableMayHaveAsManyEntriesAsTheRing() {
        for (int i = 0; i < SIZE; i++) {
            raw.tableEntry(table, i, buffers + i, 1, i + 1 < SIZE ? NEXT : 0, i + 1);
        }
        offer(table, 16 * SIZE, 0);
        assertEquals(SIZE, takeOne().readable().size());
    }

    @Test
    void d02DirectDescriptorsAndATableTogetherAreBoundedByTheRing() {
        for (int i = 0; i < SIZE; i++) {
            raw.tableEntry(table, i, buffers + i, 1, i + 1 < SIZE ? NEXT : 0, i + 1);
        }
        raw.descriptor(0, buffers, 12, NEXT, 2)
                .descriptor(2, table, 16 * SIZE, INDIRECT, 0)
                .available(0);
        assertBroken(RingFault.BAD_INDIRECT_TABLE);
    }

    @ParameterizedTest
    @ValueSource(ints = {INDIRECT, INDIRECT | WRITE, INDIRECT | NEXT})
    void d03AnIndirectDescriptorInsideATableBreaksTheRing(int flags) {
        raw.tableEntry(table, 0, buffers, 12, NEXT, 1).tableEntry(table, 1, table, 16, flags, 0);
        offer(table, 2 * 16, 0);
        assertBroken(RingFault.INDIRECT_MISUSED);
    }

    @ParameterizedTest
    @ValueSource(ints = {NEXT, NEXT | WRITE})
    void d03AnIndirectDescriptorWithANextBreaksTheRing(int flags) {
        raw.tableEntry(table, 0, buffers, 12, 0, 0).descriptor(3, buffers, 12, 0, 0);
        offer(table, 16, flags);
        assertBroken(RingFault.INDIRECT_MISUSED);
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3, SIZE, 0xffff})
    void d04ANextOutsideTheTableBreaksTheRing(int next) {
        raw.tableEntry(table, 0, buffers, 12, NEXT, 1).tableEntry(table, 1, buffers, 12, NEXT, next);
        offer(table, 2 * 16, 0);
        assertBroken(RingFault.NEXT_OUT_OF_RANGE);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2})
    void d04ALoopInsideATableBreaksTheRing(int next) {
        raw.tableEntry(table, 0, buffers, 12, NEXT, 1)
                .tableEntry(table, 1, buffers, 12, NEXT, 2)
                .tableEntry(table, 2, buffers, 12, NEXT, next);
        offer(table, 3 * 16, 0);
        assertBroken(RingFault.CHAIN_TOO_LONG);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 4, 8, 12, 15, 16, 17, 31, 33})
    void d05ATableMayCrossRegionsAtAnyByte(int bytesBeforeTheBorder) {
        Region next = ArenaRegions.region(RawRing.GUEST_BASE + RawRing.REGION_BYTES, 4096);
        RawRing split = new RawRing(SIZE, List.of(next));
        RawRing staged = new RawRing(SIZE);
        staged.tableEntry(table, 0, buffers, 12, NEXT, 1)
                .tableEntry(table, 1, buffers + 64, 60, NEXT, 2)
                .tableEntry(table, 2, buffers + 128, 61, 0, 0);
        MemorySegment entries = staged.bytes().asSlice(table - RawRing.GUEST_BASE, 3 * 16);
        for (int i = 0; i < 3 * 16; i++) {
            long host = i < bytesBeforeTheBorder
                    ? split.hostAddress(next.guestAddress() - bytesBeforeTheBorder + i)
                    : next.hostAddress() + (i - bytesBeforeTheBorder);
            HostMemory.storeByte(host, entries.get(ValueLayout.JAVA_BYTE, i));
        }
        split.descriptor(2, next.guestAddress() - bytesBeforeTheBorder, 3 * 16, INDIRECT, 0)
                .available(2);
        SplitDeviceHalf device = split.device();
        assertEquals(1, device.take(burst, 1));
        TakenChain expected = readable(
                new Piece(split.hostAddress(buffers), 12),
                new Piece(split.hostAddress(buffers + 64), 60),
                new Piece(split.hostAddress(buffers + 128), 61));
        assertEquals(expected, TakenChain.of(burst, 0));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 8, 15, 17, 24})
    void d05ATableThatRunsIntoAHoleBreaksTheRing(int bytesBeforeTheHole) {
        long end = RawRing.GUEST_BASE + RawRing.REGION_BYTES;
        if (bytesBeforeTheHole >= 16) {
            raw.tableEntry(end - bytesBeforeTheHole, 0, buffers, 12, NEXT, 1);
        }
        offer(end - bytesBeforeTheHole, 2 * 16, 0);
        assertBroken(RingFault.BAD_INDIRECT_TABLE);
    }

    @Test
    void b06ATableThatWrapsFromTheTopOfTheAddressSpaceToItsBottomBreaksTheRing() {
        Region bottom = new Region(0, 0, 4096, ArenaRegions.allocate(4096).address());
        Region top = new Region(-4096, -4096, 4096, ArenaRegions.allocate(4096).address());
        RawRing around = new RawRing(SIZE, List.of(bottom, top));
        long lastEntry = top.hostAddress() + 4096 - 16;
        HostMemory.storeLong(lastEntry, buffers);
        HostMemory.storeLong(lastEntry + 8, SplitRing.detail(12, NEXT, 1));
        HostMemory.storeLong(bottom.hostAddress(), buffers);
        HostMemory.storeLong(bottom.hostAddress() + 8, SplitRing.detail(12, 0, 0));
        around.descriptor(2, -16, 2 * 16, INDIRECT, 0).available(2);
        SplitDeviceHalf device = around.device();
        assertEquals(SplitDeviceHalf.BROKEN, device.take(burst, 1));
        assertEquals(RingFault.BAD_INDIRECT_TABLE, device.fault());
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 7, 13})
    void d05ATableNeedNotBeAligned(int misalignment) {
        raw.tableEntry(table + misalignment, 0, buffers, 12, NEXT, 1)
                .tableEntry(table + misalignment, 1, buffers + 64, 60, 0, 0);
        offer(table + misalignment, 2 * 16, 0);
        assertEquals(readable(piece(buffers, 12), piece(buffers + 64, 60)), takeOne());
    }

    @Test
    void d06ATableOverTwoRegionsThatLieFarApartHereIsReadEntryByEntry() {
        Region next = ArenaRegions.region(RawRing.GUEST_BASE + RawRing.REGION_BYTES, 4096);
        RawRing split = new RawRing(SIZE, List.of(next));
        split.tableEntry(next.guestAddress() - 16, 0, buffers, 12, NEXT, 1);
        HostMemory.storeLong(next.hostAddress(), buffers + 64);
        HostMemory.storeLong(next.hostAddress() + 8, SplitRing.detail(60, 0, 0));
        split.descriptor(2, next.guestAddress() - 16, 2 * 16, INDIRECT, 0).available(2);
        assertEquals(1, split.device().take(burst, 1));
        assertEquals(
                readable(new Piece(split.hostAddress(buffers), 12), new Piece(split.hostAddress(buffers + 64), 60)),
                TakenChain.of(burst, 0));
    }

    @Test
    void d07ATableMayLieInTheDescriptorTableItself() {
        raw.descriptor(4, buffers, 12, NEXT, 1).descriptor(5, buffers + 64, 60, 0, 0);
        offer(raw.descriptorTableGuestAddress() + 4 * 16, 2 * 16, 0);
        assertEquals(readable(piece(buffers, 12), piece(buffers + 64, 60)), takeOne());
    }

    @Test
    void d07ATableThatIsItsOwnDescriptorBreaksTheRing() {
        offer(raw.descriptorTableGuestAddress() + 2 * 16, 16, 0);
        assertBroken(RingFault.INDIRECT_MISUSED);
    }

    @Test
    void d07ATableInTheUsedRingIsReadOnceAndGivingBackOverItChangesNothing() {
        long used = raw.usedGuestAddress() + 4;
        raw.tableEntry(used, 0, buffers, 12, NEXT, 1).tableEntry(used, 1, buffers + 64, 60, 0, 0);
        offer(used, 2 * 16, 0);
        TakenChain chain = takeOne();
        device.giveBack(chain.head(), 0);
        device.publishUsed();
        assertEquals(readable(piece(buffers, 12), piece(buffers + 64, 60)), chain);
        assertEquals(2, raw.usedHead(0));
    }

    @Test
    void d08TwoTablesLinkedByNextBreakTheRing() {
        raw.tableEntry(table, 0, buffers, 12, 0, 0);
        raw.descriptor(0, table, 16, INDIRECT | NEXT, 1)
                .descriptor(1, table, 16, INDIRECT, 0)
                .available(0);
        assertBroken(RingFault.INDIRECT_MISUSED);
    }

    @Test
    void d09ATableOfOneEmptyEntryIsAnEmptyChain() {
        raw.tableEntry(table, 0, 0, 0, 0, 0);
        offer(table, 16, 0);
        assertEquals(readable(), takeOne());
    }

    @Test
    void anUnmappedBufferInATableIsAFrameFaultOfItsHead() {
        raw.tableEntry(table, 0, buffers, 12, NEXT, 1).tableEntry(table, 1, 0xdead_0000_0000L, 60, 0, 0);
        offer(table, 2 * 16, 0);
        assertEquals(TakenChain.faulty(2, ChainFault.UNMAPPED_ADDRESS), takeOne());
        assertEquals(RingFault.NONE, device.fault());
    }
}
