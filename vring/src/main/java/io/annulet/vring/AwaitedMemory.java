package io.annulet.vring;

/**
 * Where the next chain of a ring has memory that is not there yet, if it has; owned by the worker of its queue. Such a chain
 * is not taken. Why memory is missing, and who brings it, is not known here.
 */
public final class AwaitedMemory {

    /** Places that are told of one chain; if there are more, they are found when these have come. */
    public static final int MOST = 8;

    private final long[] addresses = new long[MOST];
    private final int[] accesses = new int[MOST];
    private int count;

    void clear() {
        count = 0;
    }

    /** Notes a place; false if there are as many as are told. */
    boolean add(long guestAddress, int access) {
        if (count == MOST) {
            return false;
        }
        addresses[count] = guestAddress;
        accesses[count++] = access;
        return true;
    }

    boolean isAny() {
        return count > 0;
    }

    public int count() {
        return count;
    }

    /** A missing byte, as descriptors have its address. */
    public long guestAddress(int place) {
        return addresses[place];
    }

    /** What the device has to do there: {@link io.annulet.memory.Access}. */
    public int access(int place) {
        return accesses[place];
    }
}
