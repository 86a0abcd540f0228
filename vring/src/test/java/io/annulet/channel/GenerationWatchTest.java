package io.annulet.channel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.linux.KernelEvents;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** What of the kernel's events says that this machine is a copy. */
final class GenerationWatchTest {
    private static final String DEVICE = "change@/devices/LNXSYSTM:00/LNXSYBUS:00/QEMUVGID:00";

    @Test
    void aNewGenerationIsKnownByItsWord_O09() {
        assertTrue(GenerationWatch.isNew(List.of(DEVICE, "ACTION=change", "NEW_VMGENID=1", "SEQNUM=900")));
        assertFalse(GenerationWatch.isNew(List.of(DEVICE, "ACTION=change", "SEQNUM=900")));
        // Who may write to a device's file can have the kernel say what he likes, but not without this prefix.
        assertFalse(GenerationWatch.isNew(List.of(DEVICE, "SYNTH_UUID=0", "SYNTH_ARG_NEW_VMGENID=1")));
        assertFalse(GenerationWatch.isNew(List.of()));
    }

    @Test
    void eventsThatWereLostMayHaveSaidSo_O09() {
        assertTrue(GenerationWatch.isNew(KernelEvents.LOST));
    }

    @Test
    void aWatchEndsWhenItIsClosedAndOtherEventsLeaveItAlone() {
        AtomicInteger told = new AtomicInteger();
        try (GenerationWatch watch = GenerationWatch.start(told::incrementAndGet)) {
            assertEquals(0, told.get(), watch::toString);
        }
        assertEquals(0, told.get());
    }
}
