package io.annulet.memory;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Regions of guest memory on plain arena memory, for tests; stateless. */
public final class ArenaRegions {

    /** What the front-end's address of a byte is more than its guest address, unless a test says otherwise. */
    public static final long USER_OFFSET = 0x7f00_0000_0000L;

    private ArenaRegions() {}

    /** A zeroed region, page-aligned in this process too, that lives as long as it is reachable. */
    public static Region region(long guestAddress, long byteLength) {
        return region(guestAddress, byteLength, allocate(byteLength));
    }

    public static Region region(long guestAddress, long byteLength, MemorySegment backing) {
        return new Region(guestAddress, guestAddress + USER_OFFSET, byteLength, HostMemory.addressOf(backing));
    }

    /** Memory that is never freed: a test may keep nothing but its address. */
    public static MemorySegment allocate(long byteLength) {
        return Arena.global().allocate(byteLength, 4096);
    }
}
