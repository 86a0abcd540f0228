package io.annulet.guest;

/**
 * Equal buffers in guest RAM and a stack of those that are free; owned by the thread of its queue.
 *
 * <pre>
 *  one buffer      0                          64
 *                  | room for the header ...  | data ...
 * </pre>
 */
final class BufferPool {

    /** Data is aligned to this, and in front of it is this much room. */
    static final int HEADER_ROOM = 64;

    private final long[] hostAddresses;
    private final long[] guestAddresses;
    private final int[] freeSlots;
    private int freeCount;

    BufferPool(GuestRam ram, int count, int dataByteLength) {
        hostAddresses = new long[count];
        guestAddresses = new long[count];
        freeSlots = new int[count];
        for (int i = 0; i < count; i++) {
            hostAddresses[i] = ram.allocate(byteLength(dataByteLength), HEADER_ROOM) + HEADER_ROOM;
            guestAddresses[i] = ram.guestAddressOf(hostAddresses[i]);
        }
        freeAll();
    }

    /** Bytes of RAM that one buffer takes. */
    static long byteLength(int dataByteLength) {
        return (2L * HEADER_ROOM - 1 + dataByteLength) / HEADER_ROOM * HEADER_ROOM;
    }

    void freeAll() {
        freeCount = freeSlots.length;
        for (int i = 0; i < freeCount; i++) {
            freeSlots[i] = freeCount - 1 - i;
        }
    }

    int count() {
        return freeSlots.length;
    }

    int free() {
        return freeCount;
    }

    /** The slot that {@link #take} takes next. */
    int next() {
        return freeSlots[freeCount - 1];
    }

    int take() {
        return freeSlots[--freeCount];
    }

    void giveBack(int slot) {
        freeSlots[freeCount++] = slot;
    }

    /** Host address of a buffer's data. */
    long host(int slot) {
        return hostAddresses[slot];
    }

    /** Guest address of a buffer's data. */
    long guest(int slot) {
        return guestAddresses[slot];
    }
}
