package io.annulet.channel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import io.annulet.memory.HostMemory;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What an honest pair of ends can rely on. */
final class SealedChannelTest {
    private TwoEnds ends = new TwoEnds();

    @AfterEach
    void close() {
        ends.close();
    }

    private void with(UnaryOperator<ChannelOptions> how) {
        ends.close();
        ends = new TwoEnds(how);
    }

    @Test
    void messagesArriveOnceAndInOrderBothWays() {
        ends.establish();
        for (int i = 0; i < 1000; i++) {
            String text = "message " + i;
            ends.pumpUntil(() -> ends.initiator.send(text));
            ends.pumpUntil(() -> ends.responder.send("answer to " + text));
        }
        ends.pumpUntil(() -> ends.initiator.messages.size() == 1000 && ends.responder.messages.size() == 1000);
        assertEquals("message 999", ends.responder.messages.getLast());
        assertEquals("answer to message 500", ends.initiator.messages.get(500));
        assertEquals(List.of(), ends.initiator.faults);
        assertEquals(List.of(), ends.responder.faults);
    }

    @Test
    void messagesAreGatheredIntoOneRecordUntilTheyAreFlushed() {
        ends.establish();
        long before = ends.initiator.channel.counts().recordsSent();
        int length = ends.initiator.put("gathered");
        for (int i = 0; i < 500; i++) {
            assertTrue(ends.initiator.channel.send(ends.scratch.address(), length));
        }
        assertEquals(before, ends.initiator.channel.counts().recordsSent());
        assertTrue(ends.initiator.channel.flush());
        assertEquals(before + 1, ends.initiator.channel.counts().recordsSent());
        ends.pumpUntil(() -> ends.responder.messages.size() == 500);
    }

    @Test
    void theLongestMessageFits() {
        ends.establish();
        assertTrue(ends.initiator.channel.send(ends.scratch.address(), SealedChannel.MAX_MESSAGE_BYTES));
        assertTrue(ends.initiator.channel.flush());
        ends.pumpUntil(() -> ends.responder.messages.size() == 1);
        assertEquals(
                SealedChannel.MAX_MESSAGE_BYTES,
                ends.responder.messages.getFirst().length());
    }

    @Test
    void aStreamEndsWhenItsSenderSaysSo() {
        ends.establish();
        int length = ends.initiator.put("abc");
        assertTrue(ends.initiator.channel.stream(ends.scratch.address(), length));
        assertTrue(ends.initiator.channel.stream(ends.scratch.address(), length));
        assertTrue(ends.initiator.channel.flush());
        ends.pumpUntil(() -> ends.responder.stream.length() == 6);
        assertFalse(ends.responder.ended);
        assertTrue(ends.initiator.channel.end());
        ends.pumpUntil(() -> ends.responder.ended);
        assertFalse(ends.initiator.send("after the end"));
    }

    @Test
    void bytesArePlacedWhereTheirRecordSays() {
        ends.establish();
        long target = ends.scratch.address() + 4096;
        ends.responder.channel.register(7, target, 100);
        int length = ends.initiator.put("placed");
        assertTrue(ends.initiator.channel.place(7, 94, ends.scratch.address(), length));
        assertTrue(ends.initiator.channel.flush());
        ends.pumpUntil(() -> HostMemory.loadByte(target + 99) != 0);
        assertTrue(HostMemory.same(ends.scratch.address(), target + 94, length));
    }

    @Test
    void whoNeverReadsMakesTheOtherWaitInBoundedMemory_O11() {
        ends.establish();
        int length = ends.initiator.put("x".repeat(60_000));
        int sent = 0;
        while (ends.initiator.channel.send(ends.scratch.address(), length) && ends.initiator.channel.flush()) {
            sent++;
        }
        assertTrue(sent >= 1 && sent <= TwoEnds.BYTES / 60_000, "sent " + sent);
        int sentBefore = sent;
        ends.pumpUntil(() -> ends.responder.messages.size() == sentBefore);
        assertTrue(ends.initiator.channel.flush());
    }

    @Test
    void keysChangeByRecordsAndNobodyNotices_O06() {
        with(options -> options.withLimits(new KeyLimits(3, 1L << 40, TimeUnit.HOURS.toNanos(1), 5)));
        exchange(50);
    }

    @Test
    void keysChangeByBytesAndByTime_O06() {
        with(options -> options.withLimits(new KeyLimits(1000, 100, 1, 2000)));
        exchange(50);
    }

    private void exchange(int count) {
        ends.establish();
        for (int i = 0; i < count; i++) {
            ends.pumpUntil(() -> ends.initiator.send("there"));
            ends.pumpUntil(() -> ends.responder.send("back"));
        }
        ends.pumpUntil(() -> ends.responder.messages.size() == count && ends.initiator.messages.size() == count);
        assertEquals(1, ends.initiator.sessions);
        assertEquals(List.of(), ends.responder.faults);
    }

    @Test
    void paddedRecordsTellNoLength() {
        with(options -> options.withPadding(4096));
        ends.establish();
        assertTrue(ends.initiator.send("short"));
        assertTrue(ends.initiator.send("a little longer"));
        ends.pumpUntil(() -> ends.responder.messages.size() == 2);
        assertEquals(List.of("short", "a little longer"), ends.responder.messages);
    }

    @Test
    void preSharedKeyAndHybridHandshakeWork() {
        with(options -> options.withHybrid(true).withPreSharedKey(new Secret(new byte[32])));
        exchange(3);
    }

    @Test
    void eitherEndMayDieAndComeBack_O08() {
        ends.establish();
        ends.initiator.restart();
        ends.establish();
        ends.responder.restart();
        ends.establish();
        ends.pumpUntil(() -> ends.initiator.send("still here"));
        ends.pumpUntil(() -> ends.responder.messages.contains("still here"));
        assertEquals(List.of(), ends.responder.faults);
        assertEquals(List.of(), ends.initiator.faults);
    }

    @Test
    void noByteIsAllocatedForARecordBySendingAndReceiving() {
        ends.establish();
        int length = ends.initiator.put("0123456789abcdef");
        long best = Long.MAX_VALUE;
        var threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        for (int round = 0; round < 5; round++) {
            long before = threads.getCurrentThreadAllocatedBytes();
            for (int i = 0; i < 20_000; i++) {
                ends.initiator.channel.send(ends.scratch.address(), length);
                ends.initiator.channel.flush();
                ends.responder.channel.poll(NOTHING);
            }
            best = Math.min(best, threads.getCurrentThreadAllocatedBytes() - before);
        }
        assertTrue(best < 20_000, "allocated " + best + " bytes for 20,000 records");
    }

    private static final ChannelHandler NOTHING = new ChannelHandler() {};
}
