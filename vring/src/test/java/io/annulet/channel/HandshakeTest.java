package io.annulet.channel;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.memory.HostMemory;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.security.InvalidKeyException;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Handshakes under attack, and ends that die during them: cases O07, O08, O09, O14 and O15. */
final class HandshakeTest {
    private static final int MAIL_BYTES_AT = 64;
    private static final int NOISE_AT = 9;

    private final TwoEnds ends = new TwoEnds();
    private final long firstMail = ends.layout.mailAddress(0);
    private final long secondMail = ends.layout.mailAddress(1);

    @AfterEach
    void close() {
        ends.close();
    }

    private static byte[] mail(long address) {
        return HostMemory.copyOut(address + MAIL_BYTES_AT, (int) HostMemory.loadLong(address));
    }

    private static void post(long address, byte[] message) {
        HostMemory.copyIn(message, 0, message.length, address + MAIL_BYTES_AT);
        long number = HostMemory.loadLong(address) >>> 32;
        HostMemory.storeLong(address, (number + 1) << 32 | message.length);
    }

    private void assertTheyTalk() {
        ends.pumpUntil(() -> ends.initiator.send("hello"));
        ends.pumpUntil(() -> ends.responder.messages.contains("hello"));
        ends.pumpUntil(() -> ends.responder.send("hello back"));
        ends.pumpUntil(() -> ends.initiator.messages.contains("hello back"));
    }

    @Test
    void everyByteOfTheFirstMessageCounts_O07() {
        ends.initiator.poll();
        byte[] message = mail(firstMail);
        for (int i = 0; i < message.length; i++) {
            if (i >= 1 && i < NOISE_AT) {
                // The attempt's number only matches answers to questions.
                continue;
            }
            byte[] altered = message.clone();
            altered[i] ^= 0x10;
            post(firstMail, altered);
            ends.responder.poll();
        }
        assertEquals(0, ends.responder.sessions);
        assertEquals(message.length - NOISE_AT + 1, ends.responder.failures.size(), ends::toString);
        ends.establish();
        assertTheyTalk();
    }

    @Test
    void everyByteOfTheAnswerCounts_O07() {
        for (int i = NOISE_AT; i < NOISE_AT + 48; i++) {
            ends.initiator.restart();
            ends.initiator.poll();
            ends.responder.poll();
            byte[] altered = mail(secondMail);
            altered[i] ^= 1;
            post(secondMail, altered);
            int before = ends.initiator.failures.size();
            ends.initiator.poll();
            assertEquals(before + 1, ends.initiator.failures.size());
            assertFalse(ends.initiator.channel.isEstablished());
        }
        ends.establish();
        assertTheyTalk();
    }

    @Test
    void anyPrefixOfAMessageIsRefused_O08() {
        ends.initiator.poll();
        byte[] message = mail(firstMail);
        for (int length = 1; length < message.length; length++) {
            post(firstMail, Arrays.copyOf(message, length));
            ends.responder.poll();
        }
        assertEquals(0, ends.responder.sessions);
        ends.establish();
        assertTheyTalk();
    }

    @Test
    void aReplayedFirstMessageIsAnsweredOnceOnly_O07() {
        ends.establish();
        byte[] recorded = mail(firstMail);
        post(firstMail, recorded);
        ends.responder.poll();
        assertEquals(List.of("a first handshake message was replayed"), ends.responder.failures);
        assertTrue(ends.responder.channel.isEstablished(), "and the session goes on");
        assertTheyTalk();
    }

    @Test
    void aRecordingOpensNothingAtAResponderThatForgotIt_O07() {
        ends.establish();
        byte[] recorded = mail(firstMail);
        long produced = HostMemory.loadLong(ends.layout.controlAddress(0));
        ends.responder.restart();
        post(firstMail, recorded);
        for (int i = 0; i < 20; i++) {
            ends.responder.poll();
            HostMemory.storeLong(ends.layout.controlAddress(0), produced);
        }
        assertEquals(1, ends.responder.sessions, "answered perhaps, and never confirmed");
        ends.establish();
        assertTheyTalk();
    }

