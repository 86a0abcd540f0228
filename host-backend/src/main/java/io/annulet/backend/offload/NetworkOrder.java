package io.annulet.backend.offload;

import io.annulet.memory.HostMemory;

/** Numbers in the byte order of protocol headers, at any address of our own memory; stateless. */
final class NetworkOrder {

    private NetworkOrder() {}

    static int load16(long address) {
        return swap16(HostMemory.loadShortUnaligned(address));
    }

    static void store16(long address, int value) {
        HostMemory.storeShortUnaligned(address, swap16(value));
    }

    static int load32(long address) {
        return load16(address) << 16 | load16(address + 2);
    }

    static void store32(long address, int value) {
        store16(address, value >>> 16);
        store16(address + 2, value);
    }

    /** The two low bytes, changed round. */
    static int swap16(int value) {
        return (value & 0xff) << 8 | (value >>> 8 & 0xff);
    }
}
