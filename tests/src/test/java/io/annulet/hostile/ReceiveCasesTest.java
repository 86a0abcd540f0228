package io.annulet.hostile;

import static io.annulet.hostile.VillainQueue.NEXT;
import static io.annulet.hostile.VillainQueue.WRITE;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.guest.RamOptions;
import io.annulet.guest.RamRegion;
import io.annulet.vhostuser.VirtioFeature;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Class I of the catalogue: receive buffers that are none, too small, too few or in the wrong place. */
@ExtendWith(Hostile.class)
@Timeout(120)
final class ReceiveCasesTest {

    private static final VillainOptions MERGED = VillainOptions.SPLIT;
    private static final VillainOptions SINGLE = MERGED.without(VirtioFeature.NET_MRG_RXBUF);
    private static final int SIZE = 16;
    private static final int HEADER = Frames.HEADER_BYTES;
    private static final long NOWHERE = 0xdead_0000_0000L;
    private static final String BAD_BUFFERS = "receive.bad-buffers";
    private static final String NO_BUFFER = "out.dropped.no-buffer";
    private static final String TOO_SMALL = "out.dropped.buffer-too-small";

    private static int numBuffers(byte[] header) {
        return ByteBuffer.wrap(header).order(ByteOrder.LITTLE_ENDIAN).getShort(10) & 0xffff;
    }

    /** CVE-2026-86566: a buffer that cannot hold a header made a length go below zero. */
    @ParameterizedTest
    @ValueSource(ints = {1, 4, 10, 11, 12})
    void I01_aBufferThatHoldsNoMoreThanAHeaderIsGivenBackEmpty(int byteLength, Trial trial) {
        Villain villain = trial.villain(MERGED);
        villain.receive().offerBuffer(0, villain.memory.writable(byteLength), byteLength, WRITE);
        trial.yard().sendFromBystander(Frames.toAll(100, 1));
        villain.receive().awaitUsed(1);
        villain.receive().assertUsed(0, 0, 0);
        trial.expect(BAD_BUFFERS, 1);
        trial.expect(NO_BUFFER, 1);
    }

