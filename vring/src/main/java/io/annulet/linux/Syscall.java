package io.annulet.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * The one way into the kernel: libc's {@code syscall(2)}, six words in, one word out. Any thread may use it.
 *
 * <p>Going through the call's number and not through a libc function each keeps the project independent of the libc's age
 * and of its struct layouts: only the kernel's own binary interface counts, and that is stable. Pointers travel as plain
 * addresses, which costs no allocation; both architectures pass them exactly like 64-bit integers.
 */
@SuppressWarnings("restricted")
final class Syscall {
    private static final boolean AARCH64 = isAarch64();
    private static final String ERRNO = "errno";

    private static final MethodHandle SYSCALL = handle(Linker.Option.captureCallState(ERRNO));

    /**
     * Tells only that a call failed, not why. Capturing errno allocates as long as the caller is not compiled by the second
     * compiler, and what is seldom called never is.
     */
    private static final MethodHandle SYSCALL_WITHOUT_ERRNO = handle();

    /** Where a thread's memory holds its errno, and where its scratch words start. */
    private static final long ERRNO_OFFSET =
            Linker.Option.captureStateLayout().byteOffset(MemoryLayout.PathElement.groupElement(ERRNO));

    private static final long SCRATCH_OFFSET = 64;
    private static final long SCRATCH_BYTE_LENGTH = 64;

    /** Errno and scratch words of each thread. The garbage collector frees them after the thread. */
    private static final ThreadLocal<MemorySegment> THREAD_MEMORY =
            ThreadLocal.withInitial(() -> Arena.ofAuto().allocate(SCRATCH_OFFSET + SCRATCH_BYTE_LENGTH, 64));

    private Syscall() {}

    private static MethodHandle handle(Linker.Option... options) {
        Linker.Option[] all = Arrays.copyOf(options, options.length + 1);
        all[options.length] = Linker.Option.firstVariadicArg(1);
        return Linker.nativeLinker()
                .downcallHandle(
                        Linker.nativeLinker().defaultLookup().findOrThrow("syscall"),
                        FunctionDescriptor.of(
                                JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG),
                        all);
    }

    /** The number of a system call, which differs between the two architectures. */
    static int number(int onX86, int onAarch64) {
        return AARCH64 ? onAarch64 : onX86;
    }

    /**
     * Makes system call {@code number} and makes it again as long as a signal interrupts it: a process that is stopped
     * and continued sees EINTR from calls that wait.
     *
     * @return the kernel's answer, or the negative error number
     */
    static long call(int number, long a, long b, long c, long d, long e, long f) {
        MemorySegment memory = THREAD_MEMORY.get();
        while (true) {
            long result = invoke(memory, number, a, b, c, d, e, f);
            if (result != -Errno.EINTR) {
                return result;
            }
        }
    }

    static long call(int number, long a, long b, long c, long d) {
        return call(number, a, b, c, d, 0, 0);
    }

    static long call(int number, long a, long b, long c) {
        return call(number, a, b, c, 0, 0, 0);
    }

    static long call(int number, long a, long b) {
        return call(number, a, b, 0, 0, 0, 0);
    }

    static long call(int number, long a) {
        return call(number, a, 0, 0, 0, 0, 0);
    }

    /**
     * As {@code call}, for calls that have no effect when they fail and may be made again: one that succeeds allocates
     * nothing, compiled or not.
     */
    static long callAgainIfFailed(int number, long a, long b, long c) {
        long result = invokeWithoutErrno(number, a, b, c);
        return result != -1 ? result : call(number, a, b, c);
    }

    /** As {@code call}, for the calls that must not be made a second time, or whose waiting time must be counted anew. */
    static long callOnce(int number, long a, long b, long c, long d, long e) {
        return invoke(THREAD_MEMORY.get(), number, a, b, c, d, e, 0);
    }

    /**
     * The address of eight scratch words of the calling thread, for calls that may not allocate. Their content lasts only
     * until the next use in the same thread.
     */
    static long scratchAddress() {
        return THREAD_MEMORY.get().address() + SCRATCH_OFFSET;
    }

    static long scratchWord(int index) {
        return THREAD_MEMORY.get().get(JAVA_LONG, SCRATCH_OFFSET + index * 8L);
    }

    static void scratchWord(int index, long value) {
        THREAD_MEMORY.get().set(JAVA_LONG, SCRATCH_OFFSET + index * 8L, value);
    }

    private static long invoke(MemorySegment memory, int number, long a, long b, long c, long d, long e, long f) {
        try {
            long result = (long) SYSCALL.invokeExact(memory, (long) number, a, b, c, d, e, f);
            return result != -1 ? result : -memory.get(JAVA_INT, ERRNO_OFFSET);
        } catch (RuntimeException | Error unexpected) {
            throw unexpected;
        } catch (Throwable impossible) {
            throw new AssertionError("a downcall throws no checked exception", impossible);
        }
    }

    private static long invokeWithoutErrno(int number, long a, long b, long c) {
        try {
            return (long) SYSCALL_WITHOUT_ERRNO.invokeExact((long) number, a, b, c, 0L, 0L, 0L);
        } catch (RuntimeException | Error unexpected) {
            throw unexpected;
        } catch (Throwable impossible) {
            throw new AssertionError("a downcall throws no checked exception", impossible);
        }
    }

    private static boolean isAarch64() {
        String system = System.getProperty("os.name");
        String machine = System.getProperty("os.arch");
        boolean aarch64 = machine.equals("aarch64");
        boolean littleEndian = ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN;
        if (!system.equals("Linux") || !littleEndian || !(aarch64 || machine.equals("amd64"))) {
            throw new UnsupportedOperationException(
                    "needs 64-bit Linux on x86_64 or aarch64, but this is " + system + " on " + machine);
        }
        return aarch64;
    }
}
