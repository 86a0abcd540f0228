package io.annulet.channel;

import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What an end is told.
 *
 * @param identity who it is
 * @param role who begins handshakes; of the two ends of a channel one does
 * @param peers who may be at the other end; the initiator has one
 * @param preSharedKey what both ends know beside their keys, or null
 * @param hybrid whether ML-KEM-768 secures the handshake beside X25519
 * @param padding records are padded to a multiple of so many bytes; 1 for as they are
 * @param limits of each key
 * @param handshakeNanos after so long without an answer the initiator begins anew
 */
public record ChannelOptions(
        Identity identity,
        Role role,
        List<PeerKey> peers,
        @Nullable Secret preSharedKey,
        boolean hybrid,
        int padding,
        KeyLimits limits,
        long handshakeNanos) {

    /** Who begins. */
    public enum Role {
        INITIATOR,
        RESPONDER;

        int end() {
            return ordinal();
        }
    }

    private static final long DEFAULT_HANDSHAKE_NANOS = 500_000_000;

    public ChannelOptions {
        peers = List.copyOf(peers);
        if (peers.isEmpty() || (role == Role.INITIATOR && peers.size() > 1)) {
            throw new IllegalArgumentException(
                    role == Role.INITIATOR ? "who begins names one peer" : "name the peers that may come");
        }
        if (padding < 1 || padding > RecordHeader.MAX_PLAIN_BYTES) {
            throw new IllegalArgumentException(
                    "padding to " + padding + ": 1 to " + RecordHeader.MAX_PLAIN_BYTES + " bytes");
        }
    }

    /** With everything but the names left as it is usual. */
    public static ChannelOptions of(Identity identity, Role role, PeerKey... peers) {
        return new ChannelOptions(
                identity, role, List.of(peers), null, false, 1, KeyLimits.DEFAULT, DEFAULT_HANDSHAKE_NANOS);
    }

    public ChannelOptions withPreSharedKey(@Nullable Secret key) {
        return new ChannelOptions(identity, role, peers, key, hybrid, padding, limits, handshakeNanos);
    }

    public ChannelOptions withHybrid(boolean wanted) {
        return new ChannelOptions(identity, role, peers, preSharedKey, wanted, padding, limits, handshakeNanos);
    }

    public ChannelOptions withPadding(int bytes) {
        return new ChannelOptions(identity, role, peers, preSharedKey, hybrid, bytes, limits, handshakeNanos);
    }

    public ChannelOptions withLimits(KeyLimits wanted) {
        return new ChannelOptions(identity, role, peers, preSharedKey, hybrid, padding, wanted, handshakeNanos);
    }

    /** The role of one of two ends that both know each other's key and nothing else: the lower key begins. */
    public static Role roleByKeys(Identity own, PeerKey peer) {
        return Arrays.compareUnsigned(own.publicKey().bytes(), peer.bytes()) < 0 ? Role.INITIATOR : Role.RESPONDER;
    }

    @Nullable
    PeerKey peer(byte[] key) {
        return peers.stream().filter(peer -> peer.is(key)).findFirst().orElse(null);
    }
}
