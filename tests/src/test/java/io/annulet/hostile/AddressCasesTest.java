package io.annulet.hostile;

import static io.annulet.hostile.VillainQueue.WRITE;
import static io.annulet.vhostuser.VhostUserRequest.SET_MEM_TABLE;
import static io.annulet.vhostuser.VhostUserRequest.SET_VRING_ADDR;
import static io.annulet.vhostuser.VhostUserRequest.SET_VRING_KICK;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import io.annulet.guest.Payloads;
import io.annulet.guest.RamOptions;
import io.annulet.guest.RamRegion;
import io.annulet.linux.Fd;
import io.annulet.linux.Memfd;
import io.annulet.vring.SplitRing;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Class B of the catalogue, second half: addresses of buffers and rings. */
@ExtendWith(Hostile.class)
@Timeout(120)
final class AddressCasesTest {

    private static final VillainOptions SPLIT = VillainOptions.SPLIT;
    private static final int SIZE = SPLIT.ringSize();
    private static final int FRAME = 1000;
    private static final int CHAIN = Frames.HEADER_BYTES + FRAME;
    private static final VillainOptions TWO_NEIGHBOURS = SPLIT.withRam(RamOptions.regions(2, 1 << 19, 0));

    private static void assertDropped(Trial trial, Villain villain) {
        trial.expect("in.dropped.bad-chain", 1);
        villain.transmit().awaitUsed(1);
        villain.transmit().assertUsed(0, 0, 0);
        villain.sendGood(1);
    }

