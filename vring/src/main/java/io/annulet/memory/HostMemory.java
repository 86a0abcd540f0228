package io.annulet.memory;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import org.agrona.UnsafeApi;

/**
 * Loads and stores at absolute addresses of this process, stateless: the one place that touches memory shared with a
 * peer.
 *
 * <p>Nothing here checks an address. An address may come only from {@link GuestMemory} or {@link Translator}, which
 * checked the whole range it is used for, or from memory of our own. An address that is no longer mapped kills the
 * process, so a region is unmapped only after every thread that could hold such an address has left it.
 *
 * <p>A front-end may truncate the file behind its memory at any moment. The access shapes here are those which HotSpot
 * turns into an {@link InternalError} then. That is why there is no 32-bit load (C2 dies on one that is widened by
 * sign), no compare-and-set and no {@code setRelease}: a publication is {@link #releaseFence()} and a plain store.
 *
 * <p>Single values go through Agrona's {@code UnsafeApi}, ranges through the foreign memory interface. Both end in the same
 * instructions; but the compiler needs some hundred steps to see through a memory segment, and stops inlining the data path
 * half-way when it meets too many of them.
 *
 * <p>All values are little-endian, as VIRTIO 1.x lays them out and as the machines are that this runs on.
 */
public final class HostMemory {

    private static final MemorySegment EVERYTHING = everything();
    private static final VarHandle LONG = ValueLayout.JAVA_LONG.varHandle();
    private static final int ZEROS_BYTE_LENGTH = 4096;
    private static final long ZEROS = Arena.global().allocate(ZEROS_BYTE_LENGTH).address();

    /** A cache line. */
    public static final int LINE_BYTES = 64;

    static {
        if (ByteOrder.nativeOrder() != ByteOrder.LITTLE_ENDIAN) {
            throw new UnsupportedOperationException("Annulet runs on little-endian machines only");
        }
    }

    private HostMemory() {}

    @SuppressWarnings("restricted")
    private static MemorySegment everything() {
        return MemorySegment.NULL.reinterpret(Long.MAX_VALUE);
    }

    /** The byte at {@code address}, unsigned. */
    public static int loadByte(long address) {
        return UnsafeApi.getByte(address) & 0xff;
    }

    /** The 16-bit value at {@code address}, unsigned; {@code address} is a multiple of 2. */
    public static int loadShort(long address) {
        return UnsafeApi.getShort(address) & 0xffff;
    }

    /** The 16-bit value at any {@code address}, unsigned. */
    public static int loadShortUnaligned(long address) {
        return UnsafeApi.getShort(address) & 0xffff;
    }

    /** Like {@link #loadShort}; no later access is done before it. */
    public static int loadShortAcquire(long address) {
        return UnsafeApi.getShortAcquire(null, address) & 0xffff;
    }

    /** The 8 bytes at {@code address}, at any alignment; atomic if it is a multiple of 8. */
    public static long loadLong(long address) {
        return UnsafeApi.getLong(address);
    }

    /** Stores the low 8 bits of {@code value}. */
    public static void storeByte(long address, int value) {
        UnsafeApi.putByte(address, (byte) value);
    }

    /** Stores the low 16 bits of {@code value}; {@code address} is a multiple of 2. */
    public static void storeShort(long address, int value) {
        UnsafeApi.putShort(address, (short) value);
    }

    /** Stores the low 16 bits of {@code value} at any {@code address}. */
    public static void storeShortUnaligned(long address, int value) {
        UnsafeApi.putShort(address, (short) value);
    }

    /** Stores 8 bytes at {@code address}, at any alignment; atomic if it is a multiple of 8. */
    public static void storeLong(long address, long value) {
        UnsafeApi.putLong(address, value);
    }

    /** Sets bits in the 8 bytes at {@code address}, a multiple of 8, atomically. */
    public static void orLong(long address, long bits) {
        LONG.getAndBitwiseOr(EVERYTHING, address, bits);
    }

    /** Everything this thread loaded or stored before is done before any later store. */
    public static void releaseFence() {
        VarHandle.releaseFence();
    }

    /** Everything this thread loaded before is done before any later load or store. */
    public static void acquireFence() {
        VarHandle.acquireFence();
    }

    /** Everything this thread loaded or stored before is done, and seen by others, before any later load or store. */
    public static void fullFence() {
        VarHandle.fullFence();
    }

    /**
     * Copies {@code byteLength} bytes; the ranges do not overlap, or the content of the destination is undefined.
     * What was copied is not read again, but for the last bytes of a short range, which may be copied twice.
     */
    public static void copy(long from, long to, long byteLength) {
        if (byteLength <= SMALL_BYTE_LENGTH) {
            copySmall(from, to, (int) byteLength);
        } else {
            MemorySegment.copy(EVERYTHING, from, EVERYTHING, to, byteLength);
        }
    }

