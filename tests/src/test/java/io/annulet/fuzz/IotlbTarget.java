package io.annulet.fuzz;

import io.annulet.memory.GuestMemory;
import io.annulet.memory.IoTable;
import io.annulet.memory.Region;
import io.annulet.memory.Translator;
import java.util.List;

/**
 * I/O addresses that are told and taken back, hostile ranges among them, and looked up in between: every answer is the one
 * that going through what was said, from the last word to the first, gives. Nothing is mapped, nothing is touched. Owned by
 * one thread.
 */
public final class IotlbTarget implements Target {

    private static final int MOST_SAID = 24;
    private static final int LOOKUPS = 3;
    private static final int NOTHING = 0;

    // Two regions side by side in the addresses of the front-end and in ours, and one apart.
    private static final long[] USER = {0x7000_0000_0000L, 0x7000_0000_4000L, 0x7100_0000_0000L};
    private static final long[] HOST = {0x6000_0000_0000L, 0x6000_0000_4000L, 0x5000_0000_0000L};
    private static final long REGION_BYTES = 0x4000;

    private static final GuestMemory TABLE = GuestMemory.of(List.of(
            new Region(0, USER[0], REGION_BYTES, HOST[0]),
            new Region(0x10_0000, USER[1], REGION_BYTES, HOST[1]),
            new Region(0x20_0000, USER[2], REGION_BYTES, HOST[2])));

    // What was said and accepted, in order: a range from the first to the last address, and rights, or NOTHING.
    private final long[] first = new long[MOST_SAID];
    private final long[] last = new long[MOST_SAID];
    private final long[] host = new long[MOST_SAID];
    private final int[] region = new int[MOST_SAID];
    private final int[] access = new int[MOST_SAID];
    private int said;

    @Override
    public long run(Input input) {
        said = 0;
        IoTable io = IoTable.EMPTY;
        Translator translator = new Translator(io.memory());
        long found = 0;
        int wanted = 1 + input.below(MOST_SAID);
        for (int i = 0; i < wanted; i++) {
            io = input.oneIn(3) ? takeBack(io, input) : tell(io, input);
            translator.goBy(io.memory());
            for (int j = 0; j < LOOKUPS; j++) {
                found += lookUp(io, translator, input);
            }
        }
        return found << 16 | (long) io.entryCount() << 8 | said;
    }

    private IoTable tell(IoTable io, Input input) {
        long at = place(input);
        long byteLength = length(input);
        int where = input.below(3);
        long user = input.oneIn(16) ? input.word() : USER[where] + 0x80L * input.below(0x90) - 0x100;
        int rights = input.oneIn(8) ? input.octet() : 1 + input.below(3);
        int within = regionOf(user, byteLength);
        boolean isSound = rights >= 1 && rights <= 3 && !isNone(at, byteLength) && within >= 0;
        IoTable next;
        try {
            next = io.updated(at, byteLength, user, rights, TABLE);
        } catch (IllegalArgumentException refused) {
            BurstCheck.same("refused update", 1, isSound ? 0 : 1);
            return io;
        }
        BurstCheck.same("accepted update", 1, isSound ? 1 : 0);
        say(at, byteLength, HOST[within] + (user - USER[within]), within, rights);
        return next;
    }

    private IoTable takeBack(IoTable io, Input input) {
        long at = place(input);
        long byteLength = length(input);
        IoTable next;
        try {
            next = io.invalidated(at, byteLength);
        } catch (IllegalArgumentException refused) {
            BurstCheck.same("refused invalidation", 1, isNone(at, byteLength) ? 1 : 0);
            return io;
        }
        BurstCheck.same("accepted invalidation", 0, isNone(at, byteLength) ? 1 : 0);
        say(at, byteLength, 0, 0, NOTHING);
        return next;
    }

    private void say(long at, long byteLength, long hostAddress, int within, int rights) {
        first[said] = at;
        last[said] = at + byteLength - 1;
        host[said] = hostAddress;
        region[said] = within;
        access[said++] = rights;
    }

