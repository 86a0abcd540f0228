package io.annulet.channel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.memory.HostMemory;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * A middle that has the shared memory to itself between any two steps of the ends: cases O01 to O06, O10 to O12 and O16.
 * After each of its doings the damage is named, nothing false is delivered, and the ends find each other again.
 */
final class HostileMiddleTest {
    private static final long PRODUCED = 0;
    private static final long CONSUMED = 64;
    private static final long WISH = 192;

    private final TwoEnds ends = new TwoEnds();
    private final long ring = ends.layout.ringAddress(0);
    private final long backRing = ends.layout.ringAddress(1);
    private final long produced = ends.layout.controlAddress(0) + PRODUCED;
    private final long base;

    /** Where the next record of the initiator will begin, and how much of the ring holds records. */
    private long slot;

    HostileMiddleTest() {
        ends.establish();
        base = HostMemory.loadLong(produced) - RecordHeader.recordByteLength(0);
        slot = HostMemory.loadLong(produced) - base;
    }

    @AfterEach
    void close() {
        ends.close();
    }

    /** Sends a message and returns where its record lies. */
    private long record(String text) {
        long at = ring + slot;
        assertTrue(ends.initiator.send(text));
        slot = HostMemory.loadLong(produced) - base;
        return at;
    }

    private long recordEnd() {
        return ring + slot;
    }

    private static void flip(long address, int bit) {
        HostMemory.storeByte(address, HostMemory.loadByte(address) ^ (1 << bit));
    }

    private void assertNamed(ChannelFault... expected) {
        for (int i = 0; i < 3; i++) {
            ends.responder.poll();
        }
        assertEquals(1, ends.responder.faults.size(), ends::toString);
        assertTrue(List.of(expected).contains(ends.responder.faults.getFirst()), ends::toString);
    }

    private void assertRecovers(String... delivered) {
        int sessions = ends.responder.sessions;
        ends.pumpUntil(() -> ends.responder.sessions > sessions && ends.responder.channel.isEstablished());
        ends.pumpUntil(() -> ends.initiator.send("after"));
        ends.pumpUntil(() -> ends.responder.messages.contains("after"));
        List<String> all = new ArrayList<>(List.of(delivered));
        all.add("after");
        assertEquals(all, ends.responder.messages);
    }

    /** Every bit of a record, each in a session of its own memory image: header, randomness, sealed bytes and tag. */
    @Test
    void flipsEveryBitOfARecord_O01() {
        DirectReader direct = new DirectReader();
        int bytes = direct.recordByteLength();
        int padding = bytes - (RecordHeader.HEADER_BYTES + direct.plainByteLength() + RecordHeader.TAG_BYTES);
        for (int bit = 0; bit < 8 * (bytes - padding); bit++) {
            assertFalse(direct.opensWith(bit), "bit " + bit + " was not missed");
        }
        assertTrue(direct.opensWith(-1), "the record as it was sealed opens");
        direct.close();
    }

    @Test
    void flipsABitAndTheEndsFindEachOtherAgain_O01() {
        long at = record("to be altered");
        flip(at + RecordHeader.HEADER_BYTES + 3, 2);
        assertNamed(ChannelFault.RECORD_ALTERED);
        assertRecovers();
    }

    @Test
    void makesALengthLonger_O02() {
        long at = record("long");
        HostMemory.storeShort(at, HostMemory.loadShort(at) + 8);
        assertNamed(ChannelFault.HEADER_FORGED, ChannelFault.RECORD_ALTERED);
        assertRecovers();
    }

    @Test
    void makesALengthShorterOrTremendous_O02() {
        long at = record("longer than eight bytes");
        HostMemory.storeShort(at, 8);
        assertNamed(ChannelFault.RECORD_ALTERED);
        assertRecovers();
        assertFalse(RecordHeader.isPlausible(RecordHeader.word(0, 1, 0) | 0xffff_ffffL, 0));
    }

