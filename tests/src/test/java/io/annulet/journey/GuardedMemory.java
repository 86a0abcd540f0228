package io.annulet.journey;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.annulet.guest.GuestOptions;
import io.annulet.guest.GuestRam;
import io.annulet.guest.NetDriver;
import io.annulet.guest.RamOptions;
import io.annulet.memory.HostMemory;
import java.util.List;
import java.util.stream.Stream;

/** Memory of guests that is no ring and no buffer, filled with a pattern which nobody may touch; used by one thread. */
public final class GuardedMemory {

    private static final int BYTES = 512 << 10;

    private final List<Long> addresses;

    private GuardedMemory(List<Long> addresses) {
        this.addresses = addresses;
    }

    /** A guest with memory to guard, behind its rings and buffers. */
    public static GuestOptions withRoom(GuestOptions options) {
        long needed = NetDriver.ramByteLength(options.queues(), options.queuePairs());
        return options.withRam(RamOptions.of(needed + 2L * BYTES));
    }

    /** Takes the memory of guests that were made {@link #withRoom}, and fills it. */
    public static GuardedMemory in(GuestRam... rams) {
        List<Long> addresses =
                Stream.of(rams).map(ram -> ram.allocate(BYTES, 4096)).toList();
        for (long address : addresses) {
            for (int at = 0; at < BYTES; at += 8) {
                HostMemory.storeLong(address + at, pattern(at));
            }
        }
        return new GuardedMemory(addresses);
    }

    private static long pattern(int at) {
        return (at + 1) * 0x9e37_79b9_7f4a_7c15L;
    }

    public void assertIntact() {
        for (long address : addresses) {
            for (int at = 0; at < BYTES; at += 8) {
                int where = at;
                assertEquals(pattern(at), HostMemory.loadLong(address + at), () -> "guarded memory at " + where);
            }
        }
    }
}
