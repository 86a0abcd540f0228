package io.annulet.linux;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * An open file descriptor with one owner, who closes it. Any thread may close it, and only the first close counts; the
 * owner sees to it that no other thread still uses the number then, since the kernel hands numbers out again.
 */
public final class Fd implements AutoCloseable {
    private static final int CLOSED = -1;

    private final AtomicInteger number;

    private Fd(int number) {
        this.number = new AtomicInteger(number);
    }

    /** Takes ownership of an open descriptor. */
    public static Fd of(int number) {
        if (number < 0) {
            throw new IllegalArgumentException("not a file descriptor: " + number);
        }
        return new Fd(number);
    }

    /** The descriptor's number, or -1 once closed: the kernel answers EBADF to that. */
    public int number() {
        return number.get();
    }

    public boolean isOpen() {
        return number.get() != CLOSED;
    }

    /** Hands the descriptor over to somebody who closes it by its number; for this object it is closed from now on. */
    public int release() {
        return number.getAndSet(CLOSED);
    }

    /** Closes the descriptor, once. What the kernel answers does not matter: the number is free in every case. */
    @Override
    public void close() {
        int open = number.getAndSet(CLOSED);
        if (open != CLOSED) {
            Kernel.close(open);
        }
    }

    @Override
    public String toString() {
        return isOpen() ? "fd " + number() : "closed fd";
    }
}
