package io.annulet.linux;

import org.agrona.UnsafeApi;

/**
 * Loads and stores of a device's registers, at absolute addresses of a mapped BAR, stateless: each access is made once, as
 * wide as it is named and in the order of the program.
 *
 * <p>An address may come only from a mapping that is still there. A device that was pulled out answers with all ones, or
 * the access ends in an {@link InternalError}, as with memory that was truncated. A 32-bit load comes back as a
 * {@code long} without sign, since HotSpot's compiler dies on a faulting load that is widened by sign.
 */
public final class DeviceMemory {

    private DeviceMemory() {}

    public static int loadByte(long address) {
        return UnsafeApi.getByteVolatile(null, address) & 0xff;
    }

    public static int loadShort(long address) {
        return UnsafeApi.getShortVolatile(null, address) & 0xffff;
    }

    public static long loadInt(long address) {
        return UnsafeApi.getIntVolatile(null, address) & 0xffff_ffffL;
    }

    public static void storeByte(long address, int value) {
        UnsafeApi.putByteVolatile(null, address, (byte) value);
    }

    public static void storeShort(long address, int value) {
        UnsafeApi.putShortVolatile(null, address, (short) value);
    }

    /** Stores the low 32 bits; all that was stored to memory before is there when the device sees it. */
    public static void storeInt(long address, long value) {
        UnsafeApi.putIntVolatile(null, address, (int) value);
    }
}
