package io.annulet.vring;

import io.annulet.memory.HostMemory;

/**
 * Stores into in-flight memory, in the order in which they are asked for: a process that is killed has made those up to
 * some point and none behind it. A test has some that stop at each.
 */
abstract class InflightWords {

    static final InflightWords PLAIN = new InflightWords() {};

    void word(long address, long value) {
        HostMemory.releaseFence();
        HostMemory.storeLong(address, value);
    }

    void pair(long address, int value) {
        HostMemory.releaseFence();
        HostMemory.storeShort(address, value);
    }

    void octet(long address, int value) {
        HostMemory.releaseFence();
        HostMemory.storeByte(address, value);
    }
}
