package io.annulet.fuzz;

import io.annulet.memory.GuestMemory;
import io.annulet.memory.Region;
import io.annulet.memory.Translator;
import java.util.ArrayList;
import java.util.List;

/**
 * Memory tables with hostile ranges, and addresses looked up in those that are accepted: no two ranges overlap, and every
 * answer is the one that going through the regions one by one gives. Nothing is mapped, nothing is touched. Owned by one
 * thread.
 */
public final class MemoryTableTarget implements Target {

    private static final int MOST_REGIONS = 6;
    private static final int LOOKUPS = 8;

    private final long[] guest = new long[MOST_REGIONS];
    private final long[] user = new long[MOST_REGIONS];
    private final long[] lengths = new long[MOST_REGIONS];
    private int count;

    @Override
    public long run(Input input) {
        List<Region> regions = new ArrayList<>();
        count = 0;
        boolean anyWraps = false;
        int wanted = input.below(MOST_REGIONS + 1);
        for (int i = 0; i < wanted; i++) {
            guest[count] = place(input);
            user[count] = input.oneIn(4) ? place(input) : guest[count] + 0x7000_0000_0000L;
            lengths[count] = length(input);
            boolean wraps = lengths[count] <= 0 || wraps(guest[count]) || wraps(user[count]);
            try {
                regions.add(new Region(guest[count], user[count], lengths[count], host(count)));
                if (wraps) {
                    throw new AssertionError("a region that wraps or is empty was made");
                }
                count++;
            } catch (IllegalArgumentException refused) {
                BurstCheck.same("refused region", 1, wraps ? 1 : 0);
                anyWraps = true;
            }
        }
        boolean overlaps = overlaps(guest) || overlaps(user);
        GuestMemory memory;
        try {
            memory = GuestMemory.of(regions);
        } catch (IllegalArgumentException refused) {
            BurstCheck.same("refused table", 1, overlaps ? 1 : 0);
            return 1L << 8 | count;
        }
        BurstCheck.same("accepted table", 0, overlaps ? 1 : 0);
        Translator translator = new Translator(memory);
        long found = 0;
        for (int i = 0; i < LOOKUPS; i++) {
            found += lookUp(memory, translator, input);
        }
        return (anyWraps ? 1L << 9 : 0) | found << 10 | count;
    }

    private static long host(int number) {
        return 0x6000_0000_0000L + number * 0x100_0000_0000L;
    }

    private static long place(Input input) {
        int kind = input.octet();
        long base = switch (kind & 3) {
            case 0 -> 0x1000;
            case 1 -> 0x10_0000;
            case 2 -> -0x2000;
            default -> 0x4000_0000L;
        };
        return kind < 224 ? base + 0x400L * input.below(16) : input.word();
    }

    private static long length(Input input) {
        int kind = input.octet();
        return kind < 208 ? 0x400L * (1 + (kind & 7)) : kind < 232 ? kind - 216 : input.word();
    }

    private boolean wraps(long address) {
        return Long.compareUnsigned(address + lengths[count] - 1, address) < 0;
    }

    private boolean overlaps(long[] addresses) {
        for (int i = 0; i < count; i++) {
            for (int j = i + 1; j < count; j++) {
                long lastOfI = addresses[i] + lengths[i] - 1;
                long lastOfJ = addresses[j] + lengths[j] - 1;
                if (Long.compareUnsigned(addresses[i], lastOfJ) <= 0
                        && Long.compareUnsigned(addresses[j], lastOfI) <= 0) {
                    return true;
                }
            }
        }
        return false;
    }

    private int lookUp(GuestMemory memory, Translator translator, Input input) {
        int kind = input.octet();
        int region = count == 0 ? 0 : kind % count;
        boolean isGuest = (kind & 128) == 0;
        long from = count == 0 ? 0 : isGuest ? guest[region] : user[region];
        long at = input.oneIn(8) ? input.word() : from + 0x100L * (input.below(64) - 8) + (kind & 3);
        long byteLength = input.oneIn(8) ? input.word() & 0xffff_ffffL : 1 + input.below(0x800);
        if (byteLength == 0) {
            return 0;
        }
        long expected = find(isGuest ? guest : user, at, byteLength);
        if (isGuest) {
            BurstCheck.same("guest address", expected, memory.hostAddressOfGuest(at, byteLength));
            BurstCheck.same("translated address", expected, translator.translate(at, byteLength));
        } else {
            BurstCheck.same("user address", expected, memory.hostAddressOfUser(at, byteLength));
        }
        return expected == GuestMemory.UNMAPPED ? 0 : 1;
    }

    private long find(long[] addresses, long at, long byteLength) {
        for (int i = 0; i < count; i++) {
            long offset = at - addresses[i];
            if (Long.compareUnsigned(offset, lengths[i]) < 0
                    && Long.compareUnsigned(lengths[i] - offset, byteLength) >= 0) {
                return host(i) + offset;
            }
        }
        return GuestMemory.UNMAPPED;
    }
}
