package io.annulet.backend.data;

import io.annulet.backend.offload.Toeplitz;
import java.util.Arrays;

/**
 * Which queue pair a guest wants frames of a flow in, and what it wants flows told apart by; immutable, used by all
 * workers of its port. VIRTIO 1.4, "Network Device, Receive-side scaling (RSS)".
 */
public final class Steering {

    private final int types;
    private final Toeplitz key;
    private final int[] pairs;
    private final int otherwise;

    private Steering(int types, Toeplitz key, int[] pairs, int otherwise) {
        this.types = types;
        this.key = key;
        this.pairs = pairs.clone();
        this.otherwise = otherwise;
    }

    /** The driver wants to be told of hashes, and leaves the choice of queues to the device. */
    public static Steering hashOnly(int types, Toeplitz key) {
        return new Steering(types, key, new int[0], 0);
    }

    /**
     * By a table.
     *
     * @param types of {@link io.annulet.backend.offload.FlowHash}
     * @param pairs a power of two of them; the low bits of the hash choose one
     * @param otherwise the pair for frames without hash
     */
    public static Steering byTable(int types, Toeplitz key, int[] pairs, int otherwise) {
        if (Integer.bitCount(pairs.length) != 1) {
            throw new IllegalArgumentException("a table of " + pairs.length);
        }
        return new Steering(types, key, pairs, otherwise);
    }

    public int types() {
        return types;
    }

    public Toeplitz key() {
        return key;
    }

    /** Whether the table chooses the queue. */
    public boolean choosesQueues() {
        return pairs.length > 0;
    }

    /** The table; empty if there is none. */
    public int[] pairs() {
        return pairs.clone();
    }

    /** The pair for frames without hash. */
    public int otherwise() {
        return otherwise;
    }

    /** The queue pair for a frame. */
    public int pair(boolean hasHash, int hash) {
        return hasHash ? pairs[hash & (pairs.length - 1)] : otherwise;
    }

    @Override
    public String toString() {
        return "types 0x" + Integer.toHexString(types) + ", pairs " + Arrays.toString(pairs) + ", else " + otherwise;
    }
}
