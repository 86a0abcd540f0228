package io.annulet.guest.conform;

import io.annulet.guest.GuestRam;
import io.annulet.memory.HostMemory;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Hands out buffers in guest RAM with guard bytes on both sides, which nobody may touch. */
final class ProbeBuffers {

    static final int GUARD_BYTES = 64;

    private static final byte GUARD = (byte) 0xa5;
    private static final byte[] GUARDS = guards();

    private final GuestRam ram;
    private final List<Long> guardAddresses = new ArrayList<>();

    ProbeBuffers(GuestRam ram) {
        this.ram = ram;
    }

    private static byte[] guards() {
        byte[] bytes = new byte[GUARD_BYTES];
        Arrays.fill(bytes, GUARD);
        return bytes;
    }

    /** The host address of a zeroed buffer, a multiple of 16. */
    long allocate(int byteLength) {
        long start = ram.allocate(GUARD_BYTES + byteLength + GUARD_BYTES, 16);
        long buffer = start + GUARD_BYTES;
        guard(start);
        guard(buffer + byteLength);
        return buffer;
    }

    private void guard(long address) {
        HostMemory.copyIn(MemorySegment.ofArray(GUARDS), address);
        guardAddresses.add(address);
    }

    /** Whether all guard bytes are as they were. */
    boolean guardsAreIntact() {
        return guardAddresses.stream()
                .allMatch(address -> Arrays.equals(HostMemory.copyOut(address, GUARD_BYTES), GUARDS));
    }
}
