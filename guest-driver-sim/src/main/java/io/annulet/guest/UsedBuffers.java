package io.annulet.guest;

import io.annulet.memory.HostMemory;
import io.annulet.vring.DriverHalf;

/**
 * Receive buffers that the device used and that are taken ahead, to be looked at one after the other; owned by the thread
 * of their queue.
 */
final class UsedBuffers {

    private static final int NO_SLOT = -1;

    private final int[] heads = new int[FrameBurst.CAPACITY];
    private final int[] slots = new int[FrameBurst.CAPACITY];
    private final int[] writtenByteLengths = new int[FrameBurst.CAPACITY];
    private int next;
    private int count;

    /** Keeps the compiler from leaving {@link #touch} out. */
    int touched;

    /** How many are taken and not yet looked at. */
    int left() {
        return count - next;
    }

    /**
     * Takes up to {@code max} buffers from the ring; none may be left from before.
     *
     * @return how many of them were never offered; they are buffers without a slot
     */
    int take(DriverHalf half, int[] slotOfHead, int max) {
        next = 0;
        count = half.takeUsed(heads, writtenByteLengths, Math.min(max, FrameBurst.CAPACITY));
        int strays = 0;
        for (int i = 0; i < count; i++) {
            if (heads[i] == DriverHalf.NOT_OFFERED) {
                slots[i] = NO_SLOT;
                strays++;
            } else {
                slots[i] = slotOfHead[heads[i]]; // now: when its head is offered again, another buffer has it
            }
        }
        return strays;
    }

    /** Leaves the one that was taken last away. */
    void dropLast() {
        count--;
    }

    void clear() {
        next = 0;
        count = 0;
    }

    /** Loads from the lines that another processor wrote and that are needed first, so that they all come at the same time. */
    void touch(BufferPool buffers, int headerOffset, boolean withFrames) {
        int loaded = 0;
        for (int i = next; i < count; i++) {
            if (slots[i] != NO_SLOT) {
                long data = buffers.host(slots[i]);
                loaded += HostMemory.loadByte(data - headerOffset);
                loaded += withFrames ? HostMemory.loadByte(data) : 0;
            }
        }
        touched = loaded;
    }

    /** Whether the buffer {@code ahead} of the next one was offered. */
    boolean hasSlot(int ahead) {
        return slots[next + ahead] != NO_SLOT;
    }

    int slot(int ahead) {
        return slots[next + ahead];
    }

    /** Bytes that the device says it wrote into it, header included. */
    int writtenByteLength(int ahead) {
        return writtenByteLengths[next + ahead];
    }

    /** Goes on behind so many buffers. */
    void skip(int buffers) {
        next += buffers;
    }
}