    @Test
    void I01_aBufferOfAHeaderAndAByteIsOne(Trial trial) {
        Villain villain = trial.villain(MERGED);
        VillainQueue receive = villain.receive();
        long small = villain.memory.writable(HEADER + 1);
        long large = villain.memory.writable(2048);
        receive.descriptor(0, small, HEADER + 1, WRITE, 0);
        receive.descriptor(1, large, 2048, WRITE, 0);
        receive.offer(0, 1);
        byte[] frame = Frames.toAll(100, 1);
        trial.yard().sendFromBystander(frame);
        receive.awaitUsed(2);
        receive.assertUsed(0, 0, HEADER + 1);
        receive.assertUsed(1, 1, 99);
        assertEquals(2, numBuffers(villain.memory.read(small, HEADER)));
        assertArrayEquals(Arrays.copyOfRange(frame, 1, 100), villain.memory.read(large, 99));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 7, SIZE})
    void I02_aFrameTakesUpToAllBuffersOfTheRing(int buffers, Trial trial) {
        Villain villain = trial.villain(MERGED);
        VillainQueue receive = villain.receive();
        int each = 100;
        long[] addresses = new long[buffers];
        for (int i = 0; i < buffers; i++) {
            addresses[i] = villain.memory.writable(each);
            receive.descriptor(i, addresses[i], each, WRITE, 0);
        }
        int[] heads = new int[buffers];
        Arrays.setAll(heads, i -> i);
        receive.offer(heads);
        int length = buffers * each - HEADER - 10;
        byte[] frame = Frames.toAll(length, 2);
        if (length > 1518) {
            frame = Frames.toAll(1500, 2);
        }
        trial.yard().sendFromBystander(frame);
        int used = (HEADER + frame.length + each - 1) / each;
        receive.awaitUsed(used);
        assertEquals(used, numBuffers(villain.memory.read(addresses[0], HEADER)));
        byte[] got = new byte[HEADER + frame.length];
        for (int i = 0; i < used; i++) {
            int here = Math.min(each, got.length - i * each);
            System.arraycopy(villain.memory.read(addresses[i], here), 0, got, i * each, here);
        }
        assertArrayEquals(frame, Arrays.copyOfRange(got, HEADER, got.length));
    }

    /** What does not fit stays for the next frame. */
    @Test
    void I02_aFrameThatNeedsMoreThanAllBuffersIsDroppedAndTheyAreKept(Trial trial) {
        Villain villain = trial.villain(MERGED);
        VillainQueue receive = villain.receive();
        for (int i = 0; i < SIZE; i++) {
            receive.descriptor(i, villain.memory.writable(40), 40, WRITE, 0);
        }
        int[] heads = new int[SIZE];
        Arrays.setAll(heads, i -> i);
        receive.offer(heads);
        trial.yard().sendFromBystander(Frames.toAll(1500, 2));
        trial.expect(NO_BUFFER, 1);
        trial.yard().sendFromBystander(Frames.toAll(60, 2));
        receive.awaitUsed(2);
    }

    @ParameterizedTest
    @CsvSource({"72, 61", "1511, 1500", "100, 1500"})
    void I03_aFrameIsNeverCutToFit(int buffer, int frame, Trial trial) {
        Villain villain = trial.villain(SINGLE);
        VillainQueue receive = villain.receive();
        receive.offerBuffer(0, villain.memory.writable(buffer), buffer, WRITE);
        trial.yard().sendFromBystander(Frames.toAll(frame, 3));
        trial.expect(TOO_SMALL, 1);
        byte[] fits = Frames.toAll(buffer - HEADER, 3);
        trial.yard().sendFromBystander(fits);
        receive.awaitUsed(1);
        receive.assertUsed(0, 0, buffer);
    }

    /** The largest frames come from another villain, as the bystander sends none: here from the same guest's pair. */
    @ParameterizedTest
    @ValueSource(ints = {9000, 65_553})
    void I03_aLargeFrameIsNeverCutToFit(int byteLength, Trial trial) {
        Villain villain = trial.villain(SINGLE.withRam(RamOptions.of(2 << 20)));
        villain.receive().offerBuffer(0, villain.memory.writable(1600), 1600, WRITE);
        byte[] frame = Frames.toAll(byteLength, 3);
        villain.transmit().offerBuffer(0, villain.frameBuffer(frame), HEADER + (long) byteLength, 0);
        trial.yard().awaitAtBystander(frame);
        assertEquals(0, villain.receive().usedCount(), "its own frame came back");
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 6, 10, 11})
    void I04_aHeaderHalfOfWhichIsNowhereIsNoHeader(int mapped, Trial trial) {
        Villain villain = trial.villain(MERGED.withRam(RamOptions.regions(2, 1 << 19, 1 << 20)));
        RamRegion low = villain.ram.regions().getFirst();
        long at = low.guestAddress() + low.byteLength() - mapped;
        villain.receive().offerBuffer(0, at, 2048, WRITE);
        trial.yard().sendFromBystander(Frames.toAll(100, 4));
        villain.receive().awaitUsed(1);
        villain.receive().assertUsed(0, 0, 0);
        trial.expect(BAD_BUFFERS, 1);
        trial.expect(NO_BUFFER, 1);
    }

    /** num_buffers is written last, into the first buffer, wherever its two bytes lie. */
    @ParameterizedTest
    @ValueSource(ints = {10, 11, 1})
    void I04_theNumberOfBuffersMayLieInTwoPieces(int first, Trial trial) {
        Villain villain = trial.villain(MERGED);
        VillainQueue receive = villain.receive();
        long head = villain.memory.writable(first);
        long rest = villain.memory.writable(60);
        receive.descriptor(0, head, first, WRITE | NEXT, 1);
        receive.descriptor(1, rest, 60, WRITE, 0);
        receive.descriptor(2, villain.memory.writable(2048), 2048, WRITE, 0);
        receive.offer(0, 2);
        trial.yard().sendFromBystander(Frames.toAll(500, 4));
        receive.awaitUsed(2);
        byte[] header = Arrays.copyOf(villain.memory.read(head, first), HEADER);
        System.arraycopy(villain.memory.read(rest, HEADER - first), 0, header, first, HEADER - first);
        assertEquals(2, numBuffers(header));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3})
    void I05_aBadBufferAmongThoseOfOneFrameLosesThatFrameAndNoBuffer(int bad, Trial trial) {
        Villain villain = trial.villain(MERGED);
        VillainQueue receive = villain.receive();
        for (int i = 0; i < 8; i++) {
            receive.descriptor(i, i == bad ? NOWHERE : villain.memory.writable(100), 100, WRITE, 0);
        }
        receive.offer(0, 1, 2, 3, 4, 5, 6, 7);
        trial.yard().sendFromBystander(Frames.toAll(350, 5));
        if (bad == 0) {
            // Nothing was written yet, so the frame goes into those behind it.
            receive.awaitUsed(5);
        } else {
            trial.expect(NO_BUFFER, 1);
            receive.awaitUsed(bad + 1);
            trial.yard().sendFromBystander(Frames.toAll(350, 6));
            receive.awaitUsed(bad + 5);
        }
        for (int i = 0; i <= bad; i++) {
            receive.assertUsed(i, i, 0);
        }
        trial.expect(BAD_BUFFERS, 1);
    }

    /** Buffers are there, and none is large enough: the guest does nothing, and neither do we. */
    @Test
    void I06_buffersThatAreTooSmallCostNoProcessor(Trial trial) {
        Villain villain = trial.villain(SINGLE);
        villain.receive().offerBuffer(0, villain.memory.writable(50), 50, WRITE);
        for (int i = 0; i < 10; i++) {
            trial.yard().sendFromBystander(Frames.toAll(1000, i));
        }
        trial.expect(TOO_SMALL, 10);
        trial.yard().awaitCanary();
        trial.yard().assertIdle();
    }

    @Test
    void I07_aGuestThatTakesNothingLosesItsOwnFramesOnly(Trial trial) {
        Villain villain = trial.villain(MERGED);
        int frames = 500;
        for (int i = 0; i < frames; i++) {
            trial.yard().sendFromBystander(Frames.toAll(1000, i));
        }
        trial.expect(NO_BUFFER, frames);
        assertTrue(villain.receive().usedCount() == 0);
    }
}
