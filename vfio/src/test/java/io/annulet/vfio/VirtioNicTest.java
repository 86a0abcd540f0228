package io.annulet.vfio;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.memory.HostMemory;
import io.annulet.vfio.Nic.FilterState;
import java.util.List;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What the driver asks a device for on its control queue, and what it makes of answers, wrong ones and none. */
@Timeout(60)
final class VirtioNicTest {

    private static final long OWN = 0x0605_0403_0201L;
    private static final long GROUP = 0x0100_0000_3333L;

    // Where the structures lie in the one BAR.
    private static final int COMMON = 0x1000;
    private static final int NOTIFY = 0x2000;
    private static final int CAUSES = 0x3000;
    private static final int DEVICE = 0x4000;

    private static final int FEATURES = COMMON + 4;
    private static final int CONFIG_VECTOR = COMMON + 16;
    private static final int QUEUE_SIZE = COMMON + 24;
    private static final int QUEUE_VECTOR = COMMON + 26;
    private static final int DESCRIPTORS = COMMON + 32;
    private static final int USED = COMMON + 48;

    private final FakeConfigSpace space = new FakeConfigSpace();
    private final FakeRegisters registers = new FakeRegisters(-1, 0);
    private final TreeMap<Long, Long> addresses = new TreeMap<>();
    private final NicMemory memory = NicMemory.create(
            new DmaMapper() {
                @Override
                public void map(long address, long iova, long byteLength, DmaDirection direction) {
                    addresses.put(iova, address);
                }

                @Override
                public void unmap(long iova, long byteLength) {
                    addresses.remove(iova);
                }
            },
            new IovaSpace(List.of()),
            VirtioNic.readBytes(),
            VirtioNic.writtenBytes(),
            4096);
    private int answered;

    @AfterEach
    void close() {
        memory.close();
    }

    private void structure(int at, int kind, int offset, int next) {
        space.capability(at, PciConfig.CAPABILITY_VENDOR, next);
        space.set(at + 3, 1, kind);
        space.set(at + 8, 4, offset);
        space.set(at + 12, 4, 0x1000);
    }

    private VirtioNic start(Interrupts interrupts) {
        space.set(0x34, 1, 0x40);
        structure(0x40, 1, COMMON, 0x54);
        structure(0x54, 2, NOTIFY, 0x68);
        structure(0x68, 3, CAUSES, 0x7c);
        structure(0x7c, 4, DEVICE, 0);
        // The same in both halves: control queue and its receive modes, VERSION_1 and ACCESS_PLATFORM.
        registers.storeInt(FEATURES, 1 << 17 | 1 << 18 | 3);
        registers.storeInt(QUEUE_SIZE, 256);
        PciConfig config = new PciConfig(space);
        VirtioNic nic = new VirtioNic(VirtioPci.find(config, bar -> registers), config, memory, 2048, interrupts);
        nic.start();
        return nic;
    }

    private long host(long iova) {
        var area = Objects.requireNonNull(addresses.floorEntry(iova));
        return area.getValue() + (iova - area.getKey());
    }

    /** The control queue is the one that was set up last. */
    private long ring(int register) {
        return host(registers.loadInt(register) | registers.loadInt(register + 4) << 32);
    }

    private byte[] request(int byteLength) {
        long descriptor = ring(DESCRIPTORS);
        assertEquals(byteLength, HostMemory.loadLong(descriptor + 8) & 0xffff_ffffL);
        return HostMemory.copyOut(host(HostMemory.loadLong(descriptor)), byteLength);
    }

    /** The device answers the one request that it has. */
    private void answer(int status, int head) {
        long descriptor = ring(DESCRIPTORS) + 16;
        HostMemory.storeByte(host(HostMemory.loadLong(descriptor)), status);
        long used = ring(USED);
        HostMemory.storeLong(used + 4 + 8L * (answered % 2), head | 1L << 32);
        answered++;
        HostMemory.storeShort(used + 2, answered);
    }

