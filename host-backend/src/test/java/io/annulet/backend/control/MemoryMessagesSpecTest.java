package io.annulet.backend.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.annulet.guest.Payloads;
import io.annulet.guest.RamRegion;
import io.annulet.guest.RawRing;
import io.annulet.linux.EventFd;
import io.annulet.linux.Fd;
import io.annulet.linux.FileDescriptors;
import io.annulet.linux.Memfd;
import io.annulet.linux.Seals;
import io.annulet.vhostuser.VhostUserRequest;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** SET_MEM_TABLE, GET_MAX_MEM_SLOTS, ADD_MEM_REG and REM_MEM_REG. */
final class MemoryMessagesSpecTest extends ControlTest {

    private static final long PAGE = 4096;
    private static final long GUEST = 1L << 30;
    private static final long USER = 1L << 40;

    private static RamRegion region(Fd file, long guestAddress, long userAddress, long byteLength, long offset) {
        return new RamRegion(file, offset, guestAddress, userAddress, byteLength, 0);
    }

    private static byte[] table(RamRegion... regions) {
        return Payloads.memoryTable(List.of(regions));
    }

    private static Fd memory(TestSession session, long byteLength) {
        return session.keep(Memfd.create("guest", byteLength, true));
    }

    @Test
    void aTableOfTwoRegionsIsInForce() {
        try (TestSession session = withMemory()) {
            List<SessionStatus.SharedRegion> shared = session.status().regions();
            assertEquals(2, shared.size());
            for (int i = 0; i < 2; i++) {
                RamRegion told = session.ram.regions().get(i);
                assertEquals(
                        new SessionStatus.SharedRegion(
                                told.guestAddress(), told.userAddress(), told.byteLength(), true),
                        shared.get(i));
            }
        }
    }

    @Test
    void countPayloadAndDescriptorsOfATableAgree() {
        try (TestSession session = negotiated()) {
            Fd file = memory(session, PAGE);
            RamRegion one = region(file, GUEST, USER, PAGE, 0);
            RamRegion other = region(file, 2 * GUEST, 2 * USER, PAGE, 0);
            byte[] two = table(one, other);
            session.assertRefuses(VhostUserRequest.SET_MEM_TABLE, withCount(two, 1), file);
            session.assertRefuses(VhostUserRequest.SET_MEM_TABLE, withCount(two, 3), file, file, file);
            session.assertRefuses(VhostUserRequest.SET_MEM_TABLE, withCount(two, 0), file);
            session.assertRefuses(VhostUserRequest.SET_MEM_TABLE, withCount(two, 9), file, file);
            session.assertRefuses(VhostUserRequest.SET_MEM_TABLE, withCount(two, -1), file, file);
            session.assertRefuses(VhostUserRequest.SET_MEM_TABLE, two, file);
            session.assertRefuses(VhostUserRequest.SET_MEM_TABLE, two, file, file, file);
            session.assertAccepts(VhostUserRequest.SET_MEM_TABLE, two, file, file);
        }
    }

    private static byte[] withCount(byte[] table, int count) {
        byte[] changed = table.clone();
        ByteBuffer.wrap(changed).order(ByteOrder.LITTLE_ENDIAN).putInt(0, count);
        return changed;
    }

    @Test
    void numbersThatOverflowOrAreNoWholePagesAreRefused() {
        try (TestSession session = negotiated()) {
            Fd file = memory(session, 4 * PAGE);
            RamRegion[] bad = {
                region(file, GUEST, USER, 0, 0),
                region(file, GUEST, USER, -PAGE, 0),
                region(file, GUEST, USER, PAGE + 1, 0),
                region(file, GUEST, USER, PAGE, 1),
                region(file, GUEST, USER, PAGE, -PAGE),
                region(file, GUEST, USER, Long.MAX_VALUE & -PAGE, 2 * PAGE),
                region(file, -PAGE, USER, 2 * PAGE, 0),
                region(file, GUEST, -PAGE, 2 * PAGE, 0),
                region(file, GUEST, USER, 5 * PAGE, 0),
                region(file, GUEST, USER, PAGE, 4 * PAGE),
            };
            for (RamRegion one : bad) {
                session.assertRefuses(VhostUserRequest.SET_MEM_TABLE, table(one), file);
                session.assertRefuses(VhostUserRequest.ADD_MEM_REG, Payloads.singleRegion(one), file);
            }
            session.assertAccepts(
                    VhostUserRequest.ADD_MEM_REG,
                    Payloads.singleRegion(region(file, -PAGE, -2 * PAGE, PAGE, 3 * PAGE)),
                    file);
        }
    }

