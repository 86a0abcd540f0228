package io.annulet.backend.port;

import java.util.Arrays;
import java.util.Comparator;

/**
 * Where ranges of this process's memory are to be found by another party, such as a NIC. The control path changes it; one
 * worker looks up addresses, without a lock: a change is a new table.
 */
final class MemoryRanges {

    /** What {@link #find} answers for memory that is in no range. */
    static final long UNSHARED = -1;

    private volatile Entry[] entries = new Entry[0];

    /** The worker's: the entry that served last. */
    private int last;

    /**
     * A range of this process's addresses, and where the other party finds its first byte.
     */
    record Entry(long address, long byteLength, long there) {}

    synchronized void add(Entry entry) {
        Entry[] next = Arrays.copyOf(entries, entries.length + 1);
        next[next.length - 1] = entry;
        Arrays.sort(next, Comparator.comparing(Entry::address, Long::compareUnsigned));
        entries = next;
    }

    /** Takes out the range that begins there, if there is one. */
    synchronized void remove(long address) {
        entries = Arrays.stream(entries)
                .filter(entry -> entry.address() != address)
                .toArray(Entry[]::new);
    }

    synchronized void clear() {
        entries = new Entry[0];
    }

    boolean isEmpty() {
        return entries.length == 0;
    }

    /** On the worker: where so many bytes of this process are found, or {@link #UNSHARED}. */
    long find(long address, int byteLength) {
        Entry[] now = entries;
        int i = last;
        if (i >= now.length || !contains(now[i], address, byteLength)) {
            i = before(now, address);
            if (i < 0 || !contains(now[i], address, byteLength)) {
                return UNSHARED;
            }
            last = i;
        }
        return now[i].there() + (address - now[i].address());
    }

    private static boolean contains(Entry entry, long address, int byteLength) {
        long offset = address - entry.address();
        return offset >= 0 && offset <= entry.byteLength() - byteLength;
    }

    /** The last entry that does not begin behind the address. */
    private static int before(Entry[] entries, long address) {
        int low = 0;
        int high = entries.length;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (Long.compareUnsigned(entries[middle].address(), address) <= 0) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low - 1;
    }
}
