package io.annulet.channel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.memory.HostMemory;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Every kind of record in the hands of a hostile middle: flipped, replayed, put in another order, left out, cut short,
 * replaced by another channel's and sent back to its sender. Each time the damage is named, nothing false is delivered,
 * and the ends find each other again.
 */
final class EveryKindOfRecordTest {
    private static final String TEXT = "genuine!";
    private static final String COMPANION = "companion";
    private static final int REGION = 1;

    /** What the initiator sends. */
    enum Kind {
        MESSAGE,
        STREAM,
        PLACEMENT,
        REKEY,
        CONFIRM,
        END
    }

    /** A pair of ends, and the record in question, which the responder has not seen. */
    private static final class Stage implements AutoCloseable {
        final TwoEnds ends;
        final Kind kind;
        final long produced;
        final long base;
        final long target;
        long at;
        int byteLength;

        Stage(Kind kind) {
            this.kind = kind;
            // Each record but the first has a change of the key before it.
            KeyLimits limits = new KeyLimits(1, 1L << 40, TimeUnit.HOURS.toNanos(1), 5);
            ends = new TwoEnds(options -> kind == Kind.REKEY ? options.withLimits(limits) : options);
            produced = ends.layout.controlAddress(0);
            target = ends.scratch.address() + 8192;
            ends.responder.channel.register(REGION, target, 64);
            while (!ends.initiator.channel.isEstablished()) {
                ends.initiator.poll();
                if (!ends.initiator.channel.isEstablished()) {
                    ends.responder.poll();
                }
            }
            int confirmBytes = RecordHeader.recordByteLength(0);
            base = HostMemory.loadLong(produced) - confirmBytes;
            at = ends.layout.ringAddress(0);
            byteLength = confirmBytes;
            if (kind != Kind.CONFIRM) {
                ends.pumpUntil(() -> ends.responder.channel.isEstablished());
                at = end();
                send();
                byteLength = kind == Kind.REKEY ? RecordHeader.recordByteLength(Aead.KEY_BYTES) : (int) (end() - at);
            }
        }

        private void send() {
            int length = ends.initiator.put(TEXT);
            SealedChannel channel = ends.initiator.channel;
            assertTrue(
                    switch (kind) {
                        case STREAM -> channel.stream(ends.scratch.address(), length) && channel.flush();
                        case PLACEMENT -> channel.place(REGION, 0, ends.scratch.address(), length) && channel.flush();
                        case END -> channel.end();
                        default -> ends.initiator.send(TEXT);
                    });
        }

        /** Where the next record will be. */
        long end() {
            return ends.layout.ringAddress(0) + HostMemory.loadLong(produced) - base;
        }

        void announce(long bytes) {
            HostMemory.storeLong(produced, HostMemory.loadLong(produced) + bytes);
        }

        /** Another record behind the one in question; nothing follows an end. */
        boolean sendCompanion() {
            return kind == Kind.REKEY || (kind != Kind.END && ends.initiator.send(COMPANION));
        }

        void assertNamed(TwoEnds.End end, ChannelFault... expected) {
            for (int i = 0; i < 3; i++) {
                end.poll();
            }
            assertEquals(1, end.faults.size(), ends::toString);
            assertTrue(List.of(expected).contains(end.faults.getFirst()), ends::toString);
            assertFalse(end.channel.isEstablished());
        }

        void assertNothingWasDelivered() {
            assertEquals(List.of(), ends.responder.messages);
            assertEquals("", ends.responder.stream.toString());
            assertEquals(0, HostMemory.loadLong(target));
            assertFalse(ends.responder.ended);
        }

        void assertTheyFindEachOther() {
            int sessions = ends.responder.sessions;
            ends.pumpUntil(() -> ends.responder.sessions > sessions && ends.initiator.channel.isEstablished());
            ends.pumpUntil(() -> ends.initiator.send("after"));
            ends.pumpUntil(() -> ends.responder.messages.contains("after"));
        }

        @Override
        public void close() {
            ends.close();
        }
    }

    private Stage stage = new Stage(Kind.MESSAGE);

    @AfterEach
    void close() {
        stage.close();
    }

    private void set(Kind kind) {
        stage.close();
        stage = new Stage(kind);
    }

    /** As it was sent, each does what it should; else the other tests would show nothing. */
    @ParameterizedTest
    @EnumSource(Kind.class)
    void leftAloneItArrives(Kind kind) {
        set(kind);
        TwoEnds.End responder = stage.ends.responder;
        responder.poll();
        assertEquals(List.of(), responder.faults);
        assertTrue(
                switch (kind) {
                    case MESSAGE, REKEY -> responder.messages.equals(List.of(TEXT));
                    case STREAM -> responder.stream.toString().equals(TEXT);
                    case PLACEMENT -> HostMemory.same(target(), stage.ends.scratch.address(), TEXT.length());
                    case CONFIRM -> responder.channel.isEstablished();
                    case END -> responder.ended;
                });
    }

