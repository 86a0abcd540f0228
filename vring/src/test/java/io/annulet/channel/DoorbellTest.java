package io.annulet.channel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.memory.HostMemory;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** When the other end's doorbell rings: once a batch, only while it sleeps, and by the number that it gave. */
final class DoorbellTest {
    private static final long ASLEEP = 128;
    private static final long NUMBER = 256;
    private static final long AWAITS_RECORDS = 1;
    private static final long AWAITS_ROOM = 2;

    private final TwoEnds ends = new TwoEnds();
    private final long responder = ends.layout.controlAddress(1);
    private final long initiator = ends.layout.controlAddress(0);

    @AfterEach
    void close() {
        ends.close();
    }

    private long rings(TwoEnds.End end) {
        return end.channel.counts().doorbells();
    }

    @Test
    void aBatchRingsOnceAndOnlyWhoSleeps() {
        ends.establish();
        int length = ends.initiator.put("frame");
        long before = rings(ends.initiator);
        for (int batch = 0; batch < 10; batch++) {
            HostMemory.storeLong(responder + ASLEEP, batch % 2 == 0 ? AWAITS_RECORDS : 0);
            for (int i = 0; i < 100; i++) {
                assertTrue(ends.initiator.channel.send(ends.scratch.address(), length));
            }
            assertTrue(ends.initiator.channel.flush());
            ends.responder.poll();
        }
        assertEquals(1000, ends.responder.messages.size());
        assertEquals(before + 5, rings(ends.initiator));
    }

    @Test
    void whoReadsRingsOnlyWhoWaitsForRoom() {
        ends.establish();
        long before = rings(ends.responder);
        HostMemory.storeLong(initiator + ASLEEP, AWAITS_RECORDS);
        assertTrue(ends.initiator.send("read"));
        ends.responder.poll();
        assertEquals(before, rings(ends.responder));
        HostMemory.storeLong(initiator + ASLEEP, AWAITS_RECORDS | AWAITS_ROOM);
        assertTrue(ends.initiator.send("read too"));
        ends.responder.poll();
        assertEquals(before + 1, rings(ends.responder));
        assertEquals(List.of("read", "read too"), ends.responder.messages);
    }

    /** Waits no time, and notes what it is told. */
    private static final class Noted implements Doorbell {
        private final int own;
        private final List<Integer> rung = new ArrayList<>();

        Noted(int own) {
            this.own = own;
        }

        @Override
        public int number() {
            return own;
        }

        @Override
        public void ring(int number) {
            rung.add(number);
        }

        @Override
        public void await(long nanos) {}

        @Override
        public void wake() {}
    }

    @Test
    void anEndIsRungByTheNumberThatItGave() {
        Noted bell = new Noted(7);
        ends.initiator.channel.close();
        ends.initiator.channel = new SealedChannel(ends.layout, ends.initiator.options, bell);
        assertEquals(8, HostMemory.loadLong(initiator + NUMBER));
        HostMemory.storeLong(responder + ASLEEP, AWAITS_RECORDS);
        long[] forged = {0, 1, 65_536, 65_537, -1, Long.MIN_VALUE, 1L << 32};
        for (long number : forged) {
            HostMemory.storeLong(responder + NUMBER, number);
            ends.initiator.channel.renew();
            ends.initiator.poll();
        }
        assertEquals(List.of(-1, 0, 65_535, -1, -1, -1, -1), bell.rung);
    }
}
