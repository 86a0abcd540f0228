package io.annulet.fuzz;

/** Heads that the device has, in the order in which it took them; owned by the thread of its target. */
final class Borrowed {

    private static final int CAPACITY = 256;

    private final int[] heads = new int[CAPACITY];
    private int first;
    private int count;

    void clear() {
        first = 0;
        count = 0;
    }

    int count() {
        return count;
    }

    void add(int head) {
        heads[(first + count) % CAPACITY] = head;
        count++;
    }

    int removeFirst() {
        int head = heads[first];
        first = (first + 1) % CAPACITY;
        count--;
        return head;
    }

    int removeLast() {
        count--;
        return heads[(first + count) % CAPACITY];
    }

    void removeLast(int many) {
        count -= many;
    }
}