    @Test
    void overlappingRegionsAreRefusedAndTheOldTableStaysInForce() {
        try (TestSession session = withMemory()) {
            Fd file = memory(session, 4 * PAGE);
            RamRegion one = region(file, GUEST, USER, 2 * PAGE, 0);
            RamRegion sameGuest = region(file, GUEST + PAGE, 2 * USER, 2 * PAGE, 0);
            RamRegion sameUser = region(file, 2 * GUEST, USER - PAGE, 2 * PAGE, 0);
            SessionStatus before = session.status();
            session.assertRefuses(VhostUserRequest.SET_MEM_TABLE, table(one, sameGuest), file, file);
            session.assertRefuses(VhostUserRequest.SET_MEM_TABLE, table(one, sameUser), file, file);
            session.assertRefuses(VhostUserRequest.SET_MEM_TABLE, table(one, one), file, file);
            RamRegion known = session.ram.regions().get(0);
            session.assertRefuses(
                    VhostUserRequest.ADD_MEM_REG,
                    Payloads.singleRegion(region(file, known.guestAddress(), USER, PAGE, 0)),
                    file);
            assertEquals(before.regions(), session.status().regions());
            session.startRing(0);
        }
    }

    @Test
    void thereAre509SlotsAndNotOneMore() {
        try (TestSession session = negotiated()) {
            assertEquals(509, session.frontEnd.getMaxMemSlots());
            Fd file = memory(session, PAGE);
            for (int i = 0; i < 509; i++) {
                session.assertAccepts(VhostUserRequest.ADD_MEM_REG, slot(file, i), file);
            }
            session.assertRefuses(VhostUserRequest.ADD_MEM_REG, slot(file, 509), file);
            assertEquals(509, session.status().regions().size());
            session.assertAccepts(VhostUserRequest.REM_MEM_REG, slot(file, 100));
            session.assertAccepts(VhostUserRequest.ADD_MEM_REG, slot(file, 509), file);
        }
    }

    private static byte[] slot(Fd file, int i) {
        return Payloads.singleRegion(region(file, GUEST + 2 * PAGE * i, USER + 3 * PAGE * i, PAGE, 0));
    }

    @Test
    void aRegionIsRemovedByItsAddressesAndSize() {
        try (TestSession session = withMemory()) {
            RamRegion known = session.ram.regions().get(1);
            session.assertRefuses(
                    VhostUserRequest.REM_MEM_REG,
                    Payloads.singleRegion(region(known.file(), known.guestAddress(), known.userAddress(), PAGE, 0)));
            session.assertRefuses(
                    VhostUserRequest.REM_MEM_REG,
                    Payloads.singleRegion(region(known.file(), known.guestAddress(), USER, known.byteLength(), 0)));
            session.assertAccepts(VhostUserRequest.REM_MEM_REG, Payloads.singleRegion(known));
            session.assertRefuses(VhostUserRequest.REM_MEM_REG, Payloads.singleRegion(known));
            assertEquals(1, session.status().regions().size());
        }
    }

    @Test
    void aStrayDescriptorOfRemMemRegIsClosed() {
        try (TestSession session = withMemory()) {
            RamRegion known = session.ram.regions().get(1);
            session.status();
            int open = FileDescriptors.openCount();
            session.assertAccepts(VhostUserRequest.REM_MEM_REG, Payloads.singleRegion(known), known.file());
            assertEquals(open - 1, FileDescriptors.openCount(), "the region's descriptor and the stray one are closed");
        }
    }

    @Test
    void memoryOfARunningRingStaysUntilTheRingIsStopped() {
        try (TestSession session = withMemory()) {
            session.startRing(0);
            RamRegion ofRings = session.ram.regions().get(0);
            RamRegion other = session.ram.regions().get(1);
            session.assertRefuses(VhostUserRequest.REM_MEM_REG, Payloads.singleRegion(ofRings));
            session.assertRefuses(VhostUserRequest.SET_MEM_TABLE, table(other), other.file());
            session.assertAccepts(VhostUserRequest.REM_MEM_REG, Payloads.singleRegion(other));
            session.frontEnd.getVringBase(0);
            session.assertAccepts(VhostUserRequest.REM_MEM_REG, Payloads.singleRegion(ofRings));
            assertEquals(List.of(), session.status().regions());
        }
    }

