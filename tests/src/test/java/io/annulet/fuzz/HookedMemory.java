package io.annulet.fuzz;

import io.annulet.memory.HostMemory;

/**
 * Stands where {@code HostMemory} stands in classes that are loaded anew: the same methods, but a hook runs between each
 * fetch and its use. Belongs to one thread.
 */
public final class HookedMemory {

    /** Told of each fetch after it was made. */
    public interface Hook {
        Hook NONE = (address, byteLength) -> {};

        void fetched(long address, long byteLength);
    }

    private static Hook hook = Hook.NONE;

    private HookedMemory() {}

    public static void hook(Hook next) {
        hook = next;
    }

    public static int loadByte(long address) {
        int value = HostMemory.loadByte(address);
        hook.fetched(address, 1);
        return value;
    }

    public static int loadShort(long address) {
        int value = HostMemory.loadShort(address);
        hook.fetched(address, 2);
        return value;
    }

    public static int loadShortUnaligned(long address) {
        int value = HostMemory.loadShortUnaligned(address);
        hook.fetched(address, 2);
        return value;
    }

    public static int loadShortAcquire(long address) {
        int value = HostMemory.loadShortAcquire(address);
        hook.fetched(address, 2);
        return value;
    }

    public static long loadLong(long address) {
        long value = HostMemory.loadLong(address);
        hook.fetched(address, 8);
        return value;
    }

    public static void copy(long from, long to, long byteLength) {
        HostMemory.copy(from, to, byteLength);
        hook.fetched(from, byteLength);
    }

    public static void copyLine(long from, long to) {
        copy(from, to, HostMemory.LINE_BYTES);
    }

    public static void copyLineFrom16(long from, long to) {
        copy(from + 16, to + 16, HostMemory.LINE_BYTES - 16);
    }

    public static void copyLineAndMore(long from, long to, int byteLength) {
        copy(from, to, byteLength);
    }

    public static void copyBehindLine(long from, long to, int byteLength) {
        copy(from + HostMemory.LINE_BYTES, to + HostMemory.LINE_BYTES, byteLength - HostMemory.LINE_BYTES);
    }

    public static boolean same(long a, long b, long byteLength) {
        return HostMemory.same(a, b, byteLength);
    }

    public static void storeByte(long address, int value) {
        HostMemory.storeByte(address, value);
    }

    public static void storeShort(long address, int value) {
        HostMemory.storeShort(address, value);
    }

    public static void storeShortUnaligned(long address, int value) {
        HostMemory.storeShortUnaligned(address, value);
    }

    public static void storeLong(long address, long value) {
        HostMemory.storeLong(address, value);
    }

    public static void zero(long address, long byteLength) {
        HostMemory.zero(address, byteLength);
    }

    public static void releaseFence() {
        HostMemory.releaseFence();
    }

    public static void acquireFence() {
        HostMemory.acquireFence();
    }

    public static void fullFence() {
        HostMemory.fullFence();
    }
}
