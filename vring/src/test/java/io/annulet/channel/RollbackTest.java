package io.annulet.channel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.annulet.linux.HardwareRandom;
import io.annulet.memory.HostMemory;
import java.lang.foreign.Arena;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** O09: a machine that was set back has the same key and the same number, and seals something else. */
final class RollbackTest {
    private static final int PLAIN_BYTES = 64;

    @Test
    void twoLivesOfOneMachineShareNoKeyStream_O09() {
        assumeTrue(HardwareRandom.find().isPresent(), "this processor has no RDRAND");
        assertFalse(Arrays.equals(keyStream(Freshness.best()), keyStream(Freshness.best())));
    }

    /** What would happen without: the same randomness again gives the same key stream, and so both texts away. */
    @Test
    void theSameRandomnessAgainGivesTheSameRecord_O09() {
        assertEquals(
                Arrays.hashCode(sealWith(new byte[RecordHeader.RANDOM_BYTES], 1)),
                Arrays.hashCode(sealWith(new byte[RecordHeader.RANDOM_BYTES], 1)));
    }

    @Test
    void hardwareRandomnessDiffersFromDrawToDraw_O09() {
        assumeTrue(HardwareRandom.find().isPresent(), "this processor has no RDRAND");
        try (Arena arena = Arena.ofConfined()) {
            long address = arena.allocate(32, 8).address();
            Freshness.best().draw(address);
            Freshness.best().draw(address + 16);
            assertFalse(HostMemory.same(address, address + 16, 16));
        }
    }

    /** Zeros under the first number of a given key: the key stream itself. */
    private static byte[] keyStream(Freshness freshness) {
        try (Arena arena = Arena.ofConfined()) {
            long random = arena.allocate(16, 8).address();
            freshness.draw(random);
            return sealWith(HostMemory.copyOut(random, 16), 0);
        }
    }

    private static byte[] sealWith(byte[] random, int fill) {
        try (Arena arena = Arena.ofShared();
                DirectionKey key = new DirectionKey(
                        KeyLimits.DEFAULT,
                        arena.allocate(DirectionKey.SCRATCH_BYTES, 64).address())) {
            key.begin(new Secret(new byte[32]), new Secret(new byte[32]));
            HostMemory.copyIn(random, 0, random.length, key.randomAddress());
            byte[] plain = new byte[PLAIN_BYTES];
            Arrays.fill(plain, (byte) fill);
            long from = arena.allocate(PLAIN_BYTES, 8).address();
            HostMemory.copyIn(plain, 0, plain.length, from);
            long to = arena.allocate(PLAIN_BYTES + Aead.TAG_BYTES, 8).address();
            key.seal(1, from, PLAIN_BYTES, from, 0, to);
            return HostMemory.copyOut(to, PLAIN_BYTES);
        }
    }
}
