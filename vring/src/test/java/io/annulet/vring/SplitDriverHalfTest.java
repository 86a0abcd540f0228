package io.annulet.vring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Offering and taking back; whether to kick is in {@link AvailableBufferNotificationSuppressionSpecTest}. */
class SplitDriverHalfTest {

    private static final int SIZE = 8;

    private final RawRing raw = new RawRing(SIZE);
    private final SplitRing ring = raw.ring();
    private final SplitDriverHalf driver = raw.driver(true, 0);
    private final long buffers = raw.buffers();

    private void used(int index, int head, long byteLength) {
        raw.used(index, head, byteLength).usedIndex(index + 1);
    }

    @Test
    void whatIsOfferedIsSeenOnlyWhenPublished() {
        int head = driver.offer(buffers, 64, true);
        assertEquals(0, ring.availIndexAcquire());
        driver.publishAvail();
        assertEquals(1, ring.availIndexAcquire());
        assertEquals(head, ring.availHead(0));
        assertEquals(buffers, ring.descriptorAddress(head));
        assertEquals(SplitRing.detail(64, SplitRing.FLAG_WRITE, 0), ring.descriptorDetail(head));
        assertEquals(1, driver.publishedAvailIndex());
    }

    @Test
    void aChainIsLinkedInOrderReadableFirst() {
        int head =
                driver.offerChain(new long[] {buffers, buffers + 100, buffers + 200}, new int[] {12, 60, 1500}, 3, 2);
        driver.publishAvail();
        SplitDeviceHalf device = raw.device();
        ChainBurst burst = new ChainBurst(1, SIZE);
        assertEquals(1, device.take(burst, 1));
        TakenChain expected = new TakenChain(
                head,
                ChainFault.NONE,
                List.of(piece(buffers, 12), piece(buffers + 100, 60)),
                List.of(piece(buffers + 200, 1500)));
        assertEquals(expected, TakenChain.of(burst, 0));
        assertEquals(SIZE - 3, driver.freeDescriptors());
    }

    @Test
    void anIndirectChainTakesOneDescriptor() {
        long table = buffers + 4096;
        int head = driver.offerIndirect(
                table, raw.hostAddress(table), new long[] {buffers, buffers + 100}, new int[] {12, 1500}, 2, 1);
        driver.publishAvail();
        SplitDeviceHalf device = raw.device();
        ChainBurst burst = new ChainBurst(1, SIZE);
        assertEquals(1, device.take(burst, 1));
        TakenChain expected =
                new TakenChain(head, ChainFault.NONE, List.of(piece(buffers, 12)), List.of(piece(buffers + 100, 1500)));
        assertEquals(expected, TakenChain.of(burst, 0));
        assertEquals(SIZE - 1, driver.freeDescriptors());
    }

    private TakenChain.Piece piece(long guestAddress, int byteLength) {
        return new TakenChain.Piece(raw.hostAddress(guestAddress), byteLength);
    }

    @Test
    void offersNothingThatDoesNotFit() {
        long[] addresses = new long[SIZE];
        int[] byteLengths = new int[SIZE];
        assertEquals(SplitDriverHalf.FULL, driver.offerChain(addresses, byteLengths, 0, 0));
        assertTrue(driver.offerChain(addresses, byteLengths, SIZE - 1, 0) >= 0);
        assertEquals(SplitDriverHalf.FULL, driver.offerChain(addresses, byteLengths, 2, 0));
        assertTrue(driver.offer(buffers, 1, false) >= 0);
        assertEquals(SplitDriverHalf.FULL, driver.offer(buffers, 1, false));
        assertEquals(SplitDriverHalf.FULL, driver.offerIndirect(0, 0, addresses, byteLengths, 1, 1));
        assertEquals(0, driver.freeDescriptors());
        driver.publishAvail();
        assertEquals(2, ring.availIndexAcquire());
    }

