package io.annulet.hostile;

import static io.annulet.hostile.VillainQueue.INDIRECT;
import static io.annulet.hostile.VillainQueue.NEXT;
import static io.annulet.hostile.VillainQueue.WRITE;

import io.annulet.guest.RamOptions;
import io.annulet.guest.RamRegion;
import io.annulet.vhostuser.VirtioFeature;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Class D of the catalogue: indirect tables, in split rings and, where the rule is the same, in packed ones. */
@ExtendWith(Hostile.class)
@Timeout(120)
final class IndirectTableCasesTest {

    private static final VillainOptions SPLIT = VillainOptions.SPLIT;
    private static final int SIZE = SPLIT.ringSize();
    private static final int FRAME = 100;
    private static final int CHAIN = Frames.HEADER_BYTES + FRAME;

    private static Stream<VillainOptions> layouts() {
        return Stream.of(SPLIT, VillainOptions.PACKED);
    }

    private static Stream<Arguments> badTables() {
        return layouts()
                .flatMap(layout -> Stream.of(0L, 1L, 15L, 17L, 24L, 16L * (SIZE + 1), 0xffff_fff0L, 0x7000_0000L)
                        .map(byteLength -> Arguments.of(layout.isPacked() ? "packed" : "split", layout, byteLength)));
    }

    private static void offer(Villain villain, long table, long byteLength, int flags) {
        villain.transmit().offerBuffer(0, table, byteLength, flags | INDIRECT);
    }

    private static void assertBroken(Trial trial, Villain villain) {
        trial.expect("rings.broken", 1);
        villain.transmit().awaitBroken();
    }

    private static long[] entry(long address, long byteLength, int flags, int next) {
        return new long[] {address, byteLength, flags, next};
    }

    private static long goodTable(Villain villain, byte[] frame) {
        return villain.table(entry(villain.frameBuffer(frame), CHAIN, 0, 0));
    }

    @ParameterizedTest
    @MethodSource("layouts")
    void D01_aTableThatWasNotAgreedOnBreaksTheRing(VillainOptions layout, Trial trial) {
        Villain villain = trial.villain(layout.without(VirtioFeature.INDIRECT_DESC));
        offer(villain, goodTable(villain, Frames.toAll(FRAME, 1)), 16, 0);
        assertBroken(trial, villain);
    }

    @ParameterizedTest(name = "{0}, {2} bytes")
    @MethodSource("badTables")
    void D02_aTableOfNoWholeNumberOfEntriesBreaksTheRing(
            String name, VillainOptions layout, long byteLength, Trial trial) {
        Villain villain = trial.villain(layout);
        offer(villain, goodTable(villain, Frames.toAll(FRAME, 2)), byteLength, 0);
        assertBroken(trial, villain);
    }

    @ParameterizedTest
    @MethodSource("layouts")
    void D03_aTableInATableBreaksTheRing(VillainOptions layout, Trial trial) {
        Villain villain = trial.villain(layout);
        long inner = goodTable(villain, Frames.toAll(FRAME, 3));
        // A packed ring has an entry's flags where a split one has its next.
        offer(villain, villain.table(entry(inner, 16, INDIRECT, layout.isPacked() ? INDIRECT : 0)), 16, 0);
        assertBroken(trial, villain);
    }

    @ParameterizedTest
    @MethodSource("layouts")
    void D03_aTableThatGoesOnInTheRingBreaksIt(VillainOptions layout, Trial trial) {
        Villain villain = trial.villain(layout);
        offer(villain, goodTable(villain, Frames.toAll(FRAME, 3)), 16, NEXT);
        assertBroken(trial, villain);
    }