    private static boolean isNone(long at, long byteLength) {
        return byteLength == 0 || Long.compareUnsigned(at + byteLength - 1, at) < 0;
    }

    private static int regionOf(long user, long byteLength) {
        for (int i = 0; i < USER.length; i++) {
            if (user >= USER[i]
                    && byteLength > 0
                    && byteLength <= REGION_BYTES - (user - USER[i])
                    && user - USER[i] < REGION_BYTES) {
                return i;
            }
        }
        return -1;
    }

    private static long place(Input input) {
        int kind = input.octet();
        long base = (kind & 1) == 0 ? 0x1_0000 : (kind & 2) == 0 ? -0x2000 : 0;
        return kind < 240 ? base + 0x80L * input.below(64) : input.word();
    }

    private static long length(Input input) {
        int kind = input.octet();
        return kind < 224 ? 0x80L * (1 + (kind & 15)) : kind < 248 ? kind - 224L : input.word();
    }

    private int lookUp(IoTable io, Translator translator, Input input) {
        long at = place(input) + input.below(3) - 1;
        long byteLength = 1L + input.below(0x900);
        int needed = 1 + input.below(3);
        if (Long.compareUnsigned(at + byteLength - 1, at) < 0) {
            return 0;
        }
        long missing = missing(at, byteLength, needed);
        BurstCheck.same("first missing", missing, io.firstMissing(at, byteLength, needed));
        long expected = missing == at + byteLength ? inOnePiece(at, byteLength) : GuestMemory.UNMAPPED;
        BurstCheck.same("host address", expected, io.hostAddress(at, byteLength, needed));
        BurstCheck.same("translated for a use", expected, translator.translate(at, byteLength, needed));
        int word = wordOn(at);
        boolean isOpen = word >= 0 && access[word] == 3;
        BurstCheck.same("translated", isOpen ? inOnePiece(at, byteLength) : 0, translator.translate(at, byteLength));
        return expected == GuestMemory.UNMAPPED ? 0 : 1;
    }

    /** The last word on an address, or -1. */
    private int wordOn(long at) {
        for (int i = said - 1; i >= 0; i--) {
            if (Long.compareUnsigned(at, first[i]) >= 0 && Long.compareUnsigned(at, last[i]) <= 0) {
                return i;
            }
        }
        return -1;
    }

    /** The first address behind {@code at} at which another word may hold, at most {@code last}'s successor. */
    private long borderBehind(long at, long lastAddress) {
        long border = lastAddress;
        for (int i = 0; i < said; i++) {
            if (Long.compareUnsigned(first[i], at) > 0 && Long.compareUnsigned(first[i] - 1, border) < 0) {
                border = first[i] - 1;
            }
            if (Long.compareUnsigned(last[i], at) >= 0 && Long.compareUnsigned(last[i], border) < 0) {
                border = last[i];
            }
        }
        return border + 1;
    }

    private long missing(long start, long byteLength, int needed) {
        long end = start + byteLength;
        long at = start;
        while (at != end) {
            int word = wordOn(at);
            if (word < 0 || (access[word] & needed) != needed) {
                return at;
            }
            at = borderBehind(at, end - 1);
        }
        return end;
    }

    /** The host address of a range of which all has the same rights, and lies in one piece of one region. */
    private long inOnePiece(long start, long byteLength) {
        long end = start + byteLength;
        int begin = wordOn(start);
        if (begin < 0 || access[begin] == NOTHING) {
            return GuestMemory.UNMAPPED;
        }
        long offset = host[begin] - first[begin];
        long at = start;
        while (at != end) {
            int word = wordOn(at);
            if (word < 0
                    || access[word] != access[begin]
                    || region[word] != region[begin]
                    || host[word] - first[word] != offset) {
                return GuestMemory.UNMAPPED;
            }
            at = borderBehind(at, end - 1);
        }
        return start + offset;
    }
}
