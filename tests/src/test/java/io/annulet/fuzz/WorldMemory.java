package io.annulet.fuzz;

import io.annulet.memory.GuestMemory;
import io.annulet.memory.Region;
import java.util.stream.IntStream;

/** The memory table of a world; stateless. */
final class WorldMemory {

    private WorldMemory() {}

    static GuestMemory of(GuestWorld world) {
        return GuestMemory.of(IntStream.range(0, GuestWorld.REGIONS)
                .mapToObj(i -> new Region(
                        world.guestAddress(i), world.userAddress(i), world.byteLength(i), world.hostAddress(i)))
                .toList());
    }
}
