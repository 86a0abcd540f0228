package io.annulet.memory;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * What a device behind an IOMMU knows of I/O addresses: ranges of them, the memory that stands behind each, and what the
 * device may do with it. Immutable, so any thread may read it; a changed table is a new object. From vhost-user, QEMU 10,
 * "IOMMU support".
 *
 * <p>It is a cache: whoever keeps it may leave out what it was told, and ask again. Entries are sorted by I/O address and
 * do not overlap there; each lies in one region of the memory table. Neighbours that lie side by side in one region are one
 * entry, if their rights are the same.
 */
public final class IoTable {

    public static final IoTable EMPTY = new IoTable(new Entry[0]);

    /**
     * @param at I/O address, user address, length and host address
     * @param access rights
     * @param within the region of the memory table
     */
    private record Entry(Region at, int access, Region within) {

        long first() {
            return at.guestAddress();
        }

        long last() {
            return at.guestAddress() + (at.byteLength() - 1);
        }

        Entry slice(long offset, long byteLength) {
            Region part = new Region(
                    at.guestAddress() + offset, at.userAddress() + offset, byteLength, at.hostAddress() + offset);
            return new Entry(part, access, within);
        }

        boolean goesOnWith(Entry next) {
            return within.equals(next.within)
                    && access == next.access
                    && last() + 1 == next.first()
                    && next.first() != 0
                    && at.hostAddress() + at.byteLength() == next.at.hostAddress();
        }

        Entry with(Entry next) {
            return new Entry(
                    new Region(
                            at.guestAddress(),
                            at.userAddress(),
                            at.byteLength() + next.at.byteLength(),
                            at.hostAddress()),
                    access,
                    within);
        }
    }

    private final Entry[] entries;
    private final GuestMemory memory;

    private IoTable(Entry[] sorted) {
        entries = sorted;
        Region[] regions = new Region[sorted.length];
        byte[] rights = new byte[sorted.length];
        for (int i = 0; i < sorted.length; i++) {
            regions[i] = sorted[i].at;
            rights[i] = (byte) sorted[i].access;
        }
        memory = new GuestMemory(regions, rights);
    }

    /** What addresses in descriptors mean by this table. */
    public GuestMemory memory() {
        return memory;
    }

    public int entryCount() {
        return entries.length;
    }

    /**
     * This table after a range was told: it replaces what its I/O addresses meant before.
     *
     * @param table of the memory that the front-end shared
     * @throws IllegalArgumentException if the range is empty, wraps, or is not in one region, or there are no such rights
     */
    public IoTable updated(long ioAddress, long byteLength, long userAddress, int access, GuestMemory table) {
        if (!Access.isValid(access)) {
            throw new IllegalArgumentException("rights " + access);
        }
        checkRange(ioAddress, byteLength);
        Region within = byteLength > 0 ? table.regionOfUser(userAddress, byteLength) : null;
        if (within == null) {
            throw new IllegalArgumentException(String.format(
                    "%s bytes at user address 0x%x, which are not in one region",
                    Long.toUnsignedString(byteLength), userAddress));
        }
        long hostAddress = within.hostAddress() + (userAddress - within.userAddress());
        Entry told = new Entry(new Region(ioAddress, userAddress, byteLength, hostAddress), access, within);
        List<Entry> next = without(told.first(), told.last());
        int place = 0;
        while (place < next.size() && Long.compareUnsigned(next.get(place).first(), told.first()) < 0) {
            place++;
        }
        next.add(place, told);
        mergeAt(next, place);
        if (place > 0) {
            mergeAt(next, place - 1);
        }
        return of(next);
    }

    private static void mergeAt(List<Entry> list, int place) {
        if (place + 1 < list.size() && list.get(place).goesOnWith(list.get(place + 1))) {
            list.set(place, list.get(place).with(list.remove(place + 1)));
        }
    }

