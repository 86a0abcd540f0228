package io.annulet.vring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.vring.ReferenceDevice.Mistake;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Random rings, legal and not: the device half must do exactly what {@link ReferenceDevice} does. A failure names its
 * seed; {@code -Dannulet.seed=N} starts there, {@code -Dannulet.rings=N} tries as many rings.
 */
class RandomRingsTest {

    private static final long FIRST_SEED = Long.getLong("annulet.seed", 0);
    private static final int RINGS = Integer.getInteger("annulet.rings", 150_000);
    /** A wrong reference must be found within this many rings. */
    private static final int RINGS_FOR_A_MISTAKE = 20_000;

    private static final int[] SIZES = {1, 2, 4, 8, 16, 64};

    private final List<RandomRing> rings = new ArrayList<>();
    private final ChainBurst burst = new ChainBurst(70, 100);
    private final ChainBurst narrow = new ChainBurst(3, 5);
    private final Map<RingFault, Integer> ringFaults = new EnumMap<>(RingFault.class);
    private final Map<ChainFault, Integer> chainFaults = new EnumMap<>(ChainFault.class);

    RandomRingsTest() {
        for (int size : SIZES) {
            rings.add(new RandomRing(size));
        }
    }

    @Test
    void theDeviceHalfDoesWhatThePlainReferenceDoes() {
        compare(RINGS, Mistake.NONE);
        for (RingFault fault : RingFault.values()) {
            assertTrue(ringFaults.containsKey(fault), () -> "no ring had " + fault + ": " + ringFaults);
        }
        for (ChainFault fault : ChainFault.values()) {
            assertTrue(chainFaults.containsKey(fault), () -> "no chain had " + fault + ": " + chainFaults);
        }
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "NONE")
    void aReferenceWithAMistakeIsFound(Mistake mistake) {
        assertThrows(AssertionError.class, () -> compare(RINGS_FOR_A_MISTAKE, mistake));
    }

    private void compare(int count, Mistake mistake) {
        for (long seed = FIRST_SEED; seed < FIRST_SEED + count; seed++) {
            try {
                compare(seed, mistake);
            } catch (AssertionError | RuntimeException different) {
                throw new AssertionError("ring with seed " + seed + ": " + different.getMessage(), different);
            }
        }
    }

    private void compare(long seed, Mistake mistake) {
        SplittableRandom random = new SplittableRandom(seed);
        RandomRing ring = rings.get(random.nextInt(rings.size()));
        RawRing raw = ring.raw;
        int baseIndex = random.nextBoolean() ? 65_536 - random.nextInt(1, 6) : random.nextInt(65_536);
        RingFeatures features = new RingFeatures(random.nextBoolean(), random.nextInt(8) != 0);
        ring.reset(random, baseIndex);
        SplitDeviceHalf device = raw.device(features, baseIndex);
        ReferenceDevice reference = new ReferenceDevice(raw, features, baseIndex, mistake);
        List<TakenChain> borrowed = new ArrayList<>();
        for (int step = 0; step < 8; step++) {
            ring.moveOn(reference.outstanding());
            List<TakenChain> chains = take(random, device, reference);
            ring.scribble();
            int undone = random.nextInt(4) == 0 ? random.nextInt(chains.size() + 1) : 0;
            device.untake(undone);
            reference.untake(undone);
            borrowed.addAll(chains.subList(0, chains.size() - undone));
            int finished = random.nextBoolean() ? borrowed.size() : random.nextInt(borrowed.size() + 1);
            List<TakenChain> prefix = borrowed.subList(0, finished);
            giveBack(random, device, reference, prefix, raw);
            prefix.clear();
            assertEquals(reference.borrowed(), device.borrowed());
            assertEquals(reference.takenIndex(), device.base());
            assertEquals(reference.isWaiting(), device.requestKicks());
        }
        ringFaults.merge(device.fault(), 1, Integer::sum);
    }

    private List<TakenChain> take(SplittableRandom random, SplitDeviceHalf device, ReferenceDevice reference) {
        ChainBurst into = random.nextInt(4) == 0 ? narrow : burst;
        into.clear();
        List<TakenChain> all = new ArrayList<>();
        for (int visits = 1 + random.nextInt(2); visits > 0; visits--) {
            int max = 1 + random.nextInt(random.nextBoolean() ? 4 : 70);
            int segments = all.stream()
                    .mapToInt(
                            chain -> chain.readable().size() + chain.writable().size())
                    .sum();
            List<TakenChain> expected = reference.take(
                    max, into.capacity() - all.size(), (into == narrow ? 5 : 100) - segments, all.isEmpty());
            int taken = device.take(into, max);
            assertEquals(reference.fault, device.fault());
            all.addAll(expected);
            assertEquals(reference.fault == RingFault.NONE ? expected.size() : SplitDeviceHalf.BROKEN, taken);
            assertEquals(all, TakenChain.all(into));
        }
        all.forEach(chain -> chainFaults.merge(chain.fault(), 1, Integer::sum));
        return all;
    }

    private static void giveBack(
            SplittableRandom random,
            SplitDeviceHalf device,
            ReferenceDevice reference,
            List<TakenChain> chains,
            RawRing raw) {
        for (TakenChain chain : chains) {
            int byteLength = random.nextInt();
            device.giveBack(chain.head(), byteLength & 0xffff_ffffL);
            assertEquals(chain.head(), raw.usedHead(reference.used()));
            assertEquals(byteLength & 0xffff_ffffL, raw.usedByteLength(reference.used()));
            reference.giveBack();
            if (random.nextInt(4) == 0) {
                assertEquals(reference.publish(), device.publishUsed());
            }
        }
        if (random.nextInt(4) != 0) {
            assertEquals(reference.publish(), device.publishUsed());
            assertEquals(reference.used(), raw.usedIndex());
        }
    }
}
