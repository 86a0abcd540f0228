package io.annulet.hostile;

import static org.junit.jupiter.api.Assertions.fail;

import io.annulet.guest.GuestRam;
import io.annulet.guest.RamRegion;
import io.annulet.memory.HostMemory;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A villain's RAM, and what has to be in it: every byte is known, but for those that the device was allowed to write. Used
 * by one thread.
 */
final class VillainMemory {

    private static final int GUARD_BYTES = 64;

    private record Range(long hostAddress, long byteLength) {}

    private final GuestRam ram;
    private final Map<RamRegion, byte[]> images = new HashMap<>();
    private final List<Range> writable = new ArrayList<>();
    private final List<Range> villainsOwn = new ArrayList<>();

    /** Fills the RAM with a pattern. */
    VillainMemory(GuestRam ram) {
        this.ram = ram;
        for (RamRegion region : ram.regions()) {
            for (long at = 0; at < region.byteLength(); at += 8) {
                HostMemory.storeLong(region.hostAddress() + at, (region.guestAddress() + at) * 0x9e37_79b9_7f4a_7c15L);
            }
            images.put(region, HostMemory.copyOut(region.hostAddress(), (int) region.byteLength()));
        }
    }

    /** What the villain itself has just written. */
    void remember(long hostAddress, long byteLength) {
        images.forEach((region, image) -> {
            long offset = hostAddress - region.hostAddress();
            if (offset >= 0 && offset + byteLength <= region.byteLength()) {
                byte[] bytes = HostMemory.copyOut(hostAddress, (int) byteLength);
                System.arraycopy(bytes, 0, image, (int) offset, bytes.length);
            }
        });
    }

    /** The device may write there from now on. */
    void mayBeWritten(long hostAddress, long byteLength) {
        writable.add(new Range(hostAddress, byteLength));
    }

    void write(long hostAddress, byte[] bytes) {
        HostMemory.copyIn(MemorySegment.ofArray(bytes), hostAddress);
        remember(hostAddress, bytes.length);
    }

    /** The guest address of a buffer for the device to read, guarded on both sides. */
    long readable(byte[] content) {
        long at = allocate(content.length);
        write(at, content);
        villainsOwn.add(new Range(at, content.length));
        return ram.guestAddressOf(at);
    }

    /** The guest address of a buffer for the device to write, guarded on both sides. */
    long writable(int byteLength) {
        long at = allocate(byteLength);
        mayBeWritten(at, byteLength);
        return ram.guestAddressOf(at);
    }

    private long allocate(int byteLength) {
        return ram.allocate(GUARD_BYTES + byteLength + GUARD_BYTES, 16) + GUARD_BYTES;
    }

    byte[] read(long guestAddress, int byteLength) {
        return HostMemory.copyOut(ram.hostAddressOf(guestAddress), byteLength);
    }

    /** What is there now is what the villain itself left there: two of its threads wrote, and nobody remembers which last. */
    void forgetRanges() {
        villainsOwn.forEach(range -> remember(range.hostAddress, range.byteLength));
    }

    /** Nothing was written where nothing may be. */
    void assertIntact() {
        images.forEach((region, image) -> {
            byte[] now = HostMemory.copyOut(region.hostAddress(), image.length);
            for (Range range : writable) {
                long offset = range.hostAddress - region.hostAddress();
                if (offset >= 0 && offset < image.length) {
                    System.arraycopy(now, (int) offset, image, (int) offset, (int) range.byteLength);
                }
            }
            int different = Arrays.mismatch(image, now);
            if (different >= 0) {
                fail(String.format("guest memory was written at 0x%x", region.guestAddress() + different));
            }
        });
    }
}
