package io.annulet.channel;

import io.annulet.linux.HardwareRandom;
import io.annulet.memory.HostMemory;
import java.security.SecureRandom;
import org.jspecify.annotations.Nullable;

/**
 * Where the 16 random bytes of a record's nonce come from; used by one thread. They are drawn when the record's plain bytes
 * are complete and just before they are sealed, so a machine that is set back in between seals the same record again.
 */
final class Freshness {
    private final @Nullable HardwareRandom hardware;
    private final SecureRandom software = new SecureRandom();
    private final byte[] drawn = new byte[RecordHeader.RANDOM_BYTES];

    Freshness(@Nullable HardwareRandom hardware) {
        this.hardware = hardware;
    }

    static Freshness best() {
        return new Freshness(HardwareRandom.find().orElse(null));
    }

    /** Whether the bytes come from the processor, whose randomness no snapshot repeats. */
    boolean isFromHardware() {
        return hardware != null;
    }

    void draw(long address) {
        if (hardware != null) {
            hardware.fill(address, RecordHeader.RANDOM_BYTES / Long.BYTES);
            return;
        }
        // A generator's state may repeat after a snapshot. The clocks move on in most cases, so they help, and no more.
        software.nextBytes(drawn);
        HostMemory.copyIn(drawn, 0, drawn.length, address);
        HostMemory.storeLong(address, HostMemory.loadLong(address) ^ System.nanoTime());
        HostMemory.storeLong(
                address + 8, HostMemory.loadLong(address + 8) ^ System.currentTimeMillis() * 0x9E37_79B9_7F4A_7C15L);
    }
}
