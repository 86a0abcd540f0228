package io.annulet.vring;

import io.annulet.memory.ArenaRegions;
import io.annulet.memory.Region;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * A hostile driver: fills a ring with descriptors, tables and indexes of which most are legal and some are not; owned by
 * the test's thread. Its memory is used again for the next seed, so that many rings cost little.
 */
final class RandomRing {

    private static final long PAGE = 4096;
    private static final long END = RawRing.GUEST_BASE + RawRing.REGION_BYTES;
    private static final int TABLES = 4;

    final RawRing raw;
    private final long tables;
    private final int tableEntries;
    private final long[] places;
    private final long[] borders;
    private SplittableRandom random = new SplittableRandom(0);
    private int availIndex;
    /** How many of a hundred choices are meant to be illegal; changes from ring to ring. */
    private int malice;

    RandomRing(int size) {
        // Adjacent regions behind the ring's, a hole of one page, one more region, and the two ends of the address
        // space.
        List<Region> regions = new ArrayList<>();
        regions.add(ArenaRegions.region(END, PAGE));
        regions.add(ArenaRegions.region(END + PAGE, 3 * PAGE));
        regions.add(ArenaRegions.region(END + 5 * PAGE, PAGE));
        regions.add(ArenaRegions.region(0, PAGE));
        regions.add(new Region(-PAGE, -PAGE, PAGE, ArenaRegions.allocate(PAGE).address()));
        raw = new RawRing(size, regions);
        tables = raw.buffers();
        tableEntries = size + 1;
        long buffers = tables + (long) TABLES * 16 * tableEntries;
        places = new long[] {buffers, buffers + 4096, END + 2 * PAGE, END + 5 * PAGE, 0, -PAGE};
        borders = new long[] {END, END + PAGE, END + 4 * PAGE, END + 5 * PAGE, END + 6 * PAGE, PAGE, 0, -PAGE};
    }

    /** Makes the ring of a seed; its driver has made nothing available yet. */
    void reset(SplittableRandom seeded, int baseIndex) {
        random = seeded;
        malice = one(4) ? 0 : random.nextInt(30);
        raw.bytes().asSlice(0, tables - RawRing.GUEST_BASE).fill((byte) 0);
        availIndex = baseIndex;
        raw.availIndex(baseIndex).usedIndex(baseIndex);
        for (int i = 0; i < raw.size(); i++) {
            descriptor(raw.descriptorTableGuestAddress(), i, raw.size(), true);
        }
        for (int table = 0; table < TABLES; table++) {
            for (int i = 0; i < tableEntries; i++) {
                descriptor(table(table), i, raw.size(), false);
            }
        }
    }

    private long table(int table) {
        return tables + (long) table * 16 * tableEntries;
    }

    private boolean one(int in) {
        return random.nextInt(in) == 0;
    }

    private boolean maliciously() {
        return random.nextInt(100) < malice;
    }

    private void descriptor(long table, int entry, int entries, boolean mayBeIndirect) {
        if (mayBeIndirect ? one(4) : maliciously()) {
            int next = maliciously() ? RawRing.NEXT : 0;
            long tableAddress = maliciously() ? address() : table(random.nextInt(TABLES));
            raw.tableEntry(table, entry, tableAddress, tableBytes(), RawRing.INDIRECT | next, next(entries));
            return;
        }
        int flags = (one(2) ? RawRing.NEXT : 0) | (one(4) ? RawRing.WRITE : 0) | (one(8) ? 0xfff8 : 0);
        raw.tableEntry(table, entry, address(), byteLength(), flags, next(entries));
    }

    private long address() {
        if (maliciously()) {
            return random.nextLong();
        }
        return one(4) ? borders[random.nextInt(borders.length)] - random.nextInt(40) : place();
    }

    private long place() {
        return places[random.nextInt(places.length)] + random.nextInt(64);
    }

    private long byteLength() {
        if (maliciously()) {
            return switch (random.nextInt(5)) {
                case 0 -> 0xffff_ffffL;
                case 1 -> 0x8000_0000L;
                case 2 -> 0x7fff_ffffL;
                case 3 -> 3 * PAGE;
                default -> random.nextInt();
            };
        }
        return one(8) ? 0 : random.nextInt(80);
    }

    private long tableBytes() {
        if (maliciously()) {
            return one(2) ? random.nextInt(80) : 16L * (raw.size() + random.nextInt(2));
        }
        return 16L * (1 + random.nextInt(raw.size()));
    }

    private int next(int entries) {
        return maliciously() ? entries - 1 + random.nextInt(3) : random.nextInt(entries);
    }

    /** Lets the driver make some chains available, or move its index as it must not. */
    void moveOn(int outstanding) {
        int most = raw.size() - outstanding;
        int count = most <= 0 ? 0 : random.nextInt(most + 1);
        for (int i = 0; i < count; i++) {
            raw.availHead(availIndex + i & 0xffff, next(raw.size()));
        }
        availIndex = availIndex + count & 0xffff;
        if (malice > 0 && one(20)) {
            availIndex = availIndex + random.nextInt(-2, raw.size() + 2) & 0xffff;
        }
        raw.availIndex(availIndex);
        raw.availFlags(random.nextInt(4));
        raw.usedEvent(one(4) ? random.nextInt(0x10000) : availIndex - random.nextInt(raw.size() + 2));
    }

    /** Changes a few descriptors under the device's eyes. */
    void scribble() {
        for (int i = random.nextInt(3); i > 0; i--) {
            descriptor(raw.descriptorTableGuestAddress(), random.nextInt(raw.size()), raw.size(), true);
        }
    }
}
