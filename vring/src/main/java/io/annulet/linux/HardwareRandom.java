package io.annulet.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Random words that come from the processor at the moment of the call (RDRAND). Any thread may use it.
 *
 * <p>A generator with a state in memory, the kernel's included, may repeat itself when a virtual machine is copied or set
 * back to a snapshot. The processor's is no part of any snapshot. Neither the JDK nor libcrypto lets us at the instruction,
 * so there are five instructions of our own here, in a page that is mapped for execution and never writable:
 *
 * <pre>
 *   48 0f c7 f0   rdrand rax
 *   48 89 07      mov    [rdi], rax
 *   0f 92 c0      setc   al
 *   0f b6 c0      movzx  eax, al
 *   c3            ret
 * </pre>
 */
@SuppressWarnings("restricted")
public final class HardwareRandom {
    private static final byte[] CODE = {
        0x48,
        0x0f,
        (byte) 0xc7,
        (byte) 0xf0,
        0x48,
        (byte) 0x89,
        0x07,
        0x0f,
        (byte) 0x92,
        (byte) 0xc0,
        0x0f,
        (byte) 0xb6,
        (byte) 0xc0,
        (byte) 0xc3
    };
    private static final int PROT_READ_EXEC = 0x5;
    private static final int MAP_PRIVATE = 0x2;

    /** Intel's manual: a draw that fails is tried again, ten times, before the generator counts as broken. */
    private static final int TRIES = 10;

    private static final Optional<HardwareRandom> THE_ONE = make();

    private final MethodHandle draw;

    private HardwareRandom(MethodHandle draw) {
        this.draw = draw;
    }

    /** Nothing where the processor has no such instruction, or this process may not map code of its own. */
    public static Optional<HardwareRandom> find() {
        return THE_ONE;
    }

    private static Optional<HardwareRandom> make() {
        if (!System.getProperty("os.arch").equals("amd64") || !hasInstruction()) {
            return Optional.empty();
        }
        try (Fd file = Memfd.create("annulet-rdrand", CODE.length, false);
                Arena arena = Arena.ofConfined()) {
            MemorySegment code = arena.allocate(CODE.length).copyFrom(MemorySegment.ofArray(CODE));
            LinuxException.check(Kernel.write(file.number(), code.address(), CODE.length), "write code");
            long at = LinuxException.check(
                    Kernel.mmap(0, CODE.length, PROT_READ_EXEC, MAP_PRIVATE, file.number(), 0), "map code");
            return Optional.of(new HardwareRandom(Linker.nativeLinker()
                    .downcallHandle(
                            MemorySegment.ofAddress(at),
                            FunctionDescriptor.of(JAVA_INT, JAVA_LONG),
                            Linker.Option.critical(false))));
        } catch (LinuxException forbidden) {
            return Optional.empty();
        }
    }

    private static boolean hasInstruction() {
        try {
            return Files.readAllLines(Path.of("/proc/cpuinfo")).stream()
                    .anyMatch(line -> line.startsWith("flags") && (line + " ").contains(" rdrand "));
        } catch (IOException unknown) {
            return false;
        }
    }

    /**
     * Stores {@code count} words of 8 bytes.
     *
     * @throws IllegalStateException if the processor has none to give
     */
    public void fill(long address, int count) {
        for (int i = 0; i < count; i++) {
            fill(address + 8L * i);
        }
    }

    private void fill(long address) {
        try {
            for (int i = 0; i < TRIES; i++) {
                if ((int) draw.invokeExact(address) == 1) {
                    return;
                }
            }
        } catch (RuntimeException | Error unexpected) {
            throw unexpected;
        } catch (Throwable impossible) {
            throw new AssertionError("a downcall throws no checked exception", impossible);
        }
        throw new IllegalStateException("the processor's random number generator gives nothing");
    }
}
