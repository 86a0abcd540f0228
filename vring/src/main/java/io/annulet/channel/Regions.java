package io.annulet.channel;

import io.annulet.memory.HostMemory;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Memory that the other end may place bytes in, by number; used by its end's thread. Nothing is registered at first. */
final class Regions {
    private record Region(long address, long byteLength) {}

    private final Map<Integer, Region> regions = new HashMap<>();

    void register(int number, long address, long byteLength) {
        regions.put(number, new Region(address, byteLength));
    }

    void remove(int number) {
        regions.remove(number);
    }

    /** Copies opened bytes to where their record says, or does nothing at all if that is not wholly inside of a region. */
    boolean place(int number, long offset, long from, int byteLength) {
        @Nullable Region region = regions.get(number);
        if (region == null || offset < 0 || offset > region.byteLength() - byteLength) {
            return false;
        }
        HostMemory.copy(from, region.address() + offset, byteLength);
        return true;
    }
}