    /**
     * This table after the front-end took a range back.
     *
     * @param byteLength unsigned
     * @throws IllegalArgumentException if the range is empty or wraps
     */
    public IoTable invalidated(long ioAddress, long byteLength) {
        checkRange(ioAddress, byteLength);
        return of(without(ioAddress, ioAddress + (byteLength - 1)));
    }

    private static void checkRange(long ioAddress, long byteLength) {
        if (byteLength == 0 || Long.compareUnsigned(ioAddress + (byteLength - 1), ioAddress) < 0) {
            throw new IllegalArgumentException(String.format(
                    "%s bytes at I/O address 0x%x, which are none or wrap",
                    Long.toUnsignedString(byteLength), ioAddress));
        }
    }

    /** What is left if all from the first to the last address is taken away. */
    private List<Entry> without(long first, long last) {
        List<Entry> rest = new ArrayList<>(entries.length + 2);
        for (Entry entry : entries) {
            if (Long.compareUnsigned(entry.last(), first) < 0 || Long.compareUnsigned(entry.first(), last) > 0) {
                rest.add(entry);
                continue;
            }
            if (Long.compareUnsigned(entry.first(), first) < 0) {
                rest.add(entry.slice(0, first - entry.first()));
            }
            if (Long.compareUnsigned(entry.last(), last) > 0) {
                rest.add(entry.slice(last + 1 - entry.first(), entry.last() - last));
            }
        }
        return rest;
    }

    /** This table in a changed memory table: what is not in one region any more is left out. */
    public IoTable in(GuestMemory table) {
        IoTable next = EMPTY;
        List<Entry> kept = new ArrayList<>(entries.length);
        for (Entry entry : entries) {
            Region within = table.regionOfUser(entry.at.userAddress(), entry.at.byteLength());
            if (within != null) {
                long host = within.hostAddress() + (entry.at.userAddress() - within.userAddress());
                Region at = new Region(entry.at.guestAddress(), entry.at.userAddress(), entry.at.byteLength(), host);
                kept.add(new Entry(at, entry.access, within));
            }
        }
        return kept.isEmpty() ? next : of(kept);
    }

    /** Only what has to do with one of these ranges, given as first addresses and, behind each, last ones. */
    public IoTable only(long[] ranges) {
        List<Entry> kept = new ArrayList<>();
        for (Entry entry : entries) {
            boolean touches = false;
            for (int i = 0; i < ranges.length && !touches; i += 2) {
                touches = Long.compareUnsigned(entry.first(), ranges[i + 1]) <= 0
                        && Long.compareUnsigned(entry.last(), ranges[i]) >= 0;
            }
            if (touches) {
                kept.add(entry);
            }
        }
        return of(kept);
    }

    private static IoTable of(List<Entry> sorted) {
        return new IoTable(sorted.toArray(Entry[]::new));
    }

    /**
     * The first address from {@code ioAddress} on, of {@code byteLength} (more than 0, not past 2^64), behind which nothing
     * stands that may be used so; one behind the range if there is none.
     */
    public long firstMissing(long ioAddress, long byteLength, int access) {
        long at = ioAddress;
        long left = byteLength;
        while (left > 0) {
            int i = memory.regionAt(at);
            if (i < 0 || !Access.allows(entries[i].access, access)) {
                return at;
            }
            long here = Math.min(left, entries[i].last() - at + 1);
            at += here;
            left -= here;
        }
        return at;
    }

    /**
     * The host address of a range that may be used so, or {@link GuestMemory#UNMAPPED} if it does not lie in one piece: a
     * part of it is not there, or it is in several places.
     */
    public long hostAddress(long ioAddress, long byteLength, int access) {
        int i = memory.regionAt(ioAddress);
        return i >= 0 && Access.allows(entries[i].access, access)
                ? memory.hostAddressOfGuest(ioAddress, byteLength)
                : GuestMemory.UNMAPPED;
    }

    @Override
    public String toString() {
        return "IoTable" + Arrays.toString(entries);
    }
}
