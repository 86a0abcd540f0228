package io.annulet.backend.data;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Which port a MAC address was last seen at: a hash table of fixed size; owned by the worker of its switch.
 *
 * <p>An address may stand in one of {@value #WAYS} neighbouring places, so a look-up is bounded. When all of them are
 * taken the oldest makes room: a guest that floods the table with addresses costs others a flooded frame, no more.
 */
final class MacTable<P> {

    private static final int WAYS = 8;

    private final long[] macs;
    private final long[] seenNanos;
    private final @Nullable P[] ports;
    private final int mask;
    private final long ageNanos;

    /**
     * @param capacity a power of two
     * @param ageNanos how long an address is remembered after it was last seen
     */
    @SuppressWarnings("unchecked")
    MacTable(int capacity, long ageNanos) {
        if (Integer.bitCount(capacity) != 1 || capacity < WAYS) {
            throw new IllegalArgumentException("a table of " + capacity + " addresses");
        }
        this.macs = new long[capacity];
        this.seenNanos = new long[capacity];
        this.ports = (@Nullable P[]) new Object[capacity];
        this.mask = capacity - 1;
        this.ageNanos = ageNanos;
    }

    /** The port of an address, or null if it is not known or too old. */
    @Nullable
    P find(long mac, long nowNanos) {
        int first = firstPlace(mac);
        for (int i = 0; i < WAYS; i++) {
            int place = (first + i) & mask;
            if (macs[place] == mac && ports[place] != null) {
                return nowNanos - seenNanos[place] <= ageNanos ? ports[place] : null;
            }
        }
        return null;
    }

    /** Notes that an address was seen at a port. */
    void learn(long mac, P port, long nowNanos) {
        int first = firstPlace(mac);
        int oldest = first;
        for (int i = 0; i < WAYS; i++) {
            int place = (first + i) & mask;
            if (macs[place] == mac && ports[place] != null) {
                seenNanos[place] = nowNanos;
                if (ports[place] != port) {
                    ports[place] = port;
                }
                return;
            }
            if (isOlder(place, oldest)) {
                oldest = place;
            }
        }
        macs[oldest] = mac;
        ports[oldest] = port;
        seenNanos[oldest] = nowNanos;
    }

    private boolean isOlder(int place, int than) {
        if (ports[than] == null) {
            return false;
        }
        return ports[place] == null || seenNanos[place] - seenNanos[than] < 0;
    }

    /** Forgets every address of a port. */
    void forget(P port) {
        for (int i = 0; i < ports.length; i++) {
            if (ports[i] == port) {
                ports[i] = null;
            }
        }
    }

    int size() {
        return (int) Arrays.stream(ports).filter(port -> port != null).count();
    }

    private int firstPlace(long mac) {
        long mixed = mac * 0x9e37_79b9_7f4a_7c15L;
        return (int) (mixed >>> 40) & mask;
    }
}
