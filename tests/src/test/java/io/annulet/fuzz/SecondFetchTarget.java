package io.annulet.fuzz;

import io.annulet.memory.HostMemory;

/** A reader that checks the length of a descriptor and then fetches it again: the planted bug. Owned by one thread. */
public final class SecondFetchTarget implements Target {

    private final GuestWorld world;
    private final HookedMemory.Hook driver;

    public SecondFetchTarget(GuestWorld world, HookedMemory.Hook driver) {
        this.world = world;
        this.driver = driver;
    }

    @Override
    public long run(Input input) {
        world.reset();
        long descriptor = world.hostAddress(GuestWorld.RINGS);
        long buffer = world.hostAddress(0);
        HostMemory.storeLong(descriptor + 8, 1 + input.below(1024));
        HookedMemory.hook(driver);
        boolean isSound = world.holds(buffer, HostMemory.loadLong(descriptor + 8));
        long byteLength = HostMemory.loadLong(descriptor + 8);
        HookedMemory.hook(HookedMemory.Hook.NONE);
        if (isSound && !world.holds(buffer, byteLength)) {
            throw new AssertionError("another length was used than the one that was checked");
        }
        return byteLength;
    }
}
