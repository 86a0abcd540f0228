package io.annulet.backend.policy;

import io.annulet.memory.HostMemory;

/** Numbers in network byte order, at any address of our own memory; stateless. */
final class Bytes {

    private Bytes() {}

    static int load16(long address) {
        int value = HostMemory.loadShortUnaligned(address);
        return (value & 0xff) << 8 | (value >>> 8 & 0xff);
    }

    static int load32(long address) {
        return load16(address) << 16 | load16(address + 2);
    }

    static long load48(long address) {
        return load64(address) >>> 16;
    }

    static long load64(long address) {
        return Long.reverseBytes(HostMemory.loadLong(address));
    }
}
