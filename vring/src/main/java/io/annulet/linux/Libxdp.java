package io.annulet.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.NoSuchElementException;
import org.jspecify.annotations.Nullable;

/**
 * The libraries libxdp and libbpf, as far as it takes to have libxdp's program for sockets attached to an interface beside
 * programs of others. Any thread may use it; libxdp keeps processes apart by a lock of its own.
 */
@SuppressWarnings("restricted")
final class Libxdp {
    private static final String PROGRAM = "xsk_def_prog";
    private static final int MOST_PROGRAMS = 16;

    /** What is less than this as an unsigned number, from its end, is an error and no pointer. */
    private static final long MOST_ERRNO = 4095;

    private static final FunctionDescriptor ONE = FunctionDescriptor.of(JAVA_LONG, JAVA_LONG);
    private static final FunctionDescriptor TWO = FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, JAVA_LONG);
    private static final FunctionDescriptor FOUR =
            FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);

    /** Null on a machine without them. */
    private static final @Nullable SymbolLookup LIBRARIES = find();

    private static final MethodHandle SETUP = handle("xsk_setup_xdp_prog", TWO);
    private static final MethodHandle GET = handle("xdp_multiprog__get_from_ifindex", ONE);
    private static final MethodHandle CLOSE = handle("xdp_multiprog__close", ONE);
    private static final MethodHandle IS_LEGACY = handle("xdp_multiprog__is_legacy", ONE);
    private static final MethodHandle MODE = handle("xdp_multiprog__attach_mode", ONE);
    private static final MethodHandle MAIN = handle("xdp_multiprog__main_prog", ONE);
    private static final MethodHandle NEXT = handle("xdp_multiprog__next_prog", TWO);
    private static final MethodHandle DETACH_ALL = handle("xdp_multiprog__detach", ONE);
    private static final MethodHandle NAME = handle("xdp_program__name", ONE);
    private static final MethodHandle DETACH = handle("xdp_program__detach", FOUR);

    private Libxdp() {}

    static boolean isInstalled() {
        return LIBRARIES != null;
    }

    private static @Nullable SymbolLookup find() {
        try {
            SymbolLookup xdp = SymbolLookup.libraryLookup("libxdp.so.1", Arena.global());
            SymbolLookup both = xdp.or(SymbolLookup.libraryLookup("libbpf.so.1", Arena.global()));
            // They print what they try to standard error, failures that are none included.
            for (String printing : new String[] {"libxdp_set_print", "libbpf_set_print"}) {
                call(Linker.nativeLinker().downcallHandle(both.findOrThrow(printing), ONE), 0);
            }
            return both;
        } catch (IllegalArgumentException | NoSuchElementException notThere) {
            return null;
        }
    }

    private static MethodHandle handle(String function, FunctionDescriptor shape) {
        SymbolLookup libraries = LIBRARIES;
        MethodType type = shape.toMethodType();
        return libraries == null
                ? MethodHandles.dropArguments(
                        MethodHandles.constant(long.class, (long) -Errno.ENOENT), 0, type.parameterList())
                : Linker.nativeLinker().downcallHandle(libraries.findOrThrow(function), shape);
    }

    private static long call(MethodHandle function, long a) {
        try {
            return (long) function.invokeExact(a);
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }

    private static long call(MethodHandle function, long a, long b) {
        try {
            return (long) function.invokeExact(a, b);
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }

    private static long call(MethodHandle function, long a, long b, long c, long d) {
        try {
            return (long) function.invokeExact(a, b, c, d);
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }

    private static boolean isPointer(long result) {
        return result != 0 && Long.compareUnsigned(result, -MOST_ERRNO) < 0;
    }

    /** Attaches the program; returns a descriptor of its map of sockets, which is the caller's, or a negative error number. */
    static int attach(int interfaceIndex) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment map = arena.allocate(Integer.BYTES, 4);
            map.set(JAVA_INT, 0, -1);
            int result = (int) call(SETUP, interfaceIndex, map.address());
            return result < 0 ? result : map.get(JAVA_INT, 0);
        }
    }

    /** Whether the program is attached, by this process or another. */
    static boolean isAttached(int interfaceIndex) {
        return withProgram(interfaceIndex, false) == 0;
    }

    /** Takes the program away, and leaves those of others; 0, or a negative error number. */
    static int detach(int interfaceIndex) {
        return withProgram(interfaceIndex, true);
    }

    private static int withProgram(int interfaceIndex, boolean detach) {
        long all = call(GET, interfaceIndex);
        if (!isPointer(all)) {
            return -Errno.ENOENT;
        }
        try {
            if ((call(IS_LEGACY, all) & 0xff) != 0) {
                boolean isOurs = isNamed(call(MAIN, all));
                return !isOurs ? -Errno.ENOENT : detach ? (int) call(DETACH_ALL, all) : 0;
            }
            long program = call(NEXT, 0, all);
            for (int i = 0; i < MOST_PROGRAMS && isPointer(program); i++) {
                if (isNamed(program)) {
                    return detach ? (int) call(DETACH, program, interfaceIndex, call(MODE, all), 0) : 0;
                }
                program = call(NEXT, program, all);
            }
            return -Errno.ENOENT;
        } finally {
            call(CLOSE, all);
        }
    }

    private static boolean isNamed(long program) {
        long name = isPointer(program) ? call(NAME, program) : 0;
        if (!isPointer(name)) {
            return false;
        }
        // No further than the first byte that differs: the name may be shorter.
        MemorySegment bytes = MemorySegment.ofAddress(name).reinterpret(PROGRAM.length() + 1L);
        for (int i = 0; i < PROGRAM.length(); i++) {
            if (bytes.get(JAVA_BYTE, i) != PROGRAM.charAt(i)) {
                return false;
            }
        }
        return bytes.get(JAVA_BYTE, PROGRAM.length()) == 0;
    }
}
