package io.annulet.hostile;

import static io.annulet.hostile.VillainQueue.INDIRECT;
import static io.annulet.hostile.VillainQueue.NEXT;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.guest.DirtyLog;
import io.annulet.guest.Payloads;
import io.annulet.linux.Fd;
import io.annulet.linux.Mapping;
import io.annulet.linux.Memfd;
import io.annulet.memory.HostMemory;
import io.annulet.vhostuser.ProtocolFeature;
import io.annulet.vhostuser.VhostUserRequest;
import io.annulet.vhostuser.VirtioFeature;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Class F of the catalogue, C12 and G08, on a whole back-end: a second thread changes what is read while it is read. By option
 * for longer: -Dannulet.hostile.race.millis=10000.
 */
@ExtendWith(Hostile.class)
@Timeout(240)
final class FetchRaceCasesTest {

    private static final VillainOptions SPLIT = VillainOptions.SPLIT;
    private static final int FRAME = 100;
    private static final int CHAIN = Frames.HEADER_BYTES + FRAME;
    private static final long NOWHERE = 0xdead_0000_0000L;
    private static final long RACE_NANOS =
            Duration.ofMillis(Long.getLong("annulet.hostile.race.millis", 300)).toNanos();

    private static final long LOG_BYTES = 1 << 20;

    /** So that the upper half of an index changes some hundred times; by option: -Dannulet.hostile.rises=100000000. */
    private static final int RISES = Integer.getInteger("annulet.hostile.rises", 100_000);

    private static final int KICK_EVERY = 64;