    @Test
    void ringsRunOnInATableThatHasTheirMemoryElsewhere() {
        try (TestSession session = withMemory()) {
            RawRing ring = session.configureRing(1);
            EventFd kick = session.newEventFd();
            session.frontEnd.setVringKick(1, kick.fd());
            session.frontEnd.setVringEnable(1, true);
            RamRegion first = session.ram.regions().get(0);
            long half = first.byteLength() / 2;
            RamRegion longer = first;
            RamRegion shorter = region(first.file(), first.guestAddress(), first.userAddress(), half, 0);
            ring.descriptor(0, first.guestAddress(), 64, 0, 0);
            for (int round = 1; round <= 50; round++) {
                RamRegion next = round % 2 == 0 ? longer : shorter;
                session.assertAccepts(VhostUserRequest.SET_MEM_TABLE, table(next), first.file());
                ring.availHead((round - 1) % TestSession.RING_SIZE, 0);
                ring.availIndex(round);
                kick.signal();
                int expected = round;
                TestBackend.await("chain " + round + " is used", () -> ring.usedIndexAcquire() == expected);
            }
        }
    }

    @Test
    void regionsThatStayAreKeptMappedAndOthersAreUnmapped() {
        try (TestSession session = withMemory()) {
            session.startRing(0);
            int mapped = Proc.mappingsOf("memfd:");
            int open = FileDescriptors.openCount();
            for (int i = 0; i < 20; i++) {
                session.frontEnd.setMemTable(session.ram.regions());
            }
            session.status();
            assertEquals(mapped, Proc.mappingsOf("memfd:"));
            assertEquals(open, FileDescriptors.openCount());
        }
    }

    @Test
    void onlyMemoryFilesAreMemory() {
        try (TestSession session = negotiated()) {
            List<Fd> others = new ArrayList<>(List.of(session.eventFd()));
            for (String path : List.of("/dev/zero", "/dev/null", "/proc/self/maps")) {
                others.add(session.keep(Proc.open(Path.of(path))));
            }
            for (Fd other : others) {
                session.assertRefuses(
                        VhostUserRequest.ADD_MEM_REG,
                        Payloads.singleRegion(region(other, GUEST, USER, PAGE, 0)),
                        other);
            }
            Fd readOnly = session.keep(Proc.readOnly(memory(session, PAGE)));
            session.assertRefuses(
                    VhostUserRequest.ADD_MEM_REG,
                    Payloads.singleRegion(region(readOnly, GUEST, USER, PAGE, 0)),
                    readOnly);
            assertEquals(List.of(), session.status().regions());
        }
    }

    @Test
    void aRegionOnHugePagesNeedNotBeginOrEndWithOne() {
        assumeTrue(Proc.freeHugePages() >= 2, "no huge pages are set aside (/proc/sys/vm/nr_hugepages)");
        try (TestSession session = negotiated()) {
            long huge = Proc.hugePageBytes();
            Fd file = session.keep(Memfd.createHuge("huge", 2 * huge, false));
            RamRegion region = region(file, GUEST, USER, huge, PAGE);
            session.assertAccepts(VhostUserRequest.SET_MEM_TABLE, table(region), file);
            session.frontEnd.setVringNum(0, 16);
            session.frontEnd.setVringAddress(0, USER, USER + PAGE, USER + huge - PAGE);
            session.assertAccepts(VhostUserRequest.SET_VRING_KICK, Payloads.u64(0), session.eventFd());
            session.assertRefuses(
                    VhostUserRequest.ADD_MEM_REG,
                    Payloads.singleRegion(region(file, 2 * GUEST, 2 * USER, 2 * huge, PAGE)),
                    file);
            assertFalse(session.status().isSealed());
        }
    }

    // Sealing.

    @Test
    void memoryThatCanBeSealedIsSealedAgainstShrinking() {
        try (TestSession session = negotiated()) {
            Fd file = memory(session, PAGE);
            session.assertAccepts(VhostUserRequest.SET_MEM_TABLE, table(region(file, GUEST, USER, PAGE, 0)), file);
            assertTrue(Seals.has(file, Seals.SHRINK));
            assertTrue(session.status().isSealed());
        }
    }