    @Test
    void replaysARecord_O04() {
        long at = record("once");
        long byteLength = recordEnd() - at;
        ends.pumpUntil(() -> ends.responder.messages.size() == 1);
        HostMemory.copy(at, recordEnd(), byteLength);
        HostMemory.storeLong(produced, base + slot + byteLength);
        assertNamed(ChannelFault.RECORD_ALTERED);
        assertRecovers("once");
    }

    @Test
    void putsRecordsInAnotherOrder_O04() {
        long first = record("first ");
        long second = record("second");
        long byteLength = second - first;
        byte[] kept = HostMemory.copyOut(first, (int) byteLength);
        HostMemory.copy(second, first, byteLength);
        HostMemory.copyIn(kept, 0, kept.length, second);
        assertNamed(ChannelFault.RECORD_ALTERED);
        assertRecovers();
    }

    @Test
    void leavesARecordOut_O04() {
        long first = record("first ");
        long second = record("second");
        HostMemory.copy(second, first, second - first);
        HostMemory.storeLong(produced, base + slot - (second - first));
        assertNamed(ChannelFault.RECORD_ALTERED);
        assertRecovers();
    }

    @Test
    void reflectsARecordToItsSender_O04() {
        long at = record("whose?");
        int byteLength = (int) (recordEnd() - at);
        HostMemory.copy(at, backRing, byteLength);
        long backProduced = ends.layout.controlAddress(1) + PRODUCED;
        HostMemory.storeLong(backProduced, HostMemory.loadLong(backProduced) + byteLength);
        ends.initiator.poll();
        assertEquals(List.of(ChannelFault.HEADER_FORGED), ends.initiator.faults);
        // With the end's number in the header altered too, the keys of the directions still differ.
        assertEquals(List.of(), ends.initiator.messages);
    }

    @Test
    void reflectsARecordWithItsHeaderMended_O04() {
        long at = record("whose?");
        int byteLength = (int) (recordEnd() - at);
        HostMemory.storeByte(at + 5, 1);
        HostMemory.copy(at, backRing, byteLength);
        long backProduced = ends.layout.controlAddress(1) + PRODUCED;
        HostMemory.storeLong(backProduced, HostMemory.loadLong(backProduced) + byteLength);
        ends.initiator.poll();
        assertEquals(List.of(ChannelFault.RECORD_ALTERED), ends.initiator.faults);
    }

    @Test
    void splicesARecordOfAnotherChannel_O04() {
        try (TwoEnds other = new TwoEnds()) {
            other.establish();
            assertTrue(other.initiator.send("of here "));
            long at = record("of there");
            HostMemory.copy(other.layout.ringAddress(0) + (at - ring), at, recordEnd() - at);
            assertNamed(ChannelFault.RECORD_ALTERED);
            assertRecovers();
        }
    }

    @Test
    void cutsAStreamOff_O05() {
        int length = ends.initiator.put("half of it");
        assertTrue(ends.initiator.channel.stream(ends.scratch.address(), length));
        assertTrue(ends.initiator.channel.flush());
        ends.pumpUntil(() -> ends.responder.stream.length() == length);
        long before = HostMemory.loadLong(produced);
        assertTrue(ends.initiator.channel.end());
        HostMemory.storeLong(produced, before);
        for (int i = 0; i < 10; i++) {
            ends.responder.poll();
        }
        assertFalse(ends.responder.ended, "no end was seen, so the stream is known to be cut off");
    }

    @Test
    void setsTheReadersIndexAnywhere_O10() {
        for (long offset : new long[] {-8, 1L << 40, Long.MIN_VALUE, ends.layout.ringByteLength() + 8}) {
            int sessions = ends.responder.sessions;
            HostMemory.storeLong(produced, HostMemory.loadLong(produced) + offset);
            ends.responder.poll();
            assertEquals(ChannelFault.INDEX_FORGED, ends.responder.faults.getLast());
            ends.pumpUntil(() -> ends.responder.sessions > sessions && ends.initiator.channel.isEstablished());
        }
        assertRecoversByItself();
    }

