package io.annulet.backend.handover;

import io.annulet.linux.Fd;
import io.annulet.linux.FileDescriptors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The descriptors that go with a state, as it is written; they stay their owners'. Used by one thread at a time.
 *
 * <p>Copies are sent where owners may close theirs before they are on their way: their numbers may be others' by then.
 */
public final class SentFds implements AutoCloseable {

    private final boolean copies;
    private final List<Fd> copied = new ArrayList<>();
    private int[] numbers = new int[16];
    private int count;

    /** For owners that close nothing until they are sent. */
    public SentFds() {
        this(false);
    }

    /** @param copies whether owners may close theirs meanwhile */
    SentFds(boolean copies) {
        this.copies = copies;
    }

    /** Adds one, and returns its number in the list. */
    public int add(@Nullable Fd fd) {
        if (fd == null) {
            return PassedState.NO_FD;
        }
        if (!copies) {
            return addNumber(fd.number());
        }
        Fd copy = FileDescriptors.duplicate(fd);
        copied.add(copy);
        return addNumber(copy.number());
    }

    /** Likewise by what the kernel calls it; one that nobody closes meanwhile. */
    public int addNumber(int number) {
        if (count == numbers.length) {
            numbers = Arrays.copyOf(numbers, 2 * count);
        }
        numbers[count] = number;
        return count++;
    }

    /** Adds all. */
    public List<Integer> addAll(List<Fd> fds) {
        return fds.stream().map(this::add).toList();
    }

    int count() {
        return count;
    }

    int[] numbers() {
        return Arrays.copyOf(numbers, count);
    }

    /** They are sent, or will not be. */
    @Override
    public void close() {
        copied.forEach(Fd::close);
        copied.clear();
    }
}