    private long target() {
        return stage.target;
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void flipped_O01(Kind kind) {
        set(kind);
        // In the tag, which all of them have.
        long tag = stage.at + RecordHeader.HEADER_BYTES + plainByteLength();
        HostMemory.storeByte(tag, HostMemory.loadByte(tag) ^ 1);
        stage.assertNamed(stage.ends.responder, ChannelFault.RECORD_ALTERED);
        stage.assertNothingWasDelivered();
        stage.assertTheyFindEachOther();
    }

    private long plainByteLength() {
        return RecordHeader.plainByteLength(HostMemory.loadLong(stage.at));
    }

    /** Another type in its header: what it says is then never done. */
    @ParameterizedTest
    @EnumSource(Kind.class)
    void saidToBeAnotherKind_O01(Kind kind) {
        set(kind);
        HostMemory.storeByte(stage.at + 4, HostMemory.loadByte(stage.at + 4) ^ 1);
        stage.assertNamed(stage.ends.responder, ChannelFault.RECORD_ALTERED);
        stage.assertNothingWasDelivered();
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void replayed_O04(Kind kind) {
        set(kind);
        byte[] record = HostMemory.copyOut(stage.at, stage.byteLength);
        TwoEnds.End responder = stage.ends.responder;
        responder.poll();
        assertTrue(responder.channel.isEstablished());
        int delivered = responder.messages.size() + responder.stream.length();
        HostMemory.copyIn(record, 0, record.length, stage.end());
        stage.announce(record.length);
        stage.assertNamed(responder, ChannelFault.RECORD_ALTERED);
        assertEquals(delivered, responder.messages.size() + responder.stream.length(), "delivered once");
        stage.assertTheyFindEachOther();
    }

    @ParameterizedTest
    @EnumSource(value = Kind.class, mode = EnumSource.Mode.EXCLUDE, names = "END")
    void putInAnotherOrder_O04(Kind kind) {
        set(kind);
        assertTrue(stage.sendCompanion());
        long second = stage.at + stage.byteLength;
        byte[] first = HostMemory.copyOut(stage.at, stage.byteLength);
        int secondBytes = (int) (stage.end() - second);
        byte[] other = HostMemory.copyOut(second, secondBytes);
        HostMemory.copyIn(other, 0, other.length, stage.at);
        HostMemory.copyIn(first, 0, first.length, stage.at + secondBytes);
        stage.assertNamed(stage.ends.responder, ChannelFault.RECORD_ALTERED);
        stage.assertNothingWasDelivered();
        stage.assertTheyFindEachOther();
    }

    @ParameterizedTest
    @EnumSource(value = Kind.class, mode = EnumSource.Mode.EXCLUDE, names = "END")
    void leftOut_O04(Kind kind) {
        set(kind);
        assertTrue(stage.sendCompanion());
        long second = stage.at + stage.byteLength;
        byte[] other = HostMemory.copyOut(second, (int) (stage.end() - second));
        HostMemory.copyIn(other, 0, other.length, stage.at);
        stage.announce(-stage.byteLength);
        stage.assertNamed(stage.ends.responder, ChannelFault.RECORD_ALTERED);
        stage.assertNothingWasDelivered();
        stage.assertTheyFindEachOther();
    }

    /** What came before it is delivered, and the other end is never said to have ended. */
    @Test
    void anEndThatIsLeftOutIsMissed_O05() {
        set(Kind.END);
        stage.announce(-stage.byteLength);
        for (int i = 0; i < 10; i++) {
            stage.ends.responder.poll();
        }
        stage.assertNothingWasDelivered();
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void cutShort_O05(Kind kind) {
        set(kind);
        // The rekeying record has another behind it.
        long kept = stage.at + stage.byteLength - 8;
        stage.announce(kept - stage.end());
        stage.assertNamed(stage.ends.responder, ChannelFault.HEADER_FORGED, ChannelFault.INDEX_FORGED);
        stage.assertNothingWasDelivered();
        stage.assertTheyFindEachOther();
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void replacedByAnotherChannels_O04(Kind kind) {
        set(kind);
        try (Stage other = new Stage(kind)) {
            HostMemory.copy(other.at, stage.at, stage.byteLength);
        }
        stage.assertNamed(stage.ends.responder, ChannelFault.RECORD_ALTERED);
        stage.assertNothingWasDelivered();
        stage.assertTheyFindEachOther();
    }

    /** With the end's number in its header mended. */
    @ParameterizedTest
    @EnumSource(Kind.class)
    void sentBackToItsSender_O04(Kind kind) {
        set(kind);
        HostMemory.storeByte(stage.at + 5, 1);
        HostMemory.copy(stage.at, stage.ends.layout.ringAddress(1), stage.byteLength);
        long back = stage.ends.layout.controlAddress(1);
        HostMemory.storeLong(back, HostMemory.loadLong(back) + stage.byteLength);
        stage.assertNamed(stage.ends.initiator, ChannelFault.RECORD_ALTERED);
        assertEquals(List.of(), stage.ends.initiator.messages);
        assertFalse(stage.ends.initiator.ended);
    }
}