    /** Up to here a few 8-byte moves cost less than the call into the copy stub. */
    private static final int SMALL_BYTE_LENGTH = 64;

    private static void copySmall(long from, long to, int byteLength) {
        if (byteLength >= 8) {
            int last = byteLength - 8;
            for (int at = 0; at < last; at += 8) {
                storeLong(to + at, loadLong(from + at));
            }
            storeLong(to + last, loadLong(from + last));
        } else {
            for (int at = 0; at < byteLength; at++) {
                storeByte(to + at, loadByte(from + at));
            }
        }
    }

    /** Copies {@value #LINE_BYTES} bytes. */
    public static void copyLine(long from, long to) {
        long a = loadLong(from);
        long b = loadLong(from + 8);
        storeLong(to, a);
        storeLong(to + 8, b);
        copyLineFrom16(from, to);
    }

    /** Copies the bytes from 16 up to {@value #LINE_BYTES}, for those who have a use for the first two words themselves. */
    public static void copyLineFrom16(long from, long to) {
        long c = loadLong(from + 16);
        long d = loadLong(from + 24);
        storeLong(to + 16, c);
        storeLong(to + 24, d);
        long a = loadLong(from + 32);
        long b = loadLong(from + 40);
        c = loadLong(from + 48);
        d = loadLong(from + 56);
        storeLong(to + 32, a);
        storeLong(to + 40, b);
        storeLong(to + 48, c);
        storeLong(to + 56, d);
    }

    /** Copies {@code byteLength} bytes, a line at least and two at most. */
    public static void copyLineAndMore(long from, long to, int byteLength) {
        copyLine(from, to);
        copyBehindLine(from, to, byteLength);
    }

    /**
     * Of {@code byteLength} bytes, a line at least and two at most, copies those behind the line. Where they are fewer than
     * 8, the last ones of the line are copied with them.
     */
    public static void copyBehindLine(long from, long to, int byteLength) {
        int last = byteLength - 8;
        for (int at = LINE_BYTES; at < last; at += 8) {
            storeLong(to + at, loadLong(from + at));
        }
        storeLong(to + last, loadLong(from + last));
    }

    /** Whether two ranges hold the same bytes. */
    public static boolean same(long a, long b, long byteLength) {
        return MemorySegment.mismatch(EVERYTHING, a, a + byteLength, EVERYTHING, b, b + byteLength) < 0;
    }

    /** Copies a segment of our own memory, on the heap or not, to {@code to}. */
    public static void copyIn(MemorySegment from, long to) {
        MemorySegment.copy(from, 0, EVERYTHING, to, from.byteSize());
    }

    /** Copies {@code byteLength} bytes of an array of our own, from {@code offset} on, to {@code to}. */
    public static void copyIn(byte[] from, int offset, long to, int byteLength) {
        MemorySegment.copy(from, offset, EVERYTHING, ValueLayout.JAVA_BYTE, to, byteLength);
    }

    /** The {@code byteLength} bytes at {@code from} in an array of our own. */
    public static byte[] copyOut(long from, int byteLength) {
        byte[] bytes = new byte[byteLength];
        MemorySegment.copy(EVERYTHING, ValueLayout.JAVA_BYTE, from, bytes, 0, byteLength);
        return bytes;
    }

    /** Copies {@code byteLength} bytes at {@code from} into an array of our own, from {@code offset} on. */
    public static void copyOut(long from, byte[] to, int offset, int byteLength) {
        MemorySegment.copy(EVERYTHING, ValueLayout.JAVA_BYTE, from, to, offset, byteLength);
    }

    /** Copies {@code byteLength} bytes of an array, from {@code offset} on, to {@code to}. */
    public static void copyIn(byte[] from, int offset, int byteLength, long to) {
        MemorySegment.copy(from, offset, EVERYTHING, ValueLayout.JAVA_BYTE, to, byteLength);
    }

    /** Fills {@code byteLength} bytes with zeros. */
    public static void zero(long address, long byteLength) {
        // Not by MemorySegment.fill: it needs a slice, which is an object wherever the compiler does not see it die.
        long at = 0;
        for (; at + ZEROS_BYTE_LENGTH <= byteLength; at += ZEROS_BYTE_LENGTH) {
            copy(ZEROS, address + at, ZEROS_BYTE_LENGTH);
        }
        copy(ZEROS, address + at, byteLength - at);
    }

    /** The addresses of a segment of our own memory, for code that works with absolute addresses. */
    public static long addressOf(MemorySegment segment) {
        if (!segment.isNative()) {
            throw new IllegalArgumentException("a heap segment has no address");
        }
        return segment.address();
    }
}