    @Test
    void memoryThatIsSealedAlreadyIsFineEvenIfItTakesNoFurtherSeal() {
        try (TestSession session = negotiated()) {
            Fd file = memory(session, PAGE);
            Seals.add(file, Seals.SHRINK | Seals.GROW | Seals.SEAL);
            session.assertAccepts(VhostUserRequest.SET_MEM_TABLE, table(region(file, GUEST, USER, PAGE, 0)), file);
            assertTrue(session.status().isSealed());
        }
    }

    @Test
    void memoryThatCannotBeSealedIsAcceptedAndMarked() {
        try (TestSession session = negotiated()) {
            Fd file = session.keep(Memfd.create("unsealable", PAGE, false));
            session.assertAccepts(VhostUserRequest.SET_MEM_TABLE, table(region(file, GUEST, USER, PAGE, 0)), file);
            assertFalse(session.status().isSealed());
        }
    }

    @Test
    void memoryThatCannotBeSealedIsRefusedUnderSealRequire() {
        GuestEndpoint strict = backend.open(options("strict").withSeal(SealPolicy.REQUIRE));
        try (TestSession session = TestSession.negotiated(backend, strict)) {
            Fd unsealable = session.keep(Memfd.create("unsealable", PAGE, false));
            session.assertRefuses(
                    VhostUserRequest.SET_MEM_TABLE, table(region(unsealable, GUEST, USER, PAGE, 0)), unsealable);
            Fd file = memory(session, PAGE);
            session.assertAccepts(VhostUserRequest.SET_MEM_TABLE, table(region(file, GUEST, USER, PAGE, 0)), file);
        }
    }

    @Test
    void aRingWhoseMemoryWasTruncatedDoesNotStart() {
        try (TestSession session = negotiated()) {
            Fd file = session.keep(Memfd.create("unsealable", 4 * PAGE, false));
            session.frontEnd.setMemTable(List.of(region(file, GUEST, USER, 4 * PAGE, 0)));
            session.frontEnd.setVringNum(0, 16);
            session.frontEnd.setVringAddress(0, USER, USER + PAGE, USER + 2 * PAGE);
            FileDescriptors.truncate(file, PAGE);
            session.assertRefuses(VhostUserRequest.SET_VRING_KICK, Payloads.u64(0), session.eventFd());
        }
    }

    @Test
    void aFrontEndThatTakesItsMemoryAwayLosesItsSessionAndOthersGoOn() {
        GuestEndpoint other = backend.open(options("other"));
        try (TestSession bystander = TestSession.withMemory(backend, other);
                TestSession session = negotiated()) {
            bystander.startRing(1);
            Fd file = session.keep(Memfd.create("unsealable", 4 * PAGE, false));
            session.frontEnd.setMemTable(List.of(region(file, GUEST, USER, 4 * PAGE, 0)));
            session.frontEnd.setVringNum(1, 16);
            session.frontEnd.setVringAddress(1, USER, USER + PAGE, USER + 2 * PAGE);
            session.frontEnd.setVringKick(1, null);
            FileDescriptors.truncate(file, 0);
            session.assertClosed();
            assertEquals(RingState.STARTED_DISABLED, bystander.ring(1).state());
        }
    }

    @Test
    void theSameTableAgainAndAgainLeavesNothingBehind() {
        try (TestSession session = negotiated()) {
            Fd[] files = {memory(session, PAGE), memory(session, PAGE)};
            RamRegion[] regions = {region(files[0], GUEST, USER, PAGE, 0), region(files[1], GUEST, USER, PAGE, 0)};
            session.assertAccepts(VhostUserRequest.SET_MEM_TABLE, table(regions[0]), files[0]);
            int mapped = Proc.mappingsOf("memfd:");
            int open = FileDescriptors.openCount();
            for (int i = 0; i < 1000; i++) {
                session.assertAccepts(VhostUserRequest.SET_MEM_TABLE, table(regions[i % 2]), files[i % 2]);
            }
            assertEquals(mapped, Proc.mappingsOf("memfd:"));
            assertEquals(open, FileDescriptors.openCount());
        }
    }
}
