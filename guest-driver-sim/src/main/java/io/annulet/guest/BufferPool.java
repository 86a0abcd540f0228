package io.annulet.guest;

/**
 * Equal buffers in guest RAM and a queue of those that are free; owned by the thread of its queue.
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
    private int firstFree;
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
        firstFree = 0;
        freeCount = freeSlots.length;
        for (int i = 0; i < freeCount; i++) {
            freeSlots[i] = i;
        }
    }

    int count() {
        return freeSlots.length;
    }

    int free() {
        return freeCount;
    }

    /** The slot that {@link #take} takes next: the one that has been free for longest. */
    int next() {
        return freeSlots[firstFree];
    }

    /** The slot that is taken after {@code before} others. */
    int next(int before) {
        int at = firstFree + before;
        return freeSlots[at < freeSlots.length ? at : at - freeSlots.length];
    }

    int take() {
        int slot = next();
        take(1);
        return slot;
    }

    /** Takes as many slots as {@link #next(int)} named. */
    void take(int count) {
        int at = firstFree + count;
        firstFree = at < freeSlots.length ? at : at - freeSlots.length;
        freeCount -= count;
    }

    void giveBack(int slot) {
        int at = firstFree + freeCount++;
        freeSlots[at < freeSlots.length ? at : at - freeSlots.length] = slot;
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
