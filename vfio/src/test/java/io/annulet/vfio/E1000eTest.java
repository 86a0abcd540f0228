package io.annulet.vfio;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.memory.HostMemory;
import java.util.List;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What the driver writes into rings and registers, and what it believes of what the NIC writes back. */
final class E1000eTest {

    private static final int BUFFER_BYTES = 2048;
    private static final long DONE_AND_END = 3L << 32;
    private static final long BUFFER = 0x20_0000;

    private final FakeConfigSpace space = new FakeConfigSpace();
    private final FakeRegisters registers = new FakeRegisters(E1000eRegisters.CTRL, E1000eRegisters.CTRL_RESET);
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
            1 << 16,
            1 << 16,
            2 * E1000e.ringBytes());
    private final DmaArea.Piece header = memory.read().take(512, 64);
    private final E1000e nic = new E1000e(registers, new PciConfig(space), memory, BUFFER_BYTES, Interrupts.MESSAGES);

    @BeforeEach
    void start() {
        nic.start();
    }

    @AfterEach
    void close() {
        memory.close();
    }

    /** Where a descriptor lies, by the address that the NIC was told. */
    private long descriptor(int baseRegister, int index) {
        long iova = registers.loadInt(baseRegister) | registers.loadInt(baseRegister + 4) << 32;
        var area = Objects.requireNonNull(addresses.floorEntry(iova));
        return area.getValue() + (iova - area.getKey()) + 16L * index;
    }

    private long received(int index) {
        return descriptor(E1000eRegisters.RDBAL, index) + 8;
    }

    private long sent(int index) {
        return descriptor(E1000eRegisters.TDBAL, index) + 8;
    }

    @Test
    void mayReachMemoryOnlyBetweenStartAndStop() {
        assertTrue(new PciConfig(space).isBusMaster());
        nic.stop();
        assertFalse(new PciConfig(space).isBusMaster());
        assertEquals(0, registers.loadInt(E1000eRegisters.RCTL));
    }

    @Test
    void aFrameIsDoneWhenItsLastDescriptorIs() {
        nic.transmit(header.address(), new long[] {0x1000, 0x2000}, new int[] {64, 900}, 2, 7);
        nic.publishTransmit();
        assertEquals(2, registers.loadInt(E1000eRegisters.TDT));
        assertEquals(0x1000, HostMemory.loadLong(descriptor(E1000eRegisters.TDBAL, 0)));
        assertEquals(900, HostMemory.loadLong(sent(1)) & 0xf_ffff);
        HostMemory.storeLong(sent(0), HostMemory.loadLong(sent(0)) | 1L << 32);
        assertEquals(Nic.NOTHING, nic.takeTransmitted());
        HostMemory.storeLong(sent(1), HostMemory.loadLong(sent(1)) | 1L << 32);
        assertEquals(7, nic.takeTransmitted());
        assertEquals(Nic.NOTHING, nic.takeTransmitted());
    }

    @Test
    void ringsGoRoundWithoutLoss() {
        for (int i = 0; i < 3_000; i++) {
            assertTrue(nic.hasRoom(3));
            nic.transmit(header.address(), new long[] {1, 2, 3}, new int[] {20, 30, 40}, 3, i % 512);
            nic.publishTransmit();
            int last = (int) ((registers.loadInt(E1000eRegisters.TDT) + 511) % 512);
            HostMemory.storeLong(sent(last), HostMemory.loadLong(sent(last)) | 1L << 32);
            assertEquals(i % 512, nic.takeTransmitted());
        }
    }

    @Test
    void aFullRingHasNoRoom() {
        int frames = 0;
        while (nic.hasRoom(2)) {
            nic.transmit(header.address(), new long[] {1, 2}, new int[] {20, 30}, 2, frames++);
        }
        assertEquals(255, frames);
    }

    @Test
    void aChecksumThatIsLeftOpenGetsAContext() {
        HostMemory.storeByte(header.address(), 1);
        HostMemory.storeShort(header.address() + 6, 34);
        HostMemory.storeShort(header.address() + 8, 16);
        nic.transmit(header.address(), new long[] {0x1000}, new int[] {100}, 1, 1);
        long context = HostMemory.loadLong(descriptor(E1000eRegisters.TDBAL, 0));
        assertEquals(34, context >>> 32 & 0xff);
        assertEquals(50, context >>> 40 & 0xff);
        assertEquals(1L << 41, HostMemory.loadLong(sent(1)) & 1L << 41);
    }

    @Test
    void P05_onlyAWholeFrameThatFitsIsBelieved() {
        long[] details = {
            DONE_AND_END | 1_500, DONE_AND_END | 0xffff, 1L << 32 | 600, DONE_AND_END | 1L << 40 | 600, DONE_AND_END
        };
        int[] lengths = {1_500, 0, 0, 0, 0};
        for (int i = 0; i < details.length; i++) {
            nic.offer(BUFFER, BUFFER_BYTES, 10 + i);
        }
        nic.publishReceive();
        for (int i = 0; i < details.length; i++) {
            assertEquals(Nic.NOTHING, nic.takeReceived());
            HostMemory.storeLong(received(i), details[i]);
            assertEquals(10 + i, nic.takeReceived());
            assertEquals(lengths[i], nic.receivedBytes());
        }
        HostMemory.storeLong(received(details.length), DONE_AND_END | 60);
        assertEquals(Nic.NOTHING, nic.takeReceived(), "a descriptor that the NIC was not given");
    }

    @Test
    void receivesEverythingOrForItsAddressesOnly() {
        long all = E1000eRegisters.RCTL_UNICAST_PROMISCUOUS;
        assertEquals(all, registers.loadInt(E1000eRegisters.RCTL) & all);
        nic.receiveOnly(new NicFilter(false, List.of(0x0605_0403_0201L), false, List.of()));
        assertEquals(0, registers.loadInt(E1000eRegisters.RCTL) & all);
        assertEquals(0x0403_0201L, registers.loadInt(E1000eRegisters.RAL0));
        assertEquals(0x8000_0605L, registers.loadInt(E1000eRegisters.RAH0));
    }

    @Test
    void moreAddressesThanItHoldsAreAllAddresses() {
        List<Long> addresses = LongStream.range(0, E1000eRegisters.RECEIVE_ADDRESSES + 1)
                .boxed()
                .toList();
        nic.receiveOnly(new NicFilter(false, addresses, false, List.of()));
        assertEquals(
                E1000eRegisters.RCTL_UNICAST_PROMISCUOUS,
                registers.loadInt(E1000eRegisters.RCTL)
                        & (E1000eRegisters.RCTL_UNICAST_PROMISCUOUS | E1000eRegisters.RCTL_MULTICAST_PROMISCUOUS));
    }

    /** The example of the datasheet: address 12:34:56:78:9a:bc is bit 0xbc9 of the table. */
    @Test
    void groupsAreBitsOfATable() {
        nic.receiveOnly(new NicFilter(false, List.of(), false, List.of(0xbc9a_7856_3412L)));
        for (int i = 0; i < E1000eRegisters.MTA_COUNT; i++) {
            assertEquals(i == 0xbc9 >>> 5 ? 1 << (0xbc9 & 31) : 0, registers.loadInt(E1000eRegisters.MTA + 4 * i));
        }
        nic.stop();
        registers.storeInt(E1000eRegisters.MTA + 4 * (0xbc9 >>> 5), 0);
        nic.start();
        assertEquals(1 << (0xbc9 & 31), registers.loadInt(E1000eRegisters.MTA + 4 * (0xbc9 >>> 5)), "after a reset");
    }

    @Test
    void countsWhatItsRegistersSayUnlessNobodyAnswers() {
        registers.storeInt(0x4080, 5);
        registers.storeInt(0x4090, 6);
        registers.storeInt(0x4094, 7);
        assertEquals(5, nic.take(NicStatistic.SENT));
        assertEquals(7L << 32 | 6, nic.take(NicStatistic.SENT_BYTES));
        registers.storeInt(0x4080, -1);
        assertEquals(0, nic.take(NicStatistic.SENT));
    }

    @Test
    void withALineItHasOneInterruptForAll() {
        E1000e withLine = new E1000e(registers, new PciConfig(space), memory, BUFFER_BYTES, Interrupts.LINE);
        registers.storeInt(E1000eRegisters.IVAR, 0);
        withLine.start();
        assertEquals(0, registers.loadInt(E1000eRegisters.IVAR));
        withLine.requestInterrupts();
        assertEquals(0x81, registers.loadInt(E1000eRegisters.IMS));
        registers.storeInt(E1000eRegisters.ICR, E1000eRegisters.CAUSE_RECEIVED);
        assertFalse(withLine.acknowledgeLine());
        registers.storeInt(E1000eRegisters.ICR, E1000eRegisters.CAUSE_RECEIVED | E1000eRegisters.CAUSE_LINK);
        assertTrue(withLine.acknowledgeLine());
    }

    @Test
    void buffersHaveOneOfFourLengths() {
        assertThrows(IllegalArgumentException.class, () -> E1000eRegisters.bufferSize(1_500));
    }
}
