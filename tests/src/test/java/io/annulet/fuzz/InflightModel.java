package io.annulet.fuzz;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;

/**
 * What vhost-user, "Inflight I/O tracking", has a back-end make of in-flight memory when it reconnects, written down once
 * more from the text, on bytes; stateless. It is as strict as the back-end: what the text's steps can never leave behind
 * is refused.
 */
final class InflightModel {

    /** What a region tells; {@code kind} is one of the constants. */
    record Found(String kind, int position, List<Integer> heads, int descriptors) {}

    static final String NEW = "new";
    static final String REFUSED = "refused";
    static final String KNOWN = "known";

    private final byte[] region;
    private final int size;

    InflightModel(byte[] region, int size) {
        this.region = region;
        this.size = size;
    }

    private int u8(int at) {
        return region[at] & 0xff;
    }

    private int u16(int at) {
        return u8(at) | u8(at + 1) << 8;
    }

    private long u64(int at) {
        long value = 0;
        for (int i = 7; i >= 0; i--) {
            value = value << 8 | u8(at + i);
        }
        return value;
    }

    private static Found refused() {
        return new Found(REFUSED, 0, List.of(), 0);
    }

    private boolean isNew() {
        return u16(8) == 0;
    }

    private boolean hasBadHead(int entries, int entryBytes) {
        boolean bad = u64(0) != 0 || u16(8) != 1 || u16(10) != size;
        for (int i = 0; i < size; i++) {
            bad |= u8(entries + i * entryBytes) > 1;
        }
        return bad;
    }

    /** In the order of their counters, unsigned; the lower entry first where they are the same. */
    private List<Integer> inOrder(Set<Integer> heads, int entries, int entryBytes) {
        TreeMap<String, Integer> sorted = new TreeMap<>();
        for (int head : heads) {
            String counter = String.format("%016x", u64(entries + head * entryBytes + 8));
            sorted.put(counter + String.format("%04x", head), head);
        }
        return new ArrayList<>(sorted.values());
    }

    Found split(int usedIndex, int availIndex) {
        if (isNew()) {
            return new Found(NEW, 0, List.of(), 0);
        }
        if (hasBadHead(16, 16)) {
            return refused();
        }
        Set<Integer> inFlight = new HashSet<>();
        for (int i = 0; i < size; i++) {
            if (u8(16 + 16 * i) == 1) {
                inFlight.add(i);
            }
        }
        int batch = (usedIndex - u16(14)) & 0xffff;
        if (batch > size) {
            return refused();
        }
        Set<Integer> seen = new HashSet<>();
        for (int i = 0, entry = u16(12); i < batch; i++) {
            if (entry >= size || !seen.add(entry)) {
                return refused();
            }
            inFlight.remove(entry);
            entry = u16(16 + 16 * entry + 6);
        }
        int available = (availIndex - usedIndex) & 0xffff;
        if (available > size || inFlight.size() > available) {
            return refused();
        }
        return new Found(KNOWN, usedIndex, inOrder(inFlight, 16, 16), inFlight.size());
    }

    /** @param ringFlags of each descriptor of the ring */
    Found packed(int[] ringFlags) {
        if (isNew()) {
            return new Found(NEW, 0, List.of(), 0);
        }
        int used = u16(16);
        int oldUsed = u16(18);
        int wrap = u8(20);
        int oldWrap = u8(21);
        if (hasBadHead(32, 32) || used >= size || oldUsed >= size || wrap > 1 || oldWrap > 1) {
            return refused();
        }
        int free = u16(14);
        int position = oldUsed | oldWrap << 15;
        boolean differs = used != oldUsed || wrap != oldWrap;
        int available = oldWrap == 1 ? 0x0080 : 0x8000;
        if (differs && (ringFlags[oldUsed] & 0x8080) != available) {
            free = u16(12);
            position = used | wrap << 15;
        }
        Set<Integer> accounted = new HashSet<>();
        while (free != size) {
            if (free > size || !accounted.add(free)) {
                return refused();
            }
            free = u16(32 + 32 * free + 2);
        }
        Set<Integer> heads = new HashSet<>();
        for (int i = 0; i < size; i++) {
            if (u8(32 + 32 * i) == 1 && !accounted.contains(i)) {
                heads.add(i);
            }
        }
        int descriptors = 0;
        for (int head = 0; head < size; head++) {
            if (heads.contains(head)) {
                int length = addChain(head, accounted);
                if (length == 0) {
                    return refused();
                }
                descriptors += length;
            }
        }
        if (accounted.size() != size) {
            return refused();
        }
        return new Found(KNOWN, position, inOrder(heads, 32, 32), descriptors);
    }

    /** Returns its length; 0 if it is none. */
    private int addChain(int head, Set<Integer> accounted) {
        int length = u16(32 + 32 * head + 6);
        int last = u16(32 + 32 * head + 4);
        int entry = head;
        for (int i = 1; i <= length; i++) {
            if (entry >= size || !accounted.add(entry)) {
                return 0;
            }
            boolean goesOn = (u16(32 + 32 * entry + 18) & 1) != 0;
            if (goesOn != (i < length) || (entry == last) != (i == length)) {
                return 0;
            }
            entry = u16(32 + 32 * entry + 2);
        }
        return length;
    }
}
