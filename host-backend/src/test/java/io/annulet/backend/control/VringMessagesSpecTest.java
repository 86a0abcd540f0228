package io.annulet.backend.control;

import static io.annulet.backend.control.TestSession.RING_SIZE;
import static io.annulet.backend.control.TestSession.state;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.guest.Payloads;
import io.annulet.guest.RamRegion;
import io.annulet.guest.RawRing;
import io.annulet.linux.EventFd;
import io.annulet.linux.Fd;
import io.annulet.linux.FileDescriptors;
import io.annulet.linux.Memfd;
import io.annulet.linux.UnixSocket;
import io.annulet.vhostuser.MessageLayout;
import io.annulet.vhostuser.VhostUserRequest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** SET_VRING_NUM, ADDR, BASE, KICK, CALL, ERR and ENABLE, and GET_VRING_BASE. */
final class VringMessagesSpecTest extends ControlTest {

    private static final long NO_FD = MessageLayout.VRING_NO_FD;

    // Size and base.

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 256, 32768})
    void aSplitRingHasAPowerOfTwoOfDescriptors(int size) {
        try (TestSession session = negotiated()) {
            session.assertAccepts(VhostUserRequest.SET_VRING_NUM, state(1, size));
            assertEquals(size, session.ring(1).size());
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 3, 65535, 65536, 0x80000000, 32769, -1})
    void otherSizesAreRefused(int size) {
        try (TestSession session = negotiated()) {
            session.assertRefuses(VhostUserRequest.SET_VRING_NUM, state(1, size));
            assertEquals(0, session.ring(1).size());
        }
    }

    @Test
    void theBaseIsASixteenBitIndex() {
        try (TestSession session = negotiated()) {
            session.assertAccepts(VhostUserRequest.SET_VRING_BASE, state(2, 0xffff));
            session.assertRefuses(VhostUserRequest.SET_VRING_BASE, state(2, 0x10000));
            assertEquals(0xffff, session.frontEnd.getVringBase(2));
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"SET_VRING_NUM", "SET_VRING_BASE", "SET_VRING_ENABLE"})
    void anIndexIsComparedWithAllItsBits(VhostUserRequest request) {
        try (TestSession session = negotiated()) {
            session.assertAcceptsInSilence(request, state(RINGS - 1, 1));
            for (int index : new int[] {RINGS, 0x100, 0x10000, 0x10001, 0x80000000, -1}) {
                session.assertRefuses(request, state(index, 1));
            }
            session.assertCloses(request, state(RINGS, 1));
        }
    }

    @Test
    void sizeAndBaseOfARunningRingStay() {
        try (TestSession session = withMemory()) {
            session.startRing(0);
            session.assertRefuses(VhostUserRequest.SET_VRING_NUM, state(0, RING_SIZE));
            session.assertRefuses(VhostUserRequest.SET_VRING_BASE, state(0, 0));
            session.assertAccepts(VhostUserRequest.SET_VRING_NUM, state(1, RING_SIZE));
        }
    }

    @Test
    void aPackedRingHasAnySizeAndItsBaseIsAPositionBelowIt() {
        try (TestSession session = TestSession.negotiated(backend, endpoint, Offer.features(endpoint.options()))) {
            session.frontEnd.setMemTable(session.ram.regions());
            for (int size : new int[] {0, 32769, -1}) {
                session.assertRefuses(VhostUserRequest.SET_VRING_NUM, state(0, size));
            }
            session.configureRing(0);
            session.assertAccepts(VhostUserRequest.SET_VRING_NUM, state(0, 7));
            session.assertAccepts(VhostUserRequest.SET_VRING_BASE, state(0, 0x8007));
            session.assertRefuses(VhostUserRequest.SET_VRING_KICK, Payloads.u64(0), session.eventFd());
            session.assertAccepts(VhostUserRequest.SET_VRING_BASE, state(0, 0x8006_8006));
            session.assertAccepts(VhostUserRequest.SET_VRING_KICK, Payloads.u64(0), session.eventFd());
            assertEquals(0x8006_8006, session.frontEnd.getVringBase(0));
        }
    }

    /** User-mode Linux does not tell the wrap counter with which a packed ring begins. */
    @Test
    void aPackedRingThatNobodyUsedBeginsWithItsWrapCounterSet() {
        try (TestSession session = TestSession.negotiated(backend, endpoint, Offer.features(endpoint.options()))) {
            session.frontEnd.setMemTable(session.ram.regions());
            session.startRing(0);
            assertEquals(0x8000_8000, session.frontEnd.getVringBase(0));
            RawRing used = session.configureRing(0);
            // The flags of a packed ring lie where a split ring has the next descriptor: available and used.
            used.descriptor(0, 0, 0, 0, 0x8080);
            session.frontEnd.setVringKick(0, session.eventFd());
            assertEquals(0, session.frontEnd.getVringBase(0));
        }
    }

    // Addresses.

    @Test
    void addressesAreUserAddresses() {
        try (TestSession session = withMemory()) {
            RawRing ring = session.configureRing(0);
            RamRegion region = session.ram.regions().get(0);
            long offset = region.userAddress() - region.guestAddress();
            session.assertRefuses(
                    VhostUserRequest.SET_VRING_ADDR,
                    Payloads.vringAddress(
                            0,
                            0,
                            ring.descriptorUserAddress() - offset,
                            ring.usedUserAddress() - offset,
                            ring.availUserAddress() - offset,
                            0));
        }
    }

    @Test
    void eachAreaIsAligned() {
        try (TestSession session = withMemory()) {
            RawRing ring = session.configureRing(0);
            refuseAddress(session, ring, 8, 0, 0);
            refuseAddress(session, ring, 0, 2, 0);
            refuseAddress(session, ring, 0, 0, 1);
        }
    }

    private static void refuseAddress(TestSession session, RawRing ring, int descriptor, int used, int available) {
        session.assertRefuses(
                VhostUserRequest.SET_VRING_ADDR,
                Payloads.vringAddress(
                        0,
                        0,
                        ring.descriptorUserAddress() + descriptor,
                        ring.usedUserAddress() + used,
                        ring.availUserAddress() + available,
                        0));
    }

    @Test
    void areasDoNotOverlap() {
        try (TestSession session = withMemory()) {
            RawRing ring = session.configureRing(0);
            long at = ring.descriptorUserAddress();
            long last = at + 16 * RING_SIZE - 16;
            byte[][] overlapping = {
                Payloads.vringAddress(0, 0, at, at, at, 0),
                Payloads.vringAddress(0, 0, at, last, ring.availUserAddress(), 0),
                Payloads.vringAddress(0, 0, at, ring.usedUserAddress(), last, 0),
                Payloads.vringAddress(0, 0, at, ring.usedUserAddress(), ring.usedUserAddress() + 4, 0),
            };
            for (byte[] payload : overlapping) {
                session.assertRefuses(VhostUserRequest.SET_VRING_ADDR, payload);
            }
        }
    }

    @Test
    void anAreaMayEndWithItsRegionButNotBehindIt() {
        try (TestSession session = withMemory()) {
            RawRing ring = session.configureRing(0);
            RamRegion region = session.ram.regions().get(0);
            long end = region.userAddress() + region.byteLength();
            long fits = end - (4 + 2 * RING_SIZE + 2);
            session.assertAccepts(
                    VhostUserRequest.SET_VRING_ADDR,
                    Payloads.vringAddress(0, 0, ring.descriptorUserAddress(), ring.usedUserAddress(), fits, 0));
            session.assertRefuses(
                    VhostUserRequest.SET_VRING_ADDR,
                    Payloads.vringAddress(0, 0, ring.descriptorUserAddress(), ring.usedUserAddress(), fits + 2, 0));
        }
    }

    @Test
    void addressesThatComeBeforeMemoryAreCheckedWhenTheRingStarts() {
        try (TestSession session = negotiated()) {
            session.configureRing(0);
            session.assertAccepts(VhostUserRequest.SET_VRING_ADDR, Payloads.vringAddress(1, 0, 16, 160, 320, 0));
            session.assertAccepts(VhostUserRequest.SET_VRING_NUM, state(1, RING_SIZE));
            session.assertRefuses(VhostUserRequest.SET_VRING_KICK, Payloads.u64(0), session.eventFd());
            session.frontEnd.setMemTable(session.ram.regions());
            session.assertAccepts(VhostUserRequest.SET_VRING_KICK, Payloads.u64(0), session.eventFd());
            session.assertRefuses(VhostUserRequest.SET_VRING_KICK, Payloads.u64(1), session.eventFd());
            assertEquals(RingState.STARTED_DISABLED, session.ring(0).state());
            assertEquals(RingState.STOPPED, session.ring(1).state());
        }
    }

    @Test
    void aRunningRingTakesItsOwnAddressesWithAnotherLogFlagAndMovesToGoodOnes() {
        try (TestSession session = withMemory()) {
            RawRing ring = session.startRing(0);
            RawRing other = RawRing.allocate(session.ram, RING_SIZE);
            session.assertAccepts(VhostUserRequest.SET_VRING_ADDR, address(0, 1, ring));
            session.assertAccepts(VhostUserRequest.SET_VRING_ADDR, address(0, 0, other));
            session.assertRefuses(VhostUserRequest.SET_VRING_ADDR, Payloads.vringAddress(0, 0, 16, 160, 320, 0));
            session.assertRefuses(VhostUserRequest.SET_VRING_ADDR, address(0, 2, ring));
            assertEquals(RingState.STARTED_DISABLED, session.ring(0).state());
        }
    }

    private static byte[] address(int index, int flags, RawRing ring) {
        return Payloads.vringAddress(
                index, flags, ring.descriptorUserAddress(), ring.usedUserAddress(), ring.availUserAddress(), 0);
    }

    // Start and stop.

    @Test
    void aKickDescriptorStartsARingAndGetVringBaseStopsIt() {
        try (TestSession session = withMemory()) {
            session.startRing(0);
            assertEquals(RingState.STARTED_DISABLED, session.ring(0).state());
            assertEquals(0, session.frontEnd.getVringBase(0));
            assertEquals(RingState.STOPPED, session.ring(0).state());
        }
    }

    @Test
    void aKickWithoutDescriptorStartsARingThatIsPolled() {
        try (TestSession session = withMemory()) {
            session.configureRing(1);
            session.assertAccepts(VhostUserRequest.SET_VRING_KICK, Payloads.u64(1 | NO_FD));
            assertEquals(RingState.STARTED_DISABLED, session.ring(1).state());
        }
    }

    @Test
    void aRingWithoutSizeOrAddressesDoesNotStart() {
        try (TestSession session = withMemory()) {
            session.assertRefuses(VhostUserRequest.SET_VRING_KICK, Payloads.u64(0), session.eventFd());
            session.assertAccepts(VhostUserRequest.SET_VRING_NUM, state(0, RING_SIZE));
            session.assertRefuses(VhostUserRequest.SET_VRING_KICK, Payloads.u64(NO_FD));
        }
    }

    @Test
    void aSecondKickReplacesTheFirstAndTheRingRunsOn() {
        try (TestSession session = withMemory()) {
            session.startRing(0);
            session.frontEnd.setVringEnable(0, true);
            session.assertAccepts(VhostUserRequest.SET_VRING_KICK, Payloads.u64(0), session.eventFd());
            assertEquals(RingState.STARTED_ENABLED, session.ring(0).state());
        }
    }

    @Test
    void getVringBaseAnswersForAQueueThatWasNeverConfigured() {
        try (TestSession session = connected()) {
            assertEquals(0, session.frontEnd.getVringBase(3));
            session.assertCloses(VhostUserRequest.GET_VRING_BASE, state(RINGS, 0));
        }
    }

    @Test
    void aStoppedRingForgetsItsAddressesAndStartsAgainWithNewOnes() {
        try (TestSession session = withMemory()) {
            RawRing ring = session.startRing(0);
            session.frontEnd.getVringBase(0);
            session.assertRefuses(VhostUserRequest.SET_VRING_KICK, Payloads.u64(0), session.eventFd());
            session.frontEnd.setVringAddress(0, ring);
            session.assertAccepts(VhostUserRequest.SET_VRING_KICK, Payloads.u64(0), session.eventFd());
        }
    }

    @Test
    void aRingGoesOnAtItsBase() {
        try (TestSession session = withMemory()) {
            RawRing ring = session.configureRing(0);
            ring.clear(0xfff0);
            session.frontEnd.setVringBase(0, 0xfff0);
            session.frontEnd.setVringKick(0, session.eventFd());
            assertEquals(0xfff0, session.frontEnd.getVringBase(0));
        }
    }

    @Test
    void chainsThatAnEarlierBackEndTookAndNeverGaveBackAreTakenAgain() {
        try (TestSession session = withMemory()) {
            RawRing ring = session.configureRing(0);
            ring.clear(5);
            session.frontEnd.setVringBase(0, 5 + RING_SIZE);
            session.frontEnd.setVringKick(0, session.eventFd());
            assertEquals(5, session.frontEnd.getVringBase(0));
        }
    }

    @Test
    void aUsedIndexThatCannotBelongToTheBaseIsLeftAlone() {
        try (TestSession session = withMemory()) {
            RawRing ring = session.configureRing(0);
            ring.clear(5);
            session.frontEnd.setVringBase(0, 6 + RING_SIZE);
            session.frontEnd.setVringKick(0, session.eventFd());
            assertEquals(6 + RING_SIZE, session.frontEnd.getVringBase(0));
        }
    }

    // Enabling.

    @Test
    void enablingDoesNotStartAStoppedRingButIsRemembered() {
        try (TestSession session = withMemory()) {
            session.assertAccepts(VhostUserRequest.SET_VRING_ENABLE, state(0, 1));
            assertEquals(RingState.STOPPED, session.ring(0).state());
            session.startRing(0);
            assertEquals(RingState.STARTED_ENABLED, session.ring(0).state());
            session.assertAccepts(VhostUserRequest.SET_VRING_ENABLE, state(0, 0));
            assertEquals(RingState.STARTED_DISABLED, session.ring(0).state());
            session.assertRefuses(VhostUserRequest.SET_VRING_ENABLE, state(0, 2));
        }
    }

    @Test
    void ringsAreEnabledBeforeAnyFeatureIsAcknowledgedAsQemuDoes() {
        try (TestSession session = connected()) {
            session.assertAcceptsInSilence(VhostUserRequest.SET_VRING_ENABLE, state(0, 1));
            assertTrue(session.ring(0).enabled());
        }
    }

    // Descriptors.

    @ParameterizedTest
    @EnumSource(names = {"SET_VRING_KICK", "SET_VRING_CALL", "SET_VRING_ERR"})
    void theNoDescriptorBitAndTheDescriptorExcludeEachOther(VhostUserRequest request) {
        try (TestSession session = withMemory()) {
            session.configureRing(0);
            session.assertRefuses(request, Payloads.u64(NO_FD), session.eventFd());
            session.assertRefuses(request, Payloads.u64(0));
            session.assertRefuses(request, Payloads.u64(0), session.eventFd(), session.eventFd());
            session.assertAccepts(request, Payloads.u64(NO_FD));
            session.assertAccepts(request, Payloads.u64(0), session.eventFd());
            session.assertCloses(request, Payloads.u64(0));
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"SET_VRING_KICK", "SET_VRING_CALL", "SET_VRING_ERR"})
    void bitsAboveTheIndexAndTheFlagAreRefused(VhostUserRequest request) {
        try (TestSession session = withMemory()) {
            session.configureRing(0);
            for (long value : new long[] {RINGS, 0xff, 0x200, 1L << 32, -1L << 9}) {
                session.assertRefuses(request, Payloads.u64(value), session.eventFd());
                session.assertRefuses(request, Payloads.u64(value | NO_FD));
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"SET_VRING_KICK", "SET_VRING_CALL", "SET_VRING_ERR"})
    void onlyNotificationDescriptorsAreTaken(VhostUserRequest request) {
        try (TestSession session = withMemory();
                UnixSocket.Pair pair = UnixSocket.pair();
                Fd file = Memfd.create("no-eventfd", 4096, true)) {
            session.configureRing(0);
            session.assertRefuses(request, Payloads.u64(0), file);
            if (request == VhostUserRequest.SET_VRING_KICK) {
                session.assertRefuses(request, Payloads.u64(0), pair.first().fd());
            } else {
                session.assertAccepts(request, Payloads.u64(0), pair.first().fd());
            }
        }
    }

    @Test
    void descriptorsAreMadeNotToBlock() {
        try (TestSession session = withMemory();
                EventFd kick = EventFd.create(false, 0);
                EventFd call = EventFd.create(false, 0)) {
            session.configureRing(0);
            session.assertAccepts(VhostUserRequest.SET_VRING_CALL, Payloads.u64(0), call.fd());
            session.assertAccepts(VhostUserRequest.SET_VRING_KICK, Payloads.u64(0), kick.fd());
            assertTrue(FileDescriptors.isNonBlocking(kick.fd()));
            assertTrue(FileDescriptors.isNonBlocking(call.fd()));
        }
    }

    @Test
    void aCallDescriptorThatComesLateIsSignalledAtOnce() {
        try (TestSession session = withMemory();
                EventFd call = EventFd.create(true, 0)) {
            session.startRing(0);
            session.assertAccepts(VhostUserRequest.SET_VRING_CALL, Payloads.u64(0), call.fd());
            assertEquals(1, call.drain());
            session.assertAccepts(VhostUserRequest.SET_VRING_CALL, Payloads.u64(NO_FD));
            assertEquals(0, call.drain());
        }
    }

    /** After a driver has reset one queue (RING_RESET), its front-end need not send what has not changed. */
    @Test
    void aRingThatWasStoppedCallsByTheDescriptorItHad() {
        try (TestSession session = withMemory();
                EventFd call = EventFd.create(true, 0)) {
            session.startRing(1);
            session.frontEnd.setVringEnable(1, true);
            session.assertAccepts(VhostUserRequest.SET_VRING_CALL, Payloads.u64(1), call.fd());
            call.drain();
            session.frontEnd.getVringBase(1);
            RawRing ring = session.configureRing(1);
            ring.descriptor(0, session.ram.regions().getFirst().guestAddress(), 64, 0, 0);
            ring.availIndex(1);
            session.frontEnd.setVringKick(1, session.eventFd());
            assertTrue(FileDescriptors.awaitReadable(call.fd(), TestBackend.TIMEOUT_NANOS), "the driver is called");
        }
    }

    @Test
    void aBrokenRingIsToldByTheErrorDescriptorAndRunsAgainAfterAFreshSetUp() {
        try (TestSession session = withMemory();
                EventFd error = EventFd.create(true, 0)) {
            RawRing ring = session.configureRing(1);
            session.frontEnd.setVringErr(1, error.fd());
            ring.availIndex(RING_SIZE + 1);
            session.frontEnd.setVringKick(1, session.eventFd());
            session.frontEnd.setVringEnable(1, true);
            assertTrue(FileDescriptors.awaitReadable(error.fd(), TestBackend.TIMEOUT_NANOS), "the error is told");
            TestBackend.await("the ring is marked", () -> session.ring(1).broken());

            session.frontEnd.getVringBase(1);
            ring.clear(0);
            session.frontEnd.setVringBase(1, 0);
            session.frontEnd.setVringAddress(1, ring);
            session.frontEnd.setVringKick(1, session.eventFd());
            assertFalse(session.ring(1).broken());
            assertEquals(RingState.STARTED_ENABLED, session.ring(1).state());
        }
    }
}
