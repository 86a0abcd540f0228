package io.annulet.vring;

/**
 * Arithmetic on positions in a packed ring, stateless: a slot in the low 15 bits and the wrap counter above it, as the
 * event areas and vhost-user's vring bases have it. It begins at slot 0 with the wrap counter set.
 */
public final class PackedPosition {

    public static final int START = 0x8000;

    private PackedPosition() {}

    public static int slot(int position) {
        return position & 0x7fff;
    }

    public static boolean wrap(int position) {
        return (position & 0x8000) != 0;
    }

    public static boolean isValid(int position, int size) {
        return slot(position) < size;
    }

    /** The position {@code count} slots on; at most one round. */
    public static int plus(int position, int count, int size) {
        int slot = slot(position) + count;
        return slot < size ? position + count : (slot - size) | ((position & 0x8000) ^ 0x8000);
    }

    /** The position {@code count} slots back; at most one round. */
    public static int minus(int position, int count, int size) {
        int slot = slot(position) - count;
        return slot >= 0 ? position - count : (slot + size) | ((position & 0x8000) ^ 0x8000);
    }

    /**
     * Whether a notification is due after {@code count} slots up to {@code after} were published: the event position is
     * one of them. VIRTIO 1.2, "Event Suppression Structure Layout".
     */
    static boolean passed(int event, int after, int count, int size) {
        int eventSlot = slot(event) - (wrap(event) == wrap(after) ? 0 : size);
        int afterSlot = slot(after);
        return Index16.passed(eventSlot & 0xffff, (afterSlot - count) & 0xffff, afterSlot);
    }
}
