package io.annulet.linux;

import java.util.Objects;

/**
 * File descriptors that came with messages, until their owner takes or closes them. Used by one thread, the one that
 * receives. Whatever is not taken is closed by {@link #close}, after which it can be used again.
 */
public final class ReceivedFds implements AutoCloseable {
    /** The most descriptors that the kernel lets one message carry (SCM_MAX_FD). */
    public static final int MAX_IN_MESSAGE = 253;

    private static final int TAKEN = -1;

    private final int[] numbers;
    private int count;
    private int surplus;
    private boolean truncated;

    /** Room for {@code limit} descriptors; further ones are closed as they arrive, and counted. */
    public ReceivedFds(int limit) {
        this.numbers = new int[limit];
    }

    /** How many descriptors arrived within the limit, taken ones included. */
    public int count() {
        return count;
    }

    /** How many arrived beyond the limit. They are closed. */
    public int surplus() {
        return surplus;
    }

    /** Whether the kernel dropped descriptors because this process has no numbers left for them (MSG_CTRUNC). */
    public boolean isTruncated() {
        return truncated;
    }

    /** The kernel's number for descriptor {@code index}, which stays here; -1 if it was taken. */
    public int number(int index) {
        return numbers[Objects.checkIndex(index, count)];
    }

    /** Keeps a descriptor that came with a message which another process received. */
    public void keep(Fd fd) {
        add(fd.number());
    }

    /** Hands over descriptor {@code index}, which the caller closes from now on. Each can be taken once. */
    public Fd take(int index) {
        if (index < 0 || index >= count || numbers[index] == TAKEN) {
            throw new IllegalArgumentException("no descriptor " + index + " of " + count);
        }
        Fd fd = Fd.of(numbers[index]);
        numbers[index] = TAKEN;
        return fd;
    }

    /** Closes what was not taken and forgets the rest. */
    @Override
    public void close() {
        for (int i = 0; i < count; i++) {
            if (numbers[i] != TAKEN) {
                Kernel.close(numbers[i]);
            }
        }
        count = 0;
        surplus = 0;
        truncated = false;
    }

    void add(int number) {
        if (count < numbers.length) {
            numbers[count++] = number;
        } else {
            surplus++;
            Kernel.close(number);
        }
    }

    void markTruncated() {
        truncated = true;
    }
}
