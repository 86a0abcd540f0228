package io.annulet.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.BitSet;
import java.util.StringJoiner;

/** Which processors a thread runs on. Sets are bit sets of the kernel's processor numbers. */
public final class Cpus {
    /** Larger than any machine that Linux runs on (CONFIG_NR_CPUS is at most 8192). */
    private static final int MAX_CPUS = 8192;

    private static final int MASK_BYTE_LENGTH = MAX_CPUS / Byte.SIZE;
    private static final int CALLING_THREAD = 0;

    private Cpus() {}

    /** The processors that the calling thread may run on. */
    public static BitSet available() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment mask = arena.allocate(MASK_BYTE_LENGTH, 8);
            LinuxException.check(
                    Kernel.schedGetaffinity(CALLING_THREAD, MASK_BYTE_LENGTH, mask.address()),
                    "read the processors of this thread");
            return BitSet.valueOf(mask.toArray(JAVA_BYTE));
        }
    }

    /** Lets the calling thread run on processor {@code cpu} only. */
    public static void pinCurrentThread(int cpu) {
        BitSet one = new BitSet();
        one.set(cpu);
        pinCurrentThread(one);
    }

    /** Lets the calling thread, a platform thread, run on {@code cpus} only; those that the machine lacks are left out. */
    public static void pinCurrentThread(BitSet cpus) {
        if (Thread.currentThread().isVirtual()) {
            throw new IllegalStateException("a virtual thread has no processor of its own");
        }
        byte[] bits = cpus.toByteArray();
        String action = "pin " + Thread.currentThread().getName() + " to processors " + format(cpus);
        String remedy = "check that they exist and are allowed here (taskset -p, cpuset)";
        if (bits.length > MASK_BYTE_LENGTH) {
            throw new LinuxException(action, Errno.EINVAL, remedy);
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment mask = arena.allocate(MASK_BYTE_LENGTH, 8);
            MemorySegment.copy(bits, 0, mask, JAVA_BYTE, 0, bits.length);
            LinuxException.check(
                    Kernel.schedSetaffinity(CALLING_THREAD, MASK_BYTE_LENGTH, mask.address()), action, remedy);
        }
    }

    /** The kernel's number of the calling thread, as in {@code /proc/self/task}. */
    public static int currentThreadId() {
        return (int) Kernel.gettid();
    }

    /**
     * Reads a list such as {@code 0,2-3}, the form of taskset and the kernel.
     *
     * @throws IllegalArgumentException if it is no such list; the message says which part is wrong
     */
    public static BitSet parse(String list) {
        BitSet cpus = new BitSet();
        for (String part : list.split(",", -1)) {
            String[] ends = part.strip().split("-", 2);
            int first = parseNumber(ends[0], list);
            int last = ends.length == 1 ? first : parseNumber(ends[1], list);
            if (last < first) {
                throw new IllegalArgumentException(
                        "'" + part + "' in the processor list '" + list + "' runs backwards");
            }
            cpus.set(first, last + 1);
        }
        return cpus;
    }

    private static int parseNumber(String text, String list) {
        String digits = text.strip();
        if (!digits.matches("[0-9]{1,4}") || Integer.parseInt(digits) >= MAX_CPUS) {
            throw new IllegalArgumentException(
                    "'" + text + "' in the processor list '" + list + "' is no processor; write it like 0,2-3");
        }
        return Integer.parseInt(digits);
    }

    /** Writes a set in the form that {@link #parse} reads. */
    public static String format(BitSet cpus) {
        StringJoiner list = new StringJoiner(",");
        int first = cpus.nextSetBit(0);
        while (first >= 0) {
            int end = cpus.nextClearBit(first);
            list.add(end - first == 1 ? "" + first : first + "-" + (end - 1));
            first = cpus.nextSetBit(end);
        }
        return list.toString();
    }
}