    /** A frame laid out so that the first bytes lie at the end of the first region, and the rest in the second. */
    private static long acrossTheBorder(Villain villain, byte[] bytes, int before) {
        RamRegion low = villain.ram.regions().getFirst();
        RamRegion high = villain.ram.regions().get(1);
        villain.memory.write(low.hostAddress() + low.byteLength() - before, Arrays.copyOf(bytes, before));
        villain.memory.write(high.hostAddress(), Arrays.copyOfRange(bytes, before, bytes.length));
        return high.guestAddress() - before;
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 12, 63, 64, 65, 500, 1011})
    void B03_aFrameAcrossTwoRegionsIsSentByteForByte(int before, Trial trial) {
        Villain villain = trial.villain(TWO_NEIGHBOURS);
        byte[] frame = Frames.toAll(FRAME, before);
        long at = acrossTheBorder(villain, Frames.withHeader(frame), before);
        villain.transmit().offerBuffer(0, at, CHAIN, 0);
        trial.yard().awaitAtBystander(frame);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 10, 11, 12, 13, 64, 500})
    void B03_aReceiveBufferAcrossTwoRegionsIsFilledByteForByte(int before, Trial trial) {
        Villain villain = trial.villain(TWO_NEIGHBOURS);
        RamRegion low = villain.ram.regions().getFirst();
        RamRegion high = villain.ram.regions().get(1);
        villain.memory.mayBeWritten(low.hostAddress() + low.byteLength() - before, before);
        villain.memory.mayBeWritten(high.hostAddress(), CHAIN - before);
        villain.receive().offerBuffer(0, high.guestAddress() - before, CHAIN, WRITE);
        byte[] frame = Frames.toAll(FRAME, before);
        trial.yard().sendFromBystander(frame);
        villain.receive().awaitUsed(1);
        villain.receive().assertUsed(0, 0, CHAIN);
        byte[] got = Arrays.copyOf(villain.memory.read(high.guestAddress() - before, before), CHAIN);
        System.arraycopy(villain.memory.read(high.guestAddress(), CHAIN - before), 0, got, before, CHAIN - before);
        assertArrayEquals(frame, Arrays.copyOfRange(got, Frames.HEADER_BYTES, CHAIN));
    }

    @ParameterizedTest
    @CsvSource({"1012, true", "1011, false", "1, false", "0, false", "-4096, false"})
    void B04_aBufferEndsWithItsRegionOrIsNone(int before, boolean whole, Trial trial) {
        Villain villain = trial.villain(SPLIT.withRam(RamOptions.regions(2, 1 << 19, 1 << 20)));
        RamRegion low = villain.ram.regions().getFirst();
        byte[] frame = Frames.toAll(FRAME, 4);
        byte[] bytes = Frames.withHeader(frame);
        if (before > 0) {
            villain.memory.write(low.hostAddress() + low.byteLength() - before, Arrays.copyOf(bytes, before));
        }
        villain.transmit().offerBuffer(0, low.guestAddress() + low.byteLength() - before, CHAIN, 0);
        if (whole) {
            trial.yard().awaitAtBystander(frame);
        } else {
            assertDropped(trial, villain);
        }
    }

    /** Where the parts of the transmit queue lie, in user addresses: 0 is the end of the region. */
    private static byte[] address(Villain villain, long descriptors, long available, long used) {
        RamRegion region = villain.ram.regions().getFirst();
        long end = region.userAddress() + region.byteLength();
        return Payloads.vringAddress(1, 0, end + descriptors, end + used, end + available, 0);
    }

    @Test
    void B05_eachPartOfARingLiesInOneRegion(Trial trial) {
        Villain villain = trial.villain(TWO_NEIGHBOURS);
        Talk talk = new Talk(trial, villain.frontEnd);
        villain.frontEnd.getVringBase(1);
        long table = -SplitRing.descriptorTableBytes(SIZE);
        long available = -SplitRing.availBytes(SIZE);
        long used = -SplitRing.usedBytes(SIZE) & -4;
        talk.isRefused(SET_VRING_ADDR, address(villain, table + 16, -4096, -8192));
        talk.isRefused(SET_VRING_ADDR, address(villain, -4096, available + 2, -8192));
        talk.isRefused(SET_VRING_ADDR, address(villain, -4096, -8192, used + 4));
        talk.isRefused(SET_VRING_ADDR, address(villain, 0, -4096, -8192));
        talk.isAccepted(SET_VRING_ADDR, address(villain, table, -4096, -8192));
        talk.isAccepted(SET_VRING_ADDR, address(villain, -4096, available, -8192));
        talk.isAccepted(SET_VRING_ADDR, address(villain, -4096, -8192, used));
    }

    @ParameterizedTest
    @CsvSource({"-16, 32", "-1, 1", "0, 1", "-1, 1012", "-4294967296, 1012", "9223372036854775807, 1012"})
    void B06_anAddressThatWrapsIsNone(long address, long byteLength, Trial trial) {
        Villain villain = trial.villain(SPLIT);
        villain.transmit().offerBuffer(0, address, byteLength, 0);
        assertDropped(trial, villain);
    }

    @Test
    void B06_ringAddressesThatWrapAreRefused(Trial trial) {
        Villain villain = trial.villain(SPLIT);
        Talk talk = new Talk(trial, villain.frontEnd);
        villain.frontEnd.getVringBase(1);
        for (long address : new long[] {-16, -1 & -16, 0, Long.MIN_VALUE, Long.MAX_VALUE & -16}) {
            talk.isRefused(SET_VRING_ADDR, Payloads.vringAddress(1, 0, address, address, address, 0));
        }
    }

    /** The last page of all addresses is one like any other. */
    @Test
    void B06_aBufferMayEndWhereAddressesEnd(Trial trial) {
        Villain villain = trial.villain(SPLIT);
        Talk talk = new Talk(trial, villain.frontEnd);
        RamRegion whole = villain.ram.regions().getFirst();
        byte[] low = Messages.region(whole.guestAddress(), whole.byteLength(), whole.userAddress(), 0);
        byte[] frame = Frames.toAll(FRAME, 6);
        try (Fd file = Memfd.create("guest-ram", 4096, true)) {
            talk.isAccepted(
                    SET_MEM_TABLE, Messages.table(2, low, Messages.region(-4096, 4096, -4096, 0)), whole.file(), file);
            villain.transmit().descriptor(0, -CHAIN, CHAIN, 0, 0);
            villain.transmit().descriptor(1, -CHAIN, CHAIN + 1, 0, 0);
            villain.transmit().descriptor(2, villain.frameBuffer(frame), CHAIN, 0, 0);
            villain.transmit().offer(0, 1, 2);
            trial.yard().awaitAtBystander(frame);
            villain.transmit().awaitUsed(3);
            // The page is all zeros, and so are the addresses of its frame.
            trial.expect("in.dropped.no-destination", 1);
            trial.expect("in.dropped.bad-chain", 1);
        }
    }

    @ParameterizedTest
    @CsvSource({"-4095, -8192, -12288", "-4088, -8192, -12288", "-4096, -8191, -12288", "-4096, -8192, -12286"})
    void B11_aRingIsAligned(long descriptors, long available, long used, Trial trial) {
        Villain villain = trial.villain(SPLIT);
        Talk talk = new Talk(trial, villain.frontEnd);
        villain.frontEnd.getVringBase(1);
        talk.isRefused(SET_VRING_ADDR, address(villain, descriptors, available, used));
    }

    @ParameterizedTest
    @CsvSource({"-4094, -8192, -12288", "-4096, -8190, -12288", "-4096, -8192, -12286", "-4092, -8192, -12288"})
    void B11_aPackedRingIsAligned(long descriptors, long driver, long device, Trial trial) {
        Villain villain = trial.villain(VillainOptions.PACKED);
        Talk talk = new Talk(trial, villain.frontEnd);
        villain.frontEnd.getVringBase(1);
        talk.isRefused(SET_VRING_ADDR, address(villain, descriptors, driver, device));
    }

    @ParameterizedTest
    @CsvSource({"-4096, -4096, -4096", "-4096, -8192, -4096", "-4096, -4000, -8192", "-4096, -8192, -8164"})
    void B11_thePartsOfARingAreApart(long descriptors, long available, long used, Trial trial) {
        Villain villain = trial.villain(SPLIT);
        Talk talk = new Talk(trial, villain.frontEnd);
        villain.frontEnd.getVringBase(1);
        talk.isRefused(SET_VRING_ADDR, address(villain, descriptors, available, used));
    }

    @Test
    void B12_ringAddressesAreUserAddressesAndBuffersGuestAddresses(Trial trial) {
        Villain villain = trial.villain(SPLIT);
        Talk talk = new Talk(trial, villain.frontEnd);
        VillainQueue queue = villain.transmit();
        List<Long> parts = List.of(
                villain.ram.guestAddressOf(queue.ring.descriptorHostAddress()),
                villain.ram.guestAddressOf(queue.ring.usedHostAddress()),
                villain.ram.guestAddressOf(queue.ring.availHostAddress()));
        talk.isRefused(SET_VRING_ADDR, Payloads.vringAddress(1, 0, parts.get(0), parts.get(1), parts.get(2), 0));
        RamRegion region = villain.ram.regions().getFirst();
        queue.offerBuffer(0, region.userAddress() + 4096, CHAIN, 0);
        assertDropped(trial, villain);
    }

    @Test
    void B11_aRingWithoutAddressesDoesNotStart(Trial trial) {
        Villain villain = trial.villain(SPLIT);
        villain.frontEnd.getVringBase(1);
        Talk talk = new Talk(trial, villain.frontEnd);
        talk.isRefused(SET_VRING_KICK, Payloads.u64(1), villain.transmit().kick.fd());
    }
}
