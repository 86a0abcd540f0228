package io.annulet.linux;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Objects;

/**
 * An array of {@code struct iovec}: the list of buffers that one {@code readv} or {@code writev} scatters into or gathers
 * from. Used by one thread, which keeps the object as long as it uses the array; the garbage collector frees it.
 */
public final class IoVectors {
    /** The most buffers that the kernel takes in one call (UIO_MAXIOV). */
    public static final int MAX_CAPACITY = 1024;

    private static final int ENTRY_BYTE_LENGTH = 16;

    private final MemorySegment entries;
    private final long address;
    private final int capacity;

    public IoVectors(int capacity) {
        if (capacity < 1 || capacity > MAX_CAPACITY) {
            throw new IllegalArgumentException("capacity " + capacity + ", not 1 to " + MAX_CAPACITY);
        }
        this.entries = Arena.ofAuto().allocate((long) capacity * ENTRY_BYTE_LENGTH, ENTRY_BYTE_LENGTH);
        this.address = entries.address();
        this.capacity = capacity;
    }

    public int capacity() {
        return capacity;
    }

    /** Makes {@code byteLength} bytes at {@code bufferAddress} buffer {@code index} of the list. */
    public void set(int index, long bufferAddress, long byteLength) {
        long offset = (long) index * ENTRY_BYTE_LENGTH;
        entries.set(JAVA_LONG, offset, bufferAddress);
        entries.set(JAVA_LONG, offset + 8, byteLength);
    }

    /** Where buffer {@code index} starts. */
    public long bufferAddress(int index) {
        return entries.get(JAVA_LONG, (long) index * ENTRY_BYTE_LENGTH);
    }

    /** How long buffer {@code index} is. */
    public long bufferByteLength(int index) {
        return entries.get(JAVA_LONG, (long) index * ENTRY_BYTE_LENGTH + 8);
    }

    /** Where the array starts, for the system call. */
    public long address() {
        return address;
    }

    /** Where entry {@code index} is, for a system call that starts there. */
    public long address(int index) {
        return address + (long) Objects.checkIndex(index, capacity) * ENTRY_BYTE_LENGTH;
    }
}
