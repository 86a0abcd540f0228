package io.annulet.fuzz;

import io.annulet.memory.HostMemory;
import java.lang.foreign.Arena;

/**
 * A guest's memory in an arena of this process: four regions with a guard on either side of each, the first two of them
 * neighbours in guest addresses only, and the last ending at 2^64. Owned by the thread of its target.
 *
 * <p>Rings lie in the third region, where buffers may lie too. A target writes, seals, runs what it tests, puts back what
 * that was allowed to write, and then sees to it that nothing else changed.
 */
public final class GuestWorld {

    public static final int REGIONS = 4;

    /** The region in which rings lie. */
    public static final int RINGS = 2;

    private static final int GUARD_BYTES = 128;
    private static final long[] GUEST_ADDRESSES = {0x1000, 0x1000 + 1024, 0x4000_0000L, -1024};
    private static final int[] BYTE_LENGTHS = {1024, 1024, 4096, 1024};
    private static final long USER_BASE = 0x7f00_0000_0000L;

    private final long[] hostAddresses = new long[REGIONS];
    private final long start;
    private final int byteLength;
    private final long pristine;
    private final long sealed;

    public GuestWorld() {
        int total = GUARD_BYTES;
        for (int i = 0; i < REGIONS; i++) {
            total += BYTE_LENGTHS[i] + GUARD_BYTES;
        }
        byteLength = total;
        start = Arena.global().allocate(total, 64).address();
        pristine = Arena.global().allocate(total, 64).address();
        sealed = Arena.global().allocate(total, 64).address();
        for (int i = 0; i < total; i += 8) {
            HostMemory.storeLong(pristine + i, 0xa5a5_a5a5_a5a5_a5a5L);
        }
        long at = start + GUARD_BYTES;
        for (int i = 0; i < REGIONS; i++) {
            hostAddresses[i] = at;
            HostMemory.zero(pristine + (at - start), BYTE_LENGTHS[i]);
            at += BYTE_LENGTHS[i] + GUARD_BYTES;
        }
    }

    public long userAddress(int region) {
        return USER_BASE + 0x10_0000L * region;
    }

    public long guestAddress(int region) {
        return GUEST_ADDRESSES[region];
    }

    public long hostAddress(int region) {
        return hostAddresses[region];
    }

    public int byteLength(int region) {
        return BYTE_LENGTHS[region];
    }

    /** The region that holds a guest address, or -1; found the slow and obvious way. */
    public int regionOf(long guestAddress) {
        for (int i = 0; i < REGIONS; i++) {
            long offset = guestAddress - GUEST_ADDRESSES[i];
            if (offset >= 0 && offset < BYTE_LENGTHS[i]) {
                return i;
            }
        }
        return -1;
    }

    /** Whether a range of host addresses lies in one region. */
    public boolean holds(long hostAddress, long length) {
        for (int i = 0; i < REGIONS; i++) {
            long offset = hostAddress - hostAddresses[i];
            if (offset >= 0 && length > 0 && offset + length <= BYTE_LENGTHS[i]) {
                return true;
            }
        }
        return false;
    }

    /** Everything as it was at the beginning. */
    public void reset() {
        HostMemory.copy(pristine, start, byteLength);
    }

    /** Remembers how everything is. */
    public void seal() {
        HostMemory.copy(start, sealed, byteLength);
    }

    /** Undoes what was written since {@link #seal} where writing was allowed. */
    public void restore(long hostAddress, int length) {
        HostMemory.copy(sealed + (hostAddress - start), hostAddress, length);
    }

    /** A driver on another processor writes a byte, which is no fault of the device. */
    public void scribble(long hostAddress, int value) {
        HostMemory.storeByte(hostAddress, value);
        HostMemory.storeByte(sealed + (hostAddress - start), value);
    }

    /** That everything is as it was when it was sealed, guards included. */
    public void assertUnchanged() {
        if (!HostMemory.same(start, sealed, byteLength)) {
            throw new AssertionError("something was written where nothing may be written");
        }
    }

    // What a hostile driver comes up with.

    /** Most addresses are good ones, or next to one. */
    public long address(Input input) {
        int kind = input.octet();
        int region = kind & 3;
        if (kind < 160) {
            return GUEST_ADDRESSES[region] + input.below(BYTE_LENGTHS[region]);
        }
        if (kind < 208) {
            return GUEST_ADDRESSES[region] + BYTE_LENGTHS[region] - input.below(64);
        }
        if (kind < 232) {
            return GUEST_ADDRESSES[region] - 1 - input.below(64);
        }
        return kind < 250 ? GUEST_ADDRESSES[0] + 1024 - input.below(256) : input.word();
    }

    /** Most lengths are short. */
    public static long byteLength(Input input) {
        int kind = input.octet();
        if (kind < 160) {
            return kind & 63;
        }
        if (kind < 240) {
            return input.below(2048);
        }
        return switch (kind & 7) {
            case 0 -> 0;
            case 1 -> 0xffff_ffffL;
            case 2 -> 0x8000_0000L;
            case 3 -> 0x7fff_ffffL;
            case 4 -> 65_536;
            default -> input.word() & 0xffff_ffffL;
        };
    }
}
