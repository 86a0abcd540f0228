package io.annulet.backend.policy;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * The addresses that a port has in use, so many at most. One for all workers: a place is taken atomically, so there are
 * never more than places. Two workers that meet a new address at the same moment may give it two of them, until one ages.
 */
final class AddressBook {

    private static final long FREE = 0;

    /** Beside the address and its VLAN, so that no entry looks free. */
    private static final long TAKEN = 1L << 62;

    /** Workers that see the same address write to its place seldom. */
    private static final long REFRESH_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final AtomicLongArray entries;
    private final AtomicLongArray seenNanos;
    private final long ageNanos;

    AddressBook(int places, long ageNanos) {
        this.entries = new AtomicLongArray(places);
        this.seenNanos = new AtomicLongArray(places);
        this.ageNanos = ageNanos;
    }

    /** Whether an address has a place, or gets that of one that was not seen for long. */
    boolean admits(long key, long nowNanos) {
        long wanted = key | TAKEN;
        int usable = -1;
        long there = FREE;
        for (int place = 0; place < entries.length(); place++) {
            long entry = entries.getOpaque(place);
            long unseenNanos = nowNanos - seenNanos.getOpaque(place);
            if (entry == wanted) {
                if (unseenNanos > REFRESH_NANOS) {
                    seenNanos.setOpaque(place, nowNanos);
                }
                return true;
            }
            if (usable < 0 && (entry == FREE || unseenNanos > ageNanos)) {
                usable = place;
                there = entry;
            }
        }
        if (usable < 0) {
            return false;
        }
        seenNanos.setOpaque(usable, nowNanos);
        return entries.compareAndSet(usable, there, wanted);
    }

    /** Calls for each address that has a place. */
    void forEach(LongBinaryConsumer user) {
        for (int place = 0; place < entries.length(); place++) {
            long entry = entries.get(place);
            if (entry != FREE) {
                user.accept(entry & ~TAKEN, seenNanos.get(place));
            }
        }
    }

    /** An address, and when it was seen. */
    @FunctionalInterface
    interface LongBinaryConsumer {
        void accept(long key, long seenNanos);
    }

    void clear() {
        for (int place = 0; place < entries.length(); place++) {
            entries.setOpaque(place, FREE);
        }
    }
}
