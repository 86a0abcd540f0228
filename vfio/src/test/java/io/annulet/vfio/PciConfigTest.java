package io.annulet.vfio;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;

final class PciConfigTest {

    private static final int COMMAND = 4;
    private static final int STATUS = 6;
    private static final int FIRST = 0x34;

    private final FakeConfigSpace space = new FakeConfigSpace();
    private final PciConfig config = new PciConfig(space);

    @Test
    void walksTheCapabilitiesInTheirOrder() {
        space.set(FIRST, 1, 0x80);
        space.capability(0x80, PciConfig.CAPABILITY_VENDOR, 0x40);
        space.capability(0x40, PciConfig.CAPABILITY_MSIX, 0);
        space.set(0x42, 2, 0x8004);
        assertEquals(
                List.of(
                        new PciConfig.Capability(PciConfig.CAPABILITY_VENDOR, 0x80),
                        new PciConfig.Capability(PciConfig.CAPABILITY_MSIX, 0x40)),
                config.capabilities());
        assertEquals(5, config.msixVectors());
    }

    @Test
    void aListThatBitesItsTailEnds() {
        space.set(FIRST, 1, 0x40);
        space.capability(0x40, 1, 0x48);
        space.capability(0x48, 2, 0x40);
        assertEquals(
                48,
                Assertions.assertTimeoutPreemptively(
                        Duration.ofSeconds(20), () -> config.capabilities().size()));
    }

    @Test
    void aListThatLeadsIntoTheHeaderEnds() {
        space.set(FIRST, 1, 0x40);
        space.capability(0x40, 1, 0x10);
        assertEquals(1, config.capabilities().size());
    }

    @Test
    void aDeviceThatWasPulledOutIsNotThereAndHasNoEndlessList() {
        assertTrue(config.isThere());
        Arrays.fill(space.bytes, (byte) 0xff);
        assertFalse(config.isThere());
        assertEquals(List.of(), config.capabilities());
        assertEquals(0, config.msixVectors());
    }

    @Test
    void busMasteringGoesAndTheRestOfTheCommandStays() {
        space.set(COMMAND, 2, 0x442);
        config.enableBusMaster(true);
        assertTrue(config.isBusMaster());
        assertEquals(0x446, space.read(COMMAND, 2));
        config.enableBusMaster(false);
        assertEquals(0x442, space.read(COMMAND, 2));
    }

    @Test
    void errorsAreToldOnce() {
        space.set(STATUS, 2, 0x2010);
        assertEquals(0x2000, config.takeErrors());
        assertEquals(0, config.takeErrors());
        assertEquals(0x10, space.read(STATUS, 2));
    }
}