    @Test
    void takesBackWhatWasUsedInWhateverOrder() {
        int first = driver.offer(buffers, 64, true);
        int second = driver.offer(buffers, 64, true);
        driver.publishAvail();
        assertEquals(SplitDriverHalf.NOTHING, driver.takeUsed());
        used(0, second, 60);
        assertEquals(second, driver.takeUsed());
        assertEquals(60, driver.writtenByteLength());
        assertEquals(SplitDriverHalf.NOTHING, driver.takeUsed());
        assertEquals(1, driver.outstanding());
        used(1, first, 0xffff_ffffL);
        assertEquals(first, driver.takeUsed());
        assertEquals(0xffff_ffffL, driver.writtenByteLength());
        assertEquals(0, driver.outstanding());
        assertEquals(2, driver.usedIndex());
        assertEquals(SIZE, driver.freeDescriptors());
    }

    @ParameterizedTest
    @ValueSource(longs = {1, SIZE - 1, SIZE, 0xffff, 0x1_0000, 0x7fff_ffffL, 0x8000_0000L, 0xffff_ffffL})
    void believesNoDeviceThatUsesWhatWasNotOffered(long head) {
        assertEquals(0, driver.offer(buffers, 64, true));
        driver.publishAvail();
        raw.used(0, head, 64).usedIndex(1);
        assertEquals(SplitDriverHalf.NOT_OFFERED, driver.takeUsed());
        assertEquals(SIZE - 1, driver.freeDescriptors());
    }

    @Test
    void believesNoDeviceThatUsesTheSameChainTwice() {
        int head = driver.offer(buffers, 64, true);
        driver.publishAvail();
        raw.used(0, head, 64).used(1, head, 64).usedIndex(2);
        assertEquals(head, driver.takeUsed());
        assertEquals(SplitDriverHalf.NOT_OFFERED, driver.takeUsed());
        assertEquals(SIZE, driver.freeDescriptors());
    }

    @Test
    void believesNoDeviceThatUsesTheMiddleOfAChain() {
        int head = driver.offerChain(new long[3], new int[3], 3, 3);
        driver.publishAvail();
        int middle = SplitRing.next(ring.descriptorDetail(head));
        raw.used(0, middle, 0).usedIndex(1);
        assertEquals(SplitDriverHalf.NOT_OFFERED, driver.takeUsed());
        assertEquals(SIZE - 3, driver.freeDescriptors());
    }

    @Test
    void aUsedIndexThatJumpsEndsAfterOneRoundOfTheIndex() {
        raw.usedIndex(65_535);
        int steps = 0;
        while (driver.takeUsed() != SplitDriverHalf.NOTHING) {
            steps++;
        }
        assertEquals(65_535, steps);
        assertEquals(SIZE, driver.freeDescriptors());
    }

    @Test
    void noDescriptorIsInTwoChainsAndNoneIsLost() {
        Random random = new Random(5);
        List<Integer> outstanding = new ArrayList<>();
        int usedIndex = 0;
        for (int round = 0; round < 100_000; round++) {
            if (random.nextBoolean()) {
                int count = 1 + random.nextInt(4);
                int head = driver.offerChain(new long[count], new int[count], count, count);
                if (head != SplitDriverHalf.FULL) {
                    outstanding.add(head);
                }
                driver.publishAvail();
            } else if (!outstanding.isEmpty()) {
                int head = outstanding.remove(/* index */ random.nextInt(outstanding.size()));
                raw.used(usedIndex, head, 0);
                usedIndex = Index16.plus(usedIndex, 1);
                raw.usedIndex(usedIndex);
                assertEquals(head, driver.takeUsed());
            }
            assertEquals(SIZE - distinctDescriptors(outstanding), driver.freeDescriptors());
        }
    }

    /** Walks the chains in the ring; a descriptor that two of them share fails. */
    private int distinctDescriptors(List<Integer> heads) {
        Set<Integer> seen = new HashSet<>();
        for (int head : heads) {
            int descriptor = head;
            while (true) {
                assertTrue(seen.add(descriptor), "descriptor " + descriptor + " is in two chains");
                long detail = ring.descriptorDetail(descriptor);
                if ((SplitRing.flags(detail) & SplitRing.FLAG_NEXT) == 0) {
                    break;
                }
                descriptor = SplitRing.next(detail);
            }
        }
        return seen.size();
    }
}