    /** Two words that take each other's place as fast as a thread can, while {@code offer} runs again and again. */
    private static void race(long hostAddress, long one, long other, Runnable offer) {
        AtomicBoolean ending = new AtomicBoolean();
        Thread mutator = Thread.ofPlatform().start(() -> {
            while (!ending.get()) {
                for (int i = 0; i < 1000; i++) {
                    HostMemory.storeLong(hostAddress, one);
                    HostMemory.releaseFence();
                    HostMemory.storeLong(hostAddress, other);
                    HostMemory.releaseFence();
                }
            }
        });
        try {
            long endNanos = System.nanoTime() + RACE_NANOS;
            while (System.nanoTime() - endNanos < 0) {
                offer.run();
            }
        } finally {
            ending.set(true);
            try {
                mutator.join();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private static long detail(long byteLength, int flags, int next) {
        return (byteLength & 0xffff_ffffL) | (long) flags << 32 | (long) next << 48;
    }

    /** Offers descriptor 0 a ring full at a time; the ring may not break. */
    private static Runnable offers(Villain villain, Runnable drain) {
        VillainQueue queue = villain.transmit();
        int[] heads = new int[queue.size()];
        int[] rounds = new int[1];
        return () -> {
            queue.offer(heads);
            queue.awaitUsedIndex(queue.size() * ++rounds[0]);
            drain.run();
        };
    }

    /** Each frame goes on or is dropped for a reason; the ring does not break, and nothing is written anywhere. */
    private static void goesOn(Trial trial, Villain villain, long hostAddress, long one, long other) {
        race(hostAddress, one, other, offers(villain, trial.yard()::drainBystander));
        villain.memory.forgetRanges();
        trial.allow("in\\.dropped\\.(bad-chain|too-short|too-long|bad-header|no-destination)");
    }

    private static Villain ready(Trial trial, VillainOptions options) {
        Villain villain = trial.villain(options);
        trial.overloadsTheBystander();
        villain.transmit().descriptor(0, villain.frameBuffer(Frames.toAll(FRAME, 1)), CHAIN, 0, 0);
        return villain;
    }

    @Test
    void F01_theAddressOfADescriptorChangesWhileItIsRead(Trial trial) {
        Villain villain = ready(trial, SPLIT);
        long at = villain.transmit().ring.descriptorHostAddress();
        goesOn(trial, villain, at, HostMemory.loadLong(at), NOWHERE);
    }

    @ParameterizedTest
    @CsvSource({"112, 65536", "112, 0", "112, 0xffffffff", "12, 26"})
    void F02_theLengthOfADescriptorChangesWhileItIsRead(String one, String other, Trial trial) {
        Villain villain = ready(trial, SPLIT);
        long at = villain.transmit().ring.descriptorHostAddress() + 8;
        goesOn(trial, villain, at, detail(Long.decode(one), 0, 0), detail(Long.decode(other), 0, 0));
    }

    @Test
    void F03_aPackedDescriptorChangesWhileItIsRead(Trial trial) {
        Villain villain = trial.villain(VillainOptions.PACKED);
        VillainQueue queue = villain.transmit();
        long buffer = villain.frameBuffer(Frames.toAll(FRAME, 3));
        trial.overloadsTheBystander();
        int[] round = new int[1];
        long word = HostMemory.loadLong(queue.ring.descriptorHostAddress());
        race(queue.ring.descriptorHostAddress(), buffer, NOWHERE, () -> {
            // Every slot once in each round, from the last to the first, so that all are there at once.
            int mine = round[0]++ % 2 == 0 ? VillainQueue.AVAILABLE : VillainQueue.USED;
            for (int slot = queue.size() - 1; slot >= 0; slot--) {
                queue.packedDescriptorAsIs(slot, buffer, slot == 0 ? CHAIN : 12 + slot, slot, mine);
            }
            queue.kick();
            queue.awaitUsedFlags(queue.size() - 1, mine == VillainQueue.AVAILABLE);
            trial.yard().drainBystander();
        });
        assertTrue(round[0] > 0 && word == 0);
        villain.memory.forgetRanges();
        trial.allow("in\\.dropped\\.(bad-chain|too-short)");
    }

    /** All of csum_start, gso_size, type and flags together: a header is judged on a copy, and goes on as it was judged. */
    @Test
    void F04_aHeaderChangesWhileItIsJudged(Trial trial) {
        Villain villain = ready(trial, SPLIT.with(VirtioFeature.NET_CSUM | VirtioFeature.NET_HOST_TSO4));
        long at = villain.ram.hostAddressOf(villain.transmit().ring.descriptorGuestAddress(0));
        goesOn(trial, villain, at, 0, 0xffff_ffff_ffff_ff01L);
    }

    @Test
    void F05_theLengthOfATableChangesWhileItIsRead(Trial trial) {
        Villain villain = ready(trial, SPLIT);
        long buffer = villain.transmit().ring.descriptorGuestAddress(0);
        long table = villain.table(new long[] {buffer, CHAIN, 0, 0}, new long[] {buffer, CHAIN, 0, 0});
        villain.transmit().descriptor(0, table, 16, INDIRECT, 0);
        long at = villain.transmit().ring.descriptorHostAddress() + 8;
        goesOn(trial, villain, at, detail(16, INDIRECT, 0), detail(32, INDIRECT, 0));
    }

    @Test
    void F06_aNextInATableChangesWhileItIsFollowed(Trial trial) {
        Villain villain = ready(trial, SPLIT);
        long buffer = villain.transmit().ring.descriptorGuestAddress(0);
        long table = villain.table(new long[] {buffer, 12, NEXT, 1}, new long[] {buffer + 12, 50, NEXT, 2}, new long[] {
            buffer + 62, 50, 0, 0
        });
        villain.transmit().descriptor(0, table, 48, INDIRECT, 0);
        long at = villain.ram.hostAddressOf(table) + 8;
        goesOn(trial, villain, at, detail(12, NEXT, 1), detail(12, NEXT, 2));
    }

    /** Whoever decides on one destination and forwards another lets a guest past every rule there is. */
    @Test
    void F08_aFrameGoesWhereTheHeaderThatArrivesSays(Trial trial) {
        Villain villain = ready(trial, SPLIT);
        long at = villain.ram.hostAddressOf(villain.transmit().ring.descriptorGuestAddress(0)) + Frames.HEADER_BYTES;
        long toAll = HostMemory.loadLong(at);
        // Its own address: the switch knows where that is, and sends nothing there.
        long toItself = (toAll & ~Frames.TO_ALL) | Long.reverseBytes(Villain.MAC) >>> 16;
        int[] wrong = new int[1];
        int[] seen = new int[1];
        Runnable look = () -> trial.yard().onFramesAtBystander(frame -> {
            seen[0]++;
            // An address that is half of each is nobody's, and so is rightly flooded.
            wrong[0] += destination(frame) == toItself << 16 ? 1 : 0;
        });
        race(at, toAll, toItself, offers(villain, look));
        assertEquals(0, wrong[0], "frames for somebody else came");
        assertTrue(seen[0] > 0, "no frame came");
        villain.memory.forgetRanges();
        trial.allow("in\\.dropped\\.no-destination");
    }

    /** The first six bytes, as a little-endian word's upper ones. */
    private static long destination(byte[] frame) {
        return ByteBuffer.wrap(frame).order(ByteOrder.LITTLE_ENDIAN).getLong() << 16;
    }

    @Test
    void F09_theAvailableIndexAndEntriesChangeWhileTheyAreRead(Trial trial) {
        Villain villain = ready(trial, SPLIT);
        VillainQueue queue = villain.transmit();
        int[] rounds = new int[1];
        // The first three heads beside flags and index: of descriptors, or of none.
        long entries = queue.ring.availHostAddress() + 8;
        race(entries, 0, 0x0003_0002_0001_0000L, () -> {
            queue.publish(++rounds[0] & 0xffff);
            queue.awaitUsedIndex(rounds[0]);
            trial.yard().drainBystander();
        });
        villain.memory.forgetRanges();
        trial.allow("in\\.dropped\\.(bad-chain|too-short|no-destination)");
    }

    /** Bits are only ever set: whatever a front-end does to its log, what is written afterwards is in it. */
    @Test
    void F10_theLogChangesWhileItIsWritten(Trial trial) {
        try (Fd log = Memfd.create("dirty-log", LOG_BYTES, true);
                Mapping view = Mapping.map(log, 0, LOG_BYTES, Mapping.Protection.READ_WRITE)) {
            Villain villain = trial.villain(SPLIT.with(VirtioFeature.LOG_ALL).withProtocol(ProtocolFeature.LOG_SHMFD));
            villain.frontEnd
                    .ask(VhostUserRequest.SET_LOG_BASE, Payloads.log(LOG_BYTES, 0), log)
                    .close();
            VillainQueue queue = villain.receive();
            long buffer = villain.memory.writable(2048);
            queue.descriptor(0, buffer, 2048, VillainQueue.WRITE, 0);
            long page = buffer / DirtyLog.PAGE_BYTES;
            long word = view.address() + page / Long.SIZE * Long.BYTES;
            int[] received = new int[1];
            Runnable receive = () -> {
                queue.offer(new int[queue.size()]);
                for (int i = 0; i < queue.size(); i++) {
                    trial.yard().sendFromBystander(Frames.toAll(FRAME, i));
                }
                received[0] += queue.size();
                queue.awaitUsedIndex(received[0]);
            };
            race(word, 0, -1, receive);
            HostMemory.storeLong(word, 0);
            receive.run();
            assertTrue((HostMemory.loadLong(word) >>> page % Long.SIZE & 1) != 0, "the page is not in the log");
        }
    }

    @Test
    void C12_aChainGrowsAndShrinksWhileItIsRead(Trial trial) {
        Villain villain = ready(trial, SPLIT);
        VillainQueue queue = villain.transmit();
        queue.descriptor(1, queue.ring.descriptorGuestAddress(0) + Frames.HEADER_BYTES, FRAME, 0, 0);
        long at = queue.ring.descriptorHostAddress() + 8;
        goesOn(trial, villain, at, detail(CHAIN, 0, 0), detail(Frames.HEADER_BYTES, NEXT, 1));
    }

    /** Half of an index of before and half of one of now would be a jump, which breaks the ring. */
    @Test
    void G08_anIndexThatRisesAtFullSpeedIsReadWhole(Trial trial) {
        Villain villain = ready(trial, SPLIT.withRingSize(256));
        VillainQueue queue = villain.transmit();
        long endNanos = System.nanoTime() + Trial.LIMIT.toNanos();
        for (int i = 1; i <= RISES; i++) {
            while ((i - 1 - queue.usedCount() & 0xffff) == queue.size()) {
                assertTrue(System.nanoTime() - endNanos < 0, "the ring stands still");
                Thread.onSpinWait();
            }
            queue.ring.availIndex(i & 0xffff);
            if (i % KICK_EVERY == 0) {
                queue.kick.signal();
            }
        }
        queue.kick();
        queue.awaitUsedIndex(RISES);
    }
}