    @Test
    void aStrangerIsNamedAndRefused_O07() {
        Identity mallory = Identity.create();
        try (SealedChannel stranger = new SealedChannel(
                ends.layout,
                ChannelOptions.of(mallory, ChannelOptions.Role.INITIATOR, ends.bob.publicKey()),
                new TwoEnds.NoBell())) {
            stranger.poll(new ChannelHandler() {});
            ends.responder.poll();
        }
        assertEquals(1, ends.responder.failures.size());
        assertTrue(
                ends.responder.failures.getFirst().contains(mallory.publicKey().fingerprint()));
        ends.establish();
    }

    @Test
    void anAnswerOfSomeoneElseIsRefused_O07() {
        Identity mallory = Identity.create();
        ends.initiator.poll();
        try (SealedChannel stranger = new SealedChannel(
                ends.layout,
                ChannelOptions.of(mallory, ChannelOptions.Role.RESPONDER, ends.alice.publicKey()),
                new TwoEnds.NoBell())) {
            stranger.poll(new ChannelHandler() {});
            ends.initiator.poll();
        }
        assertFalse(ends.initiator.channel.isEstablished());
        ends.establish();
    }

    @Test
    void otherSuitesAreNotTalkedAbout_O07() {
        ends.initiator.poll();
        for (int suite : new int[] {0, 2, 3, 5, 7, 255}) {
            byte[] message = mail(firstMail);
            message[0] = (byte) suite;
            post(firstMail, message);
            ends.responder.poll();
            assertTrue(ends.responder.failures.getLast().contains("suite"), ends::toString);
        }
        ends.establish();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "0000000000000000000000000000000000000000000000000000000000000000",
                "0100000000000000000000000000000000000000000000000000000000000000",
                "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
                "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"
            })
    void pointsOfLowOrderAreRefused_O07(String point) {
        byte[] low = HexFormat.of().parseHex(point);
        assertThrows(InvalidKeyException.class, () -> X25519.agree(X25519.newPrivateKey(new SecureRandom()), low));
        ends.initiator.poll();
        byte[] message = mail(firstMail);
        System.arraycopy(low, 0, message, NOISE_AT, low.length);
        post(firstMail, message);
        ends.responder.poll();
        assertEquals(List.of("a handshake message has a public key of low order"), ends.responder.failures);
    }

    @Test
    void eitherEndMayDieAfterAnyStep_O08() {
        for (int steps = 0; steps < 12; steps++) {
            for (boolean initiatorDies : new boolean[] {true, false}) {
                try (TwoEnds pair = new TwoEnds()) {
                    for (int step = 0; step < steps; step++) {
                        (step % 2 == 0 ? pair.initiator : pair.responder).poll();
                    }
                    (initiatorDies ? pair.initiator : pair.responder).restart();
                    pair.pumpUntil(() -> pair.initiator.channel.isEstablished()
                            && pair.responder.channel.isEstablished()
                            && pair.initiator.send("after step")
                            && pair.responder.poll() >= 0
                            && pair.responder.messages.contains("after step"));
                    assertEquals(List.of(), pair.responder.faults, "steps " + steps + ", " + initiatorDies);
                    assertEquals(List.of(), pair.initiator.faults, "steps " + steps + ", " + initiatorDies);
                }
            }
        }
    }

    @Test
    void twoThatBothBeginFindNobody_O08() {
        try (SealedChannel other = new SealedChannel(
                ends.layout,
                ChannelOptions.of(ends.bob, ChannelOptions.Role.INITIATOR, ends.alice.publicKey()),
                new TwoEnds.NoBell())) {
            for (int i = 0; i < 50; i++) {
                ends.initiator.poll();
                other.poll(new ChannelHandler() {});
            }
            assertFalse(other.isEstablished());
            assertFalse(ends.initiator.channel.isEstablished());
        }
    }

    @Test
    void aMachineThatIsToldItIsACopyBeginsAnew_O09() {
        ends.establish();
        ends.initiator.channel.renew();
        ends.pumpUntil(() -> ends.initiator.sessions == 2 && ends.responder.sessions == 2);
        ends.responder.channel.renew();
        ends.pumpUntil(() -> ends.initiator.sessions == 3 && ends.responder.sessions == 3);
        assertTheyTalk();
    }

    /** From the moment it is told, and not only from its owner's next turn on. */
    @Test
    void whoIsToldThatItIsACopySealsNothingMoreUnderTheOldKeys_O09() {
        ends.establish();
        for (TwoEnds.End end : List.of(ends.initiator, ends.responder)) {
            int sessions = end.sessions;
            long records = end.channel.counts().recordsSent();
            end.channel.renewSoon();
            assertFalse(end.send("sealed twice"));
            assertFalse(end.channel.end());
            assertEquals(records, end.channel.counts().recordsSent());
            ends.pumpUntil(() -> end.sessions > sessions && end.channel.isEstablished());
            assertTheyTalk();
        }
        assertEquals(List.of(), ends.initiator.faults);
        assertFalse(ends.responder.messages.contains("sealed twice"));
    }

    @Test
    void whoHasOnlyTheRespondersKeyCannotComeAsSomeoneElse_O15() throws Exception {
        byte[] first = forgedFirst();
        byte[] message = new byte[NOISE_AT + first.length];
        message[0] = 1;
        System.arraycopy(first, 0, message, NOISE_AT, first.length);
        post(firstMail, message);
        ends.responder.poll();
        // The forgery is good enough for an answer, as the pattern's first message is. Nothing follows from it: the
        // answer
        // takes the initiator's private key to use.
        assertEquals(List.of(), ends.responder.failures);
        assertFalse(ends.responder.channel.isEstablished());
        assertFalse(ends.responder.send("nothing is sent before the other end has proved itself"));
        ends.establish();
        assertTheyTalk();
    }

    /** The first message as from Alice, made of her public key and Bob's private one. */
    private byte[] forgedFirst() throws Exception {
        byte[] bobPrivate = ends.bob.privateKey();
        byte[] bobPublic = ends.bob.publicKey().bytes();
        byte[] alicePublic = ends.alice.publicKey().bytes();
        byte[] ephemeral = X25519.newPrivateKey(new SecureRandom());
        NoiseState state = new NoiseState(
                "Noise_IK_25519_AESGCM_SHA256".getBytes(US_ASCII),
                ByteBuffer.allocate(17)
                        .put(new byte[] {'a', 'n', 'n', 'u', 'l', 'e', 't', '1', 1})
                        .putLong(ends.layout.ringByteLength())
                        .array());
        state.mixHash(bobPublic);
        ByteArrayOutputStream message = new ByteArrayOutputStream();
        message.writeBytes(X25519.publicKey(ephemeral));
        state.mixHash(X25519.publicKey(ephemeral));
        state.mixKey(X25519.agree(ephemeral, bobPublic));
        message.writeBytes(state.encryptAndHash(alicePublic));
        state.mixKey(X25519.agree(bobPrivate, alicePublic));
        message.writeBytes(state.encryptAndHash(new byte[0]));
        return message.toByteArray();
    }

    @Test
    void aTranscriptAndBothStaticKeysGiveNoSessionKey_O14() throws Exception {
        byte[] prologue = {};
        byte[] ephemeral = X25519.newPrivateKey(new SecureRandom());
        byte[] answering = X25519.newPrivateKey(new SecureRandom());
        byte[] bobPublic = ends.bob.publicKey().bytes();
        NoiseHandshake alice = new NoiseHandshake(prologue, ends.alice.privateKey(), bobPublic, null, false, ephemeral);
        NoiseHandshake bob = new NoiseHandshake(prologue, ends.bob.privateKey(), bobPublic, null, false, answering);
        byte[] first = alice.writeFirst(bobPublic, new byte[0]);
        bob.readFirst(first);
        byte[] second = bob.writeSecond(new byte[0]);
        alice.readSecond(second);
        byte[][] keys = alice.split();
        assertArrayEquals(keys[0], bob.split()[0]);
        assertArrayEquals(new byte[32], ephemeral, "what could open the recording is overwritten");
        assertArrayEquals(new byte[32], answering);

        // Later the thief has both static keys: the first message opens, and the second, which makes the keys, does
        // not.
        NoiseHandshake thiefAsBob = new NoiseHandshake(
                prologue, ends.bob.privateKey(), bobPublic, null, false, X25519.newPrivateKey(new SecureRandom()));
        thiefAsBob.readFirst(first);
        NoiseHandshake thiefAsAlice = new NoiseHandshake(
                prologue, ends.alice.privateKey(), bobPublic, null, false, X25519.newPrivateKey(new SecureRandom()));
        thiefAsAlice.writeFirst(bobPublic, new byte[0]);
        assertThrows(HandshakeFailure.class, () -> thiefAsAlice.readSecond(second));
    }
}
