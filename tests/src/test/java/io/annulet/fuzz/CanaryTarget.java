package io.annulet.fuzz;

import io.annulet.memory.HostMemory;

/**
 * A buffer reader with the mistake of CVE-2018-1059, which translated the first byte of a buffer and took the rest for
 * granted: a fuzzer that does not find it finds nothing. Owned by one thread.
 */
final class CanaryTarget implements Target {

    private final GuestWorld world = new GuestWorld();
    private final HostileDescriptors descriptors = new HostileDescriptors(world);

    @Override
    public long run(Input input) {
        world.reset();
        long descriptor = world.hostAddress(GuestWorld.RINGS);
        descriptors.writeDescriptor(input, descriptor, 0, false, 0);
        long guestAddress = HostMemory.loadLong(descriptor);
        long byteLength = HostMemory.loadLong(descriptor + 8) & 0xffff_ffffL;
        int region = world.regionOf(guestAddress);
        if (region < 0 || byteLength == 0) {
            return 0;
        }
        long hostAddress = world.hostAddress(region) + (guestAddress - world.guestAddress(region));
        if (!world.holds(hostAddress, byteLength)) {
            throw new AssertionError(byteLength + " bytes at the end of a region were taken for mapped");
        }
        return region + 1L;
    }
}