    private void assertRecoversByItself() {
        ends.pumpUntil(() -> ends.initiator.send("after"));
        ends.pumpUntil(() -> ends.responder.messages.contains("after"));
    }

    @Test
    void announcesBytesThatNobodyWrote_O10() {
        HostMemory.storeLong(produced, HostMemory.loadLong(produced) + 8);
        assertNamed(ChannelFault.INDEX_FORGED);
        assertRecovers();
    }

    @Test
    void setsTheWritersIndexAnywhere_O10() {
        long consumed = ends.layout.controlAddress(1) + CONSUMED;
        int length = ends.initiator.put("y".repeat(60_000));
        HostMemory.storeLong(consumed, base - 1);
        for (int i = 0; i < 40 && ends.initiator.channel.flush(); i++) {
            ends.initiator.channel.send(ends.scratch.address(), length);
        }
        ends.initiator.poll();
        assertEquals(List.of(ChannelFault.INDEX_FORGED), ends.initiator.faults);
        ends.pumpUntil(() -> ends.initiator.sessions == 2 && ends.responder.sessions == 2);
        assertRecoversByItself();
    }

    @Test
    void aKeyIsNeverUsedBeyondItsHardLimit_O06() {
        try (DirectReader direct = new DirectReader(new KeyLimits(1000, 1L << 40, TimeUnit.HOURS.toNanos(1), 1001))) {
            for (int i = 0; i < 999; i++) {
                direct.sealOne();
            }
            // A writer that does not change its key, as no honest one would: the reader stops it.
            assertEquals(ChannelFault.KEY_USED_UP, direct.readAllWithoutRekey());
        }
    }

    @Test
    void wishesForHandshakesAllTheTime() {
        long wish = ends.layout.controlAddress(1) + WISH;
        for (int i = 0; i < 50; i++) {
            HostMemory.storeLong(wish, HostMemory.loadLong(wish) + 1);
            ends.initiator.poll();
            ends.responder.poll();
        }
        assertTrue(ends.initiator.sessions < 20, "each wish costs at most one handshake in a tenth of a second");
        ends.pumpUntil(() -> ends.initiator.channel.isEstablished() && ends.responder.channel.isEstablished());
        assertRecoversByItself();
    }

    @Test
    void nothingIsPlacedForARecordThatFails() {
        long target = ends.scratch.address() + 8192;
        ends.responder.channel.register(1, target, 64);
        int length = ends.initiator.put("secret");
        long at = recordEnd();
        assertTrue(ends.initiator.channel.place(1, 0, ends.scratch.address(), length));
        assertTrue(ends.initiator.channel.flush());
        flip(at + RecordHeader.HEADER_BYTES, 0);
        assertNamed(ChannelFault.RECORD_ALTERED);
        assertEquals(0, HostMemory.loadLong(target));
    }

    @Test
    void placesOutsideOfWhatWasRegistered() {
        ends.responder.channel.register(1, ends.scratch.address() + 8192, 64);
        int length = ends.initiator.put("too far");
        assertTrue(ends.initiator.channel.place(1, 60, ends.scratch.address(), length));
        assertTrue(ends.initiator.channel.flush());
        assertNamed(ChannelFault.PLACEMENT_REFUSED);
        ends.pumpUntil(() -> ends.responder.sessions == 2 && ends.initiator.channel.isEstablished());
        assertTrue(ends.initiator.channel.place(2, 0, ends.scratch.address(), length));
        assertTrue(ends.initiator.channel.flush());
        ends.pumpUntil(() -> ends.responder.faults.size() == 2);
        assertEquals(ChannelFault.PLACEMENT_REFUSED, ends.responder.faults.getLast());
    }
}
