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
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Reading a burst of packed descriptors, each a chain of its own, and noting them: nanoseconds a descriptor, all of it in the
 * first cache.
 *
 * <p>On an AMD EPYC (family 26) of a busy virtual machine: {@code oneByOne} 3.9, {@code inARow} 1.4, {@code
 * inARowUnchecked} 1.3. So one by one cost 2.5 ns a chain, two chains a frame, and leaving the checks out would gain 0.1.
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
public class PlainChains {

    private static final int BURST = 64;
    private static final int DESCRIPTOR_BYTES = 16;
    private static final int FLAGS = 14;
    private static final int AVAILABLE = 0x80;
    private static final int BOTH = 0x8080;
    private static final int LINKED = 5;
    private static final long REGION_BYTES = 1 << 20;

    private final MemorySegment memory = Arena.ofAuto().allocate(BURST * DESCRIPTOR_BYTES, 64);
    private final long ring = memory.address();
    private final long baseByteLength = REGION_BYTES;
    private final long baseHostAddress = 0x7000_0000_0000L;
    private int count;

    // One array for each thing to be known of a chain.
    private final int[] heads = new int[BURST];
    private final int[] firstSegments = new int[BURST];
    private final int[] firstWritables = new int[BURST];
    private final int[] endSegments = new int[BURST];
    private final long[] readableByteLengths = new long[BURST];
    private final long[] writableByteLengths = new long[BURST];
    private final Object[] faults = new Object[BURST];
    private final long[] addresses = new long[BURST];
    private final int[] byteLengths = new int[BURST];

    // A word for a chain, two for its segment.
    private final long[] words = new long[BURST];
    private final long[] segments = new long[2 * BURST];

    public PlainChains() {
        for (int i = 0; i < BURST; i++) {
            HostMemory.storeLong(ring + DESCRIPTOR_BYTES * i, 2048L * i);
            HostMemory.storeLong(ring + DESCRIPTOR_BYTES * i + 8, 76 | (long) i << 32 | (long) AVAILABLE << 48);
        }
    }

    /** Judged one by one, noted in an array for each thing, the count in a field. */
    @Benchmark
    @OperationsPerInvocation(BURST)
    public int oneByOne() {
        count = 0;
        while (count < BURST) {
            long at = ring + (long) DESCRIPTOR_BYTES * count;
            int flags = HostMemory.loadShortAcquire(at + FLAGS);
            if ((flags & BOTH) != AVAILABLE || !note(at)) {
                return count;
            }
        }
        return count;
    }

    private boolean note(long at) {
        long address = HostMemory.loadLong(at);
        long detail = HostMemory.loadLong(at + 8);
        long byteLength = detail & 0xffff_ffffL;
        if (((detail >>> 48) & LINKED) != 0 || address < 0 || address > baseByteLength - byteLength) {
            return false;
        }
        heads[count] = (int) (detail >>> 32) & 0xffff;
        firstSegments[count] = count;
        addresses[count] = baseHostAddress + address;
        byteLengths[count] = (int) byteLength;
        faults[count] = faults;
        firstWritables[count] = count + 1;
        endSegments[count] = count + 1;
        readableByteLengths[count] = byteLength;
        writableByteLengths[count] = 0;
        count++;
        return true;
    }

    /** The way in use: availability in a row, then a loop over locals, words. */
    @Benchmark
    @OperationsPerInvocation(BURST)
    public int inARow() {
        int available = 0;
        while (available < BURST
                && (HostMemory.loadShort(ring + (long) DESCRIPTOR_BYTES * available + FLAGS) & BOTH) == AVAILABLE) {
            available++;
        }
        HostMemory.acquireFence();
        int i = 0;
        while (i < available) {
            long at = ring + (long) DESCRIPTOR_BYTES * i;
            long address = HostMemory.loadLong(at);
            long detail = HostMemory.loadLong(at + 8);
            long byteLength = detail & 0xffff_ffffL;
            if (((detail >>> 48) & LINKED) != 0 || address < 0 || address > baseByteLength - byteLength) {
                break;
            }
            segments[2 * i] = baseHostAddress + address;
            segments[2 * i + 1] = byteLength;
            words[i] = ((detail >>> 32) & 0xffff) | (long) i << 16 | 1L << 62;
            i++;
        }
        count = i;
        return i;
    }

    /** As in a row, but with the checks of length and address left out: what the checks cost. */
    @Benchmark
    @OperationsPerInvocation(BURST)
    public int inARowUnchecked() {
        int available = 0;
        while (available < BURST
                && (HostMemory.loadShort(ring + (long) DESCRIPTOR_BYTES * available + FLAGS) & BOTH) == AVAILABLE) {
            available++;
        }
        HostMemory.acquireFence();
        for (int i = 0; i < available; i++) {
            long at = ring + (long) DESCRIPTOR_BYTES * i;
            long detail = HostMemory.loadLong(at + 8);
            segments[2 * i] = baseHostAddress + HostMemory.loadLong(at);
            segments[2 * i + 1] = detail & 0xffff_ffffL;
            words[i] = ((detail >>> 32) & 0xffff) | (long) i << 16 | 1L << 62;
        }
        count = available;
        return available;
    }
}
