package io.annulet.fuzz;

import io.annulet.memory.HostMemory;

/** How models read memory: byte by byte; stateless. */
final class Reads {

    private Reads() {}

    /** So many bytes, at most 8, as a little-endian number. */
    static long read(long hostAddress, int byteLength) {
        long value = 0;
        for (int i = 0; i < byteLength; i++) {
            value |= (long) HostMemory.loadByte(hostAddress + i) << (8 * i);
        }
        return value;
    }
}
