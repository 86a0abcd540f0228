package io.annulet.backend.data;

import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Which port a MAC address was last seen at: a hash table of fixed size, shared by the workers of a switch. Addresses are
 * told apart by their VLAN too.
 *
 * <p>An address may stand in one of {@value #WAYS} neighbouring places, so a look-up is bounded. When all of them are
 * taken the oldest makes room: a guest that floods the table with addresses costs others a flooded frame, no more.
 *
 * <p>Nobody waits and nothing is ordered: an entry is one word, address and port together, so whatever is read was
 * written as it is. Of two workers that write the same place at a time one wins; the other's address is unknown until its
 * next frame, which costs a flooded frame too. The VLAN stands in another word and may for that moment belong to another
 * entry: whoever uses VLANs asks the port whether it carries the frame's.
 *
 * <pre>
 *   63                                  16 15            0
 *   | address, in memory order            | port id + 1   |   0: empty
 *   63                                     12 11         0
 *   | when it was seen, nanoseconds          | VLAN       |
 * </pre>
 */
final class MacTable {

    static final int UNKNOWN = -1;
    static final int MAX_PORT_ID = 0xfffe;

    private static final int WAYS = 8;
    private static final int PORT_BITS = 16;
    private static final long PORT_MASK = 0xffff;
    private static final long EMPTY = 0;
    private static final int ADDRESS_BITS = 48;
    private static final long ADDRESS_MASK = (1L << ADDRESS_BITS) - 1;

    /** The lowest bits of a time, some microseconds, have room for a VLAN. */
    private static final long VLAN_MASK = 0xfff;

    /** How exactly the age is kept: workers that see the same address write to its place seldom. */
    private static final int AGE_STEPS = 256;

    private final AtomicLongArray entries;
    private final AtomicLongArray seenNanos;
    private final int mask;
    private final long ageNanos;

    /**
     * @param capacity a power of two
     * @param ageNanos how long an address is remembered after it was last seen
     */
    MacTable(int capacity, long ageNanos) {
        if (Integer.bitCount(capacity) != 1 || capacity < WAYS) {
            throw new IllegalArgumentException("a table of " + capacity + " addresses");
        }
        this.entries = new AtomicLongArray(capacity);
        this.seenNanos = new AtomicLongArray(capacity);
        this.mask = capacity - 1;
        this.ageNanos = ageNanos;
    }

    /** An address in a VLAN, 0 for none. */
    static long key(long mac, int vlan) {
        return mac | (long) vlan << ADDRESS_BITS;
    }

    /** The id of the port of an address, or {@link #UNKNOWN} if there is none or it was seen too long ago. */
    int find(long key, long nowNanos) {
        long mac = key & ADDRESS_MASK;
        int first = firstPlace(key);
        for (int i = 0; i < WAYS; i++) {
            int place = (first + i) & mask;
            long entry = entries.getOpaque(place);
            if (entry >>> PORT_BITS == mac && entry != EMPTY) {
                long seen = seenNanos.getOpaque(place);
                if ((seen & VLAN_MASK) == key >>> ADDRESS_BITS) {
                    return nowNanos - seen <= ageNanos ? portId(entry) : UNKNOWN;
                }
            }
        }
        return UNKNOWN;
    }

    /** Notes that an address was seen at a port, 0 to {@link #MAX_PORT_ID}. */
    void learn(long key, int portId, long nowNanos) {
        long mac = key & ADDRESS_MASK;
        long wanted = mac << PORT_BITS | (portId + 1);
        long now = (nowNanos & ~VLAN_MASK) | key >>> ADDRESS_BITS;
        int first = firstPlace(key);
        int oldest = first;
        for (int i = 0; i < WAYS; i++) {
            int place = (first + i) & mask;
            long entry = entries.getOpaque(place);
            if (entry >>> PORT_BITS == mac && entry != EMPTY) {
                long seen = seenNanos.getOpaque(place);
                if ((seen & VLAN_MASK) == key >>> ADDRESS_BITS) {
                    see(place, seen, now);
                    if (entry != wanted) {
                        entries.setOpaque(place, wanted);
                    }
                    return;
                }
            }
            if (isOlder(place, oldest)) {
                oldest = place;
            }
        }
        seenNanos.setOpaque(oldest, now);
        entries.setOpaque(oldest, wanted);
    }

    private void see(int place, long before, long now) {
        if (now - before > ageNanos / AGE_STEPS) {
            seenNanos.setOpaque(place, now);
        }
    }

    private boolean isOlder(int place, int than) {
        if (entries.getOpaque(than) == EMPTY) {
            return false;
        }
        return entries.getOpaque(place) == EMPTY || seenNanos.getOpaque(place) - seenNanos.getOpaque(than) < 0;
    }

    /** Forgets every address of a port; complete once no worker learns for it any more. */
    void forget(int portId) {
        for (int place = 0; place <= mask; place++) {
            if (portId(entries.getOpaque(place)) == portId) {
                entries.setOpaque(place, EMPTY);
            }
        }
    }

    /** Addresses in the table, old ones included. */
    int size() {
        return (int) IntStream.rangeClosed(0, mask)
                .filter(place -> entries.getOpaque(place) != EMPTY)
                .count();
    }

    /** Addresses that are not too old, at ports that have a name. From any thread; what changes meanwhile may be mixed. */
    Stream<SwitchTable.Entry> entries(long nowNanos, Map<Integer, String> portNames) {
        return IntStream.rangeClosed(0, mask)
                .mapToObj(place -> {
                    long entry = entries.getOpaque(place);
                    long seen = seenNanos.getOpaque(place);
                    String port = entry == EMPTY ? null : portNames.get(portId(entry));
                    long age = Math.max(0, nowNanos - seen);
                    return port == null || age > ageNanos
                            ? null
                            : new SwitchTable.Entry(entry >>> PORT_BITS, (int) (seen & VLAN_MASK), port, age);
                })
                .filter(Objects::nonNull);
    }

    private static int portId(long entry) {
        return (int) (entry & PORT_MASK) - 1;
    }

    private int firstPlace(long key) {
        long mixed = key * 0x9e37_79b9_7f4a_7c15L;
        return (int) (mixed >>> 40) & mask;
    }
}
