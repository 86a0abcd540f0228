package io.annulet.fuzz;

import io.annulet.memory.HostMemory;

/**
 * A driver that overwrites about every other value in its world just after the device has fetched it: one bit of it, or all.
 * What it does follows from a seed. Owned by one thread.
 */
final class OverwritingDriver implements HookedMemory.Hook {

    private final GuestWorld world;
    private long state;
    private long overwritten;

    OverwritingDriver(GuestWorld world, long seed) {
        this.world = world;
        this.state = seed;
    }

    @Override
    public void fetched(long address, long byteLength) {
        state += 0x9e3779b97f4a7c15L;
        long word = Input.mix(state);
        if ((word & 1) == 0 || !world.holds(address, byteLength)) {
            return;
        }
        overwritten++;
        int place = (int) (((word >>> 8) & 0xff) % byteLength);
        for (int i = 0; i < byteLength; i++) {
            if ((word & 2) != 0) {
                world.scribble(address + i, (int) (word >>> (16 + i)));
            } else if (i == place) {
                world.scribble(address + i, HostMemory.loadByte(address + i) ^ (1 << ((word >>> 4) & 7)));
            }
        }
    }

    /** How many values were overwritten between their fetch and their use. */
    long overwritten() {
        return overwritten;
    }
}
