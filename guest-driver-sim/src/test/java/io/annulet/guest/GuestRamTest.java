package io.annulet.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.abort;

import io.annulet.linux.FileDescriptors;
import io.annulet.linux.LinuxException;
import io.annulet.linux.Seals;
import io.annulet.memory.HostMemory;
import org.junit.jupiter.api.Test;

/** Guest RAM: its three kinds of address, its allocation and its files. */
final class GuestRamTest {

    private static final long MIB = 1 << 20;

    @Test
    void everyAddressLeadsToTheSameByte() {
        try (GuestRam ram = GuestRam.create(RamOptions.regions(3, MIB, 4096))) {
            for (int i = 0; i < 3; i++) {
                long host = ram.allocate(MIB, 64);
                long guest = ram.guestAddressOf(host + 5);
                assertEquals(RamOptions.GUEST_BASE + i * (MIB + 4096) + 5, guest);
                assertEquals(host + 5, ram.hostAddressOf(guest));
                assertEquals(host + 5, ram.asGuestMemory().hostAddressOfGuest(guest, 1));
                assertEquals(host + 5, ram.asGuestMemory().hostAddressOfUser(ram.userAddressOf(host + 5), 1));
                HostMemory.storeLong(host, i);
            }
        }
    }

    @Test
    void holesBelongToNoRegion() {
        try (GuestRam ram = GuestRam.create(RamOptions.regions(2, MIB, 4096))) {
            assertThrows(IllegalArgumentException.class, () -> ram.hostAddressOf(RamOptions.GUEST_BASE + MIB));
            assertThrows(IllegalArgumentException.class, () -> ram.guestAddressOf(1));
        }
    }

    @Test
    void allocationsAreAlignedApartAndInOneRegion() {
        try (GuestRam ram = GuestRam.create(RamOptions.regions(2, MIB, 0))) {
            long first = ram.allocate(10, 1);
            long second = ram.allocate(10, 4096);
            assertEquals(first + 4096, second);
            long third = ram.allocate(MIB - 8192, 1);
            assertEquals(ram.regions().get(0).hostAddress() + 4096 + 10, third);
            assertEquals(ram.regions().get(1).hostAddress(), ram.allocate(8192, 1));
            assertThrows(IllegalStateException.class, () -> ram.allocate(MIB, 1));
        }
    }

    @Test
    void theBackingDecidesWhoMaySeal() {
        try (GuestRam sealable = GuestRam.create(RamOptions.of(MIB));
                GuestRam fixed = GuestRam.create(RamOptions.of(MIB).withBacking(RamOptions.Backing.UNSEALABLE_MEMFD))) {
            assertTrue(Seals.add(sealable.regions().getFirst().file(), Seals.SHRINK));
            assertFalse(Seals.add(fixed.regions().getFirst().file(), Seals.SHRINK));
        }
    }

    @Test
    void hugePagesHoldRam() {
        GuestRam ram;
        try {
            ram = GuestRam.create(RamOptions.of(2 * MIB)
                    .withBacking(RamOptions.Backing.HUGE_PAGES)
                    .withPopulate());
        } catch (LinuxException e) {
            abort("no huge pages of 2 MiB: " + e);
            return;
        }
        try (ram) {
            assertTrue(FileDescriptors.status(ram.regions().getFirst().file()).isOnHugetlbfs());
            HostMemory.storeLong(ram.allocate(8, 8), 1);
        }
    }

    @Test
    void regionsShareAFileOrHaveOneEach() {
        try (GuestRam one = GuestRam.create(RamOptions.regions(2, MIB, 0));
                GuestRam two = GuestRam.create(RamOptions.regions(2, MIB, 0).withFileForEachRegion())) {
            assertEquals(one.regions().get(0).file(), one.regions().get(1).file());
            assertEquals(MIB, one.regions().get(1).fileOffset());
            assertFalse(two.regions().get(0).file().equals(two.regions().get(1).file()));
            assertEquals(0, two.regions().get(1).fileOffset());
            assertEquals(
                    MIB, FileDescriptors.status(two.regions().get(1).file()).byteLength());
        }
    }
}
