package io.annulet.channel;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Carries handshake messages through the mailboxes, again and again if it has to; used by its end's thread.
 *
 * <pre>
 *   0        1                          9
 *  +--------+--------------------------+-----------------
 *  | suite  |  attempt, 8 random bytes |  Noise message
 *  +--------+--------------------------+-----------------
 * </pre>
 *
 * <p>The suite is fixed on each side and goes into the handshake as it was meant, not as it was read: nothing is negotiated,
 * so nothing can be talked down. The attempt only tells which answer belongs to which question.
 */
final class Handshaker {
    private static final int HEADER_BYTES = 9;
    private static final int SUITE = 1;
    private static final int SUITE_HYBRID = 2;
    private static final int SUITE_PRE_SHARED = 4;
    private static final int REMEMBERED = 1024;

    /** What a handshake came to. */
    record Outcome(PeerKey peer, Secret hash, Secret sendKey, Secret receiveKey) {}

    private final ChannelOptions options;
    private final Mailbox mailbox;
    private final byte suite;
    private final byte[] prologue;
    private final SecureRandom random = new SecureRandom();

    /** Ephemeral keys that came in first messages, so that none of them is answered twice. */
    private final Deque<byte[]> seen = new ArrayDeque<>();

    private @Nullable NoiseHandshake begun;
    private byte[] attempt = {};

    Handshaker(ChannelOptions options, ChannelLayout layout) {
        this.options = options;
        this.mailbox = new Mailbox(layout, options.role().end());
        this.suite = (byte) (SUITE
                + (options.hybrid() ? SUITE_HYBRID : 0)
                + (options.preSharedKey() == null ? 0 : SUITE_PRE_SHARED));
        this.prologue = ByteBuffer.allocate(17)
                .put(new byte[] {'a', 'n', 'n', 'u', 'l', 'e', 't', '1'})
                .put(suite)
                .putLong(layout.ringByteLength())
                .array();
        // What lies there was meant for whoever was here before.
        mailbox.skip();
    }

    /** The initiator begins, or begins anew. */
    void begin() {
        PeerKey peer = options.peers().getFirst();
        NoiseHandshake next = handshake(peer.bytes());
        attempt = new byte[Long.BYTES];
        random.nextBytes(attempt);
        try {
            post(next.writeFirst(peer.bytes(), new byte[0]));
        } catch (HandshakeFailure e) {
            throw new IllegalArgumentException("the peer's key is no key anyone has: check " + peer, e);
        }
        begun = next;
    }

    private NoiseHandshake handshake(byte[] responder) {
        return new NoiseHandshake(
                prologue,
                options.identity().privateKey(),
                responder,
                options.preSharedKey(),
                options.hybrid(),
                X25519.newPrivateKey(random));
    }

    private void post(byte[] noise) {
        ByteArrayOutputStream message = new ByteArrayOutputStream();
        message.write(suite);
        message.writeBytes(attempt);
        message.writeBytes(noise);
        mailbox.post(message.toByteArray());
    }

    /** Whether the other end has left a message. */
    boolean hasMail() {
        return mailbox.hasNew();
    }

    /**
     * Looks for a message, and answers it if it is a first one.
     *
     * @param beforeAnswer gets what the handshake came to before the other end can know it
     * @return what the handshake came to; null if nothing came, or nothing that belongs to it
     */
    @Nullable
    Outcome poll(Consumer<Outcome> beforeAnswer) throws HandshakeFailure {
        byte[] message = mailbox.poll();
        if (message == null) {
            return null;
        }
        if (message.length < HEADER_BYTES) {
            throw new HandshakeFailure("a handshake message is too short");
        }
        if (message[0] != suite) {
            throw new HandshakeFailure("the other end uses suite " + message[0] + " and this one " + suite
                    + ": both need the same version, --psk and --hybrid");
        }
        byte[] noise = Arrays.copyOfRange(message, HEADER_BYTES, message.length);
        byte[] itsAttempt = Arrays.copyOfRange(message, 1, HEADER_BYTES);
        return options.role() == ChannelOptions.Role.INITIATOR
                ? finish(itsAttempt, noise)
                : answer(itsAttempt, noise, beforeAnswer);
    }

    private @Nullable Outcome finish(byte[] itsAttempt, byte[] noise) throws HandshakeFailure {
        NoiseHandshake handshake = begun;
        if (handshake == null || !Arrays.equals(itsAttempt, attempt)) {
            return null;
        }
        begun = null;
        handshake.readSecond(noise);
        Secret hash = new Secret(handshake.handshakeHash());
        byte[][] keys = handshake.split();
        return new Outcome(options.peers().getFirst(), hash, new Secret(keys[0]), new Secret(keys[1]));
    }

    private Outcome answer(byte[] itsAttempt, byte[] noise, Consumer<Outcome> beforeAnswer) throws HandshakeFailure {
        NoiseHandshake handshake = handshake(options.identity().publicKey().bytes());
        handshake.readFirst(noise);
        PeerKey peer = options.peer(handshake.peerPublic());
        if (peer == null) {
            throw new HandshakeFailure("a stranger, " + new PeerKey(handshake.peerPublic()).fingerprint()
                    + ", is not in the list of peers");
        }
        remember(handshake.ephemeralOfPeer());
        attempt = itsAttempt;
        byte[] second = handshake.writeSecond(new byte[0]);
        Secret hash = new Secret(handshake.handshakeHash());
        byte[][] keys = handshake.split();
        Outcome outcome = new Outcome(peer, hash, new Secret(keys[1]), new Secret(keys[0]));
        beforeAnswer.accept(outcome);
        post(second);
        return outcome;
    }

    private void remember(byte[] ephemeral) throws HandshakeFailure {
        if (seen.stream().anyMatch(old -> Arrays.equals(old, ephemeral))) {
            throw new HandshakeFailure("a first handshake message was replayed");
        }
        seen.addLast(ephemeral);
        if (seen.size() > REMEMBERED) {
            seen.removeFirst();
        }
    }
}