    /** VIRTIO 1.2, "Indirect Descriptors": the device ignores the write flag of the descriptor that leads to a table. */
    @ParameterizedTest
    @MethodSource("layouts")
    void D03_aTableThatIsSaidToBeWritableIsReadAllTheSame(VillainOptions layout, Trial trial) {
        Villain villain = trial.villain(layout);
        byte[] frame = Frames.toAll(FRAME, 3);
        offer(villain, goodTable(villain, frame), 16, WRITE);
        trial.yard().awaitAtBystander(frame);
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3, 0xffff})
    void D04_aNextOutOfItsTableBreaksTheRing(int next, Trial trial) {
        Villain villain = trial.villain(SPLIT);
        long buffer = villain.frameBuffer(Frames.toAll(FRAME, 4));
        offer(villain, villain.table(entry(buffer, CHAIN, NEXT, next), entry(buffer, CHAIN, 0, 0)), 32, 0);
        assertBroken(trial, villain);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1})
    void D04_aLoopInATableBreaksTheRing(int next, Trial trial) {
        Villain villain = trial.villain(SPLIT);
        long buffer = villain.frameBuffer(Frames.toAll(FRAME, 4));
        offer(villain, villain.table(entry(buffer, CHAIN, NEXT, 1), entry(buffer, CHAIN, NEXT, next)), 32, 0);
        assertBroken(trial, villain);
    }

    /** Cut at every kind of place: between entries, between the words of one, and in the middle of a word. */
    @ParameterizedTest
    @ValueSource(ints = {1, 4, 8, 12, 15, 16, 20, 32, 47})
    void D05_aTableAcrossTwoRegionsIsPutTogether(int before, Trial trial) {
        Villain villain = trial.villain(SPLIT.withRam(RamOptions.regions(2, 1 << 19, 0)));
        byte[] frame = Frames.toAll(FRAME, 5);
        long buffer = villain.frameBuffer(frame);
        byte[] table = Villain.tableBytes(
                entry(buffer, 12, NEXT, 1), entry(buffer + 12, 50, NEXT, 2), entry(buffer + 62, 50, 0, 0));
        offer(villain, acrossTheBorder(villain, table, before), table.length, 0);
        trial.yard().awaitAtBystander(frame);
    }

    private static long acrossTheBorder(Villain villain, byte[] bytes, int before) {
        RamRegion low = villain.ram.regions().getFirst();
        RamRegion high = villain.ram.regions().get(1);
        villain.memory.write(low.hostAddress() + low.byteLength() - before, Arrays.copyOf(bytes, before));
        villain.memory.write(high.hostAddress(), Arrays.copyOfRange(bytes, before, bytes.length));
        return high.guestAddress() - before;
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 4, 8, 16, 24})
    void D05_aTableThatReachesIntoAHoleBreaksTheRing(int before, Trial trial) {
        Villain villain = trial.villain(SPLIT.withRam(RamOptions.regions(2, 1 << 19, 1 << 20)));
        long buffer = villain.frameBuffer(Frames.toAll(FRAME, 5));
        RamRegion low = villain.ram.regions().getFirst();
        byte[] table = Villain.tableBytes(entry(buffer, 12, NEXT, 1), entry(buffer + 12, 100, 0, 0));
        villain.memory.write(low.hostAddress() + low.byteLength() - before, Arrays.copyOf(table, before));
        offer(villain, low.guestAddress() + low.byteLength() - before, table.length, 0);
        assertBroken(trial, villain);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 7, 8, 13})
    void D05_aTableMayLieAtAnyAddress(int off, Trial trial) {
        Villain villain = trial.villain(SPLIT);
        byte[] frame = Frames.toAll(FRAME, 5);
        long buffer = villain.frameBuffer(frame);
        byte[] table = Villain.tableBytes(entry(buffer, 12, NEXT, 1), entry(buffer + 12, 100, 0, 0));
        byte[] shifted = new byte[table.length + off];
        System.arraycopy(table, 0, shifted, off, table.length);
        offer(villain, villain.memory.readable(shifted) + off, table.length, 0);
        trial.yard().awaitAtBystander(frame);
    }

    /** Entries in an order of their own, the table cut in the middle of each of them. */
    @ParameterizedTest
    @ValueSource(ints = {8, 24, 40, 56})
    void D06_aTableInTwoPlacesIsFollowedInItsOwnOrder(int before, Trial trial) {
        Villain villain = trial.villain(SPLIT.withRam(RamOptions.regions(2, 1 << 19, 0)));
        byte[] frame = Frames.toAll(FRAME, 6);
        long buffer = villain.frameBuffer(frame);
        byte[] table = Villain.tableBytes(
                entry(buffer, 12, NEXT, 3),
                entry(buffer + 62, 50, 0, 0),
                entry(0, 0, 0, 0),
                entry(buffer + 12, 50, NEXT, 1));
        offer(villain, acrossTheBorder(villain, table, before), table.length, 0);
        trial.yard().awaitAtBystander(frame);
    }

    @Test
    void D07_aTableInTheRingItselfHarmsNobody(Trial trial) {
        Villain villain = trial.villain(SPLIT);
        byte[] frame = Frames.toAll(FRAME, 7);
        VillainQueue transmit = villain.transmit();
        // Entry 1 of the table is entry 1 of the ring, and both are the frame.
        transmit.descriptor(1, villain.frameBuffer(frame), CHAIN, 0, 0);
        transmit.descriptor(0, villain.ram.guestAddressOf(transmit.ring.descriptorHostAddress()) + 16, 16, INDIRECT, 0);
        transmit.offer(0);
        trial.yard().awaitAtBystander(frame);
        // The ring as its own table has a table in it.
        transmit.descriptor(2, villain.ram.guestAddressOf(transmit.ring.descriptorHostAddress()), 256, INDIRECT, 0);
        transmit.offer(2);
        assertBroken(trial, villain);
    }

    @Test
    void D07_aTableInTheUsedRingOrInAReceiveBufferHarmsNobody(Trial trial) {
        Villain villain = trial.villain(SPLIT);
        long buffer = villain.memory.writable(2048);
        villain.receive().offerBuffer(0, buffer, 2048, WRITE);
        trial.yard().sendFromBystander(Frames.toAll(1500, 7));
        villain.transmit().descriptor(0, buffer, 32, INDIRECT, 0);
        villain.transmit().offer(0);
        long used = villain.ram.guestAddressOf(villain.transmit().ring.usedHostAddress());
        villain.transmit().descriptor(1, used, 32, INDIRECT, 0);
        villain.transmit().offer(1);
        villain.receive().awaitUsed(1);
        trial.allow("rings\\.broken|in\\.dropped\\..*");
    }

    @Test
    void D08_oneTableAfterAnotherBreaksTheRing(Trial trial) {
        Villain villain = trial.villain(SPLIT);
        long table = goodTable(villain, Frames.toAll(FRAME, 8));
        villain.transmit().descriptor(0, table, 16, INDIRECT | NEXT, 1);
        villain.transmit().descriptor(1, table, 16, INDIRECT, 0);
        villain.transmit().offer(0);
        assertBroken(trial, villain);
    }

    @ParameterizedTest
    @MethodSource("layouts")
    void D09_aTableOfOneEmptyEntryIsAnEmptyFrame(VillainOptions layout, Trial trial) {
        Villain villain = trial.villain(layout);
        offer(villain, villain.table(entry(0xdead_0000_0000L, 0, 0, 0)), 16, 0);
        trial.expect("in.dropped.too-short", 1);
        villain.transmit().awaitUsed(1);
        villain.sendGood(1);
    }
}