    /** Past the request that start makes: everything. */
    private VirtioNic started() {
        VirtioNic nic = start(Interrupts.MESSAGES);
        assertEquals(FilterState.UNDER_WAY, nic.filterState());
        assertArrayEquals(new byte[] {0, 0, 1}, request(3));
        answer(0, 0);
        assertEquals(FilterState.SET, nic.filterState());
        return nic;
    }

    @Test
    void asksForOneThingAfterAnotherAndLastOfAllNotToReceiveEverything() {
        VirtioNic nic = started();
        nic.receiveOnly(new NicFilter(false, List.of(OWN), false, List.of(GROUP)));
        assertArrayEquals(
                new byte[] {1, 0, 1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 1, 0, 0, 0, 0x33, 0x33, 0, 0, 0, 1}, request(22));
        assertEquals(FilterState.UNDER_WAY, nic.filterState());
        answer(0, 0);
        assertEquals(FilterState.UNDER_WAY, nic.filterState());
        assertArrayEquals(new byte[] {0, 1, 0}, request(3));
        answer(0, 0);
        assertEquals(FilterState.UNDER_WAY, nic.filterState());
        assertArrayEquals(new byte[] {0, 0, 0}, request(3));
        answer(0, 0);
        assertEquals(FilterState.SET, nic.filterState());
    }

    @Test
    void aFilterThatChangesUnderWayIsBegunAnew() {
        VirtioNic nic = started();
        nic.receiveOnly(new NicFilter(false, List.of(), true, List.of()));
        nic.receiveOnly(new NicFilter(false, List.of(OWN), true, List.of()));
        request(10);
        answer(0, 0);
        assertEquals(FilterState.UNDER_WAY, nic.filterState());
        assertEquals(1, request(16)[2], "the table of the second one");
    }

    @Test
    void moreAddressesThanTheTableHoldsAreEverything() {
        VirtioNic nic = started();
        List<Long> many = LongStream.range(0, 33).mapToObj(i -> i << 8).toList();
        nic.receiveOnly(new NicFilter(false, many, false, List.of()));
        request(10);
        answer(0, 0);
        nic.filterState();
        answer(0, 0);
        nic.filterState();
        assertArrayEquals(new byte[] {0, 0, 1}, request(3));
    }

    @Test
    void whatTheDeviceRefusesIsTold() {
        VirtioNic nic = started();
        nic.receiveOnly(new NicFilter(false, List.of(OWN), true, List.of()));
        answer(1, 0);
        assertEquals(FilterState.REFUSED, nic.filterState());
        nic.receiveOnly(NicFilter.EVERYTHING);
        answer(0, 0);
        assertEquals(FilterState.SET, nic.filterState());
    }

    @Test
    void P05_anAnswerToWhatWasNotAskedIsNone() {
        VirtioNic nic = started();
        nic.receiveOnly(new NicFilter(false, List.of(OWN), true, List.of()));
        answer(0, 7);
        assertEquals(FilterState.REFUSED, nic.filterState());
    }

    @Test
    void aDeviceThatDoesNotAnswerIsNotAskedAgain() {
        VirtioNic nic = started();
        nic.receiveOnly(new NicFilter(false, List.of(OWN), true, List.of()));
        while (nic.filterState() == FilterState.UNDER_WAY) {
            Thread.onSpinWait();
        }
        assertEquals(FilterState.REFUSED, nic.filterState());
        nic.receiveOnly(NicFilter.EVERYTHING);
        assertEquals(FilterState.REFUSED, nic.filterState());
        answered = 0;
        nic.stop();
        nic.start();
        answer(0, 0);
        assertEquals(FilterState.SET, nic.filterState(), "a device that was reset is asked anew");
    }

    @Test
    void withALineItUsesNoMessages() {
        registers.storeShort(CONFIG_VECTOR, 0xffff);
        VirtioNic nic = start(Interrupts.LINE);
        assertEquals(0xffff, registers.loadShort(CONFIG_VECTOR));
        assertEquals(0xffff, registers.loadShort(QUEUE_VECTOR));
        registers.storeByte(CAUSES, 1);
        assertFalse(nic.acknowledgeLine());
        registers.storeByte(CAUSES, 3);
        assertTrue(nic.acknowledgeLine());
    }
}
