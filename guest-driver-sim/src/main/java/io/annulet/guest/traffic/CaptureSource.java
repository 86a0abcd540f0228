package io.annulet.guest.traffic;

import io.annulet.guest.FrameBurst;
import io.annulet.memory.HostMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The frames of a capture as they are, again and again; owned by the thread that sends them. {@link CaptureCheck} reads
 * its frames, which never change.
 */
final class CaptureSource implements FrameSource {

    private final MemorySegment memory;
    private final long[] addresses;
    private final int[] byteLengths;
    private final AtomicLong sent = new AtomicLong();
    private int next;

    CaptureSource(List<byte[]> frames) {
        long total = frames.stream().mapToLong(frame -> frame.length).sum();
        memory = Arena.ofAuto().allocate(total, 8);
        addresses = new long[frames.size()];
        byteLengths = new int[frames.size()];
        long at = HostMemory.addressOf(memory);
        for (int i = 0; i < addresses.length; i++) {
            addresses[i] = at;
            byteLengths[i] = frames.get(i).length;
            HostMemory.copyIn(MemorySegment.ofArray(frames.get(i)), at);
            at += byteLengths[i];
        }
    }

    /** How many were sent; from any thread. */
    long sent() {
        return sent.getAcquire();
    }

    int count() {
        return addresses.length;
    }

    /** Whether the frame at an address is the one that was sent as number {@code sequence}. */
    boolean isFrame(long sequence, long address, int byteLength) {
        int i = (int) (sequence % addresses.length);
        return byteLengths[i] == byteLength && HostMemory.same(addresses[i], address, byteLength);
    }

    @Override
    public int nextPair(int pairs) {
        return 0; // in the order of the capture
    }

    @Override
    public int nextOfPair(int pairs) {
        return Integer.MAX_VALUE;
    }

    @Override
    public void writeNext(FrameBurst burst, long[] stamps) {
        for (int i = 0; i < burst.count(); i++) {
            HostMemory.copy(addresses[next], burst.address(i), byteLengths[next]);
            burst.byteLength(i, byteLengths[next]);
            next = next + 1 == addresses.length ? 0 : next + 1;
        }
        sent.setRelease(sent.getPlain() + burst.count());
    }

    @Override
    public int maxByteLength() {
        int max = 0;
        for (int byteLength : byteLengths) {
            max = Math.max(max, byteLength);
        }
        return max;
    }

    @Override
    public double meanByteLength() {
        long total = 0;
        for (int byteLength : byteLengths) {
            total += byteLength;
        }
        return (double) total / byteLengths.length;
    }
}
