package io.annulet.vring;

/** Arithmetic on the free-running 16-bit indexes of a ring, stateless. An index is an int from 0 to 65,535. */
public final class Index16 {

    private Index16() {}

    public static int plus(int index, int count) {
        return (index + count) & 0xffff;
    }

    /** How many steps lead from {@code from} to {@code to}: 0 to 65,535. */
    public static int distance(int from, int to) {
        return (to - from) & 0xffff;
    }

    /**
     * Whether a notification is due after the index went from {@code before} to {@code after}: it went past the event
     * index. VIRTIO 1.2, "Used Buffer Notification Suppression".
     */
    public static boolean passed(int event, int before, int after) {
        return distance(event + 1, after) < distance(before, after);
    }
}
