package io.annulet.bench;

import io.annulet.memory.HostMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Copies of a header and a short frame, one to two cache lines: a 64-byte frame has 76 bytes with its header.
 *
 * <p>For 76 and 128 bytes, in nanoseconds, on an AMD EPYC (family 26) of a busy virtual machine: {@code lineAndMore} 1.9 and
 * 3.2, {@code words} 2.1 and 3.2, {@code stub} 3.5 and 3.5. The stub lost by its call; words are as good, but the line has to
 * be copied apart anyhow, for the header is made plain on the way.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(
        value = 1,
        jvmArgsAppend = {
            "--add-exports=java.base/jdk.internal.misc=ALL-UNNAMED",
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow"
        })
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class ShortCopies {

    @Param({"76", "128"})
    private int byteLength;

    private final MemorySegment memory = Arena.ofAuto().allocate(4096, 64);
    private final long from = memory.address();
    private final long to = from + 2048;

    /** The one in use: eight words, then words up to an overlapping last one. */
    @Benchmark
    public void lineAndMore() {
        HostMemory.copyLineAndMore(from, to, byteLength);
    }

    /** The copy stub, which is called for more than a line. */
    @Benchmark
    public void stub() {
        HostMemory.copy(from, to, byteLength);
    }

    /** A loop of words from the first to the last. */
    @Benchmark
    public void words() {
        int last = byteLength - 8;
        for (int at = 0; at < last; at += 8) {
            HostMemory.storeLong(to + at, HostMemory.loadLong(from + at));
        }
        HostMemory.storeLong(to + last, HostMemory.loadLong(from + last));
    }
}
