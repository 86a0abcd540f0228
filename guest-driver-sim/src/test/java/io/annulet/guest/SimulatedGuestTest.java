package io.annulet.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.linux.FileDescriptors;
import io.annulet.linux.UnixSocket;
import io.annulet.vhostuser.ProtocolFeature;
import io.annulet.vhostuser.VhostUserRequest;
import io.annulet.vhostuser.VirtioFeature;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The life of a guest as a back-end hears of it. */
@Timeout(60)
final class SimulatedGuestTest {

    private static final long OFFERED =
            VirtioFeature.VERSION_1 | VirtioFeature.NET_MRG_RXBUF | VirtioFeature.PROTOCOL_FEATURES;
    private static final long ALL_PROTOCOL_FEATURES = ProtocolFeature.maskOf(ProtocolFeature.values());

    private final Map<VhostUserRequest, Long> answers = new HashMap<>(Map.of(
            VhostUserRequest.GET_FEATURES,
            OFFERED,
            VhostUserRequest.GET_PROTOCOL_FEATURES,
            ALL_PROTOCOL_FEATURES,
            VhostUserRequest.GET_QUEUE_NUM,
            2L,
            VhostUserRequest.GET_MAX_MEM_SLOTS,
            509L));
    private final List<FakeBackEnd> backEnds = new ArrayList<>();

    @AfterEach
    void close() {
        backEnds.forEach(FakeBackEnd::close);
    }

    @Test
    void bringsADeviceUpAsLinuxUnderQemuDoes() {
        try (SimulatedGuest guest = attach(GuestOptions.DEFAULTS)) {
            assertEquals(OFFERED, guest.features());
            assertNotNull(guest.backendChannel());
            assertEquals(
                    List.of(
                            "GET_FEATURES",
                            "GET_PROTOCOL_FEATURES",
                            "SET_PROTOCOL_FEATURES 1a03d",
                            "GET_QUEUE_NUM",
                            "GET_MAX_MEM_SLOTS",
                            "SET_BACKEND_REQ_FD +socket",
                            "SET_OWNER",
                            "SET_FEATURES 140008000",
                            "SET_STATUS b",
                            "ADD_MEM_REG +memfd",
                            "SET_VRING_NUM 0 256",
                            "SET_VRING_BASE 0 0",
                            "SET_VRING_ADDR",
                            "SET_VRING_ERR 0 +anon_inode",
                            "SET_VRING_CALL 0 +anon_inode",
                            "SET_VRING_KICK 0 +anon_inode",
                            "SET_VRING_NUM 1 256",
                            "SET_VRING_BASE 1 0",
                            "SET_VRING_ADDR",
                            "SET_VRING_ERR 1 +anon_inode",
                            "SET_VRING_CALL 1 +anon_inode",
                            "SET_VRING_KICK 1 +anon_inode",
                            "SET_VRING_ENABLE 0 1",
                            "SET_VRING_ENABLE 1 1",
                            "SET_STATUS f"),
                    backEnds.getLast().told());
        }
    }

    @Test
    void withoutProtocolFeaturesItUsesTheOldMessagesOnly() throws InterruptedException {
        answers.put(VhostUserRequest.GET_FEATURES, VirtioFeature.VERSION_1);
        attach(GuestOptions.DEFAULTS).close();
        backEnds.getLast().awaitEnd();
        List<String> told = backEnds.getLast().told();
        assertEquals(List.of("GET_FEATURES", "SET_OWNER", "SET_FEATURES 100000000"), told.subList(0, 3));
        assertEquals("SET_MEM_TABLE +memfd", told.get(3));
        assertTrue(told.stream().noneMatch(text -> text.startsWith("SET_VRING_ENABLE")), told::toString);
    }

    @Test
    void shutdownDisablesAndStopsEveryRingAndResumeGoesOnThere() {
        answers.put(VhostUserRequest.GET_VRING_BASE, 77L);
        try (SimulatedGuest guest = attach(GuestOptions.DEFAULTS)) {
            FakeBackEnd backEnd = backEnds.getLast();
            backEnd.told();
            guest.shutdown();
            assertEquals(
                    List.of(
                            "SET_VRING_ENABLE 0 0",
                            "SET_VRING_ENABLE 1 0",
                            "GET_VRING_BASE 0 0",
                            "GET_VRING_BASE 1 0",
                            "SET_STATUS 0"),
                    backEnd.told());
            guest.resume();
            List<String> told = backEnd.told();
            assertTrue(told.contains("SET_VRING_BASE 0 77") && told.contains("SET_VRING_BASE 1 77"), told::toString);
            assertTrue(told.stream().noneMatch(text -> text.startsWith("ADD_MEM_REG")), "memory is known already");
        }
    }

    @Test
    void resetStartsTheRingsFromTheBeginning() {
        answers.put(VhostUserRequest.GET_VRING_BASE, 77L);
        try (SimulatedGuest guest = attach(GuestOptions.DEFAULTS)) {
            guest.transmitQueue(0).send(new byte[60]);
            guest.transmitQueue(0).flush();
            FakeBackEnd backEnd = backEnds.getLast();
            backEnd.told();
            guest.reset();
            List<String> told = backEnd.told();
            assertTrue(told.indexOf("RESET_DEVICE") > told.indexOf("GET_VRING_BASE 1 0"), told::toString);
            assertTrue(told.contains("SET_VRING_BASE 1 0"), told::toString);
            assertEquals(0, guest.transmitQueue(0).outstanding());
            assertEquals(0, guest.driver().vrings().get(1).ring().availIndex());
        }
    }

    @Test
    void reconnectGoesOnFromTheUsedIndexWithTheSameRings() throws InterruptedException {
        try (SimulatedGuest guest = attach(GuestOptions.DEFAULTS)) {
            guest.transmitQueue(0).send(new byte[60]);
            guest.transmitQueue(0).flush();
            guest.driver().vrings().get(1).ring().usedIndex(1);
            guest.reconnect(frontEnd());
            backEnds.getFirst().awaitEnd();
            List<String> told = backEnds.getLast().told();
            assertTrue(told.contains("SET_FEATURES 140008000"), told::toString);
            assertTrue(told.contains("ADD_MEM_REG +memfd"), told::toString);
            assertTrue(told.contains("SET_VRING_BASE 0 0") && told.contains("SET_VRING_BASE 1 1"), told::toString);
            assertEquals(1, guest.driver().vrings().get(1).ring().availIndex());
        }
    }

    @Test
    void aPackedRingStartsAtItsFirstSlotWithTheWrapCounterSet() {
        answers.put(VhostUserRequest.GET_FEATURES, OFFERED | VirtioFeature.RING_PACKED);
        QueueOptions odd = QueueOptions.DEFAULTS.withRingSize(1000);
        GuestOptions options = GuestOptions.DEFAULTS
                .withFeatures(GuestOptions.LINUX_FEATURES | VirtioFeature.RING_PACKED)
                .withQueues(odd);
        try (SimulatedGuest guest = attach(options)) {
            guest.transmitQueue(0).send(new byte[60]);
            guest.transmitQueue(0).flush();
            guest.reconnect(frontEnd());
            List<String> told = backEnds.getLast().told();
            assertTrue(told.contains("SET_VRING_NUM 0 1000"), told::toString);
            int start = 0x8000_8000;
            assertTrue(told.contains("SET_VRING_BASE 0 " + start), told::toString);
            assertTrue(told.contains("SET_VRING_BASE 1 " + start), "nothing was used: " + told);
        }
    }

    @Test
    void aSplitRingHasAPowerOfTwoOfDescriptors() {
        GuestOptions options = GuestOptions.DEFAULTS.withQueues(QueueOptions.DEFAULTS.withRingSize(1000));
        FrontEndException e = assertThrows(FrontEndException.class, () -> attach(options));
        assertEquals(FrontEndException.Reason.NOT_OFFERED, e.reason());
    }

    @Test
    void doesNotGoOnWithABackEndThatOffersLess() {
        try (SimulatedGuest guest = attach(GuestOptions.DEFAULTS)) {
            answers.put(VhostUserRequest.GET_FEATURES, VirtioFeature.VERSION_1);
            FrontEndException e = assertThrows(FrontEndException.class, () -> guest.reconnect(frontEnd()));
            assertEquals(FrontEndException.Reason.NOT_OFFERED, e.reason());
        }
    }

    @Test
    void asksForNoMoreQueuesAndSlotsThanThereAre() {
        FrontEndException queues =
                assertThrows(FrontEndException.class, () -> attach(GuestOptions.DEFAULTS.withQueuePairs(3)));
        assertEquals(FrontEndException.Reason.NOT_OFFERED, queues.reason());
        answers.put(VhostUserRequest.GET_MAX_MEM_SLOTS, 3L);
        GuestOptions scattered = GuestOptions.DEFAULTS.withRam(RamOptions.regions(4, 2 << 20, 4096));
        FrontEndException slots = assertThrows(FrontEndException.class, () -> attach(scattered));
        assertEquals(FrontEndException.Reason.NOT_OFFERED, slots.reason());
    }

    @Test
    void aRefusalNamesTheMessage() {
        answers.put(VhostUserRequest.SET_VRING_ADDR, 1L);
        FrontEndException e = assertThrows(FrontEndException.class, () -> attach(GuestOptions.DEFAULTS));
        assertTrue(e.toString().contains("SET_VRING_ADDR"), e::toString);
    }

    @Test
    void leavesNoDescriptorBehind() throws InterruptedException {
        attachAndClose();
        int before = FileDescriptors.openCount();
        for (int i = 0; i < 20; i++) {
            attachAndClose();
        }
        assertEquals(before, FileDescriptors.openCount());
    }

    private void attachAndClose() throws InterruptedException {
        attach(GuestOptions.DEFAULTS).close();
        backEnds.getLast().awaitEnd();
        backEnds.getLast().close();
    }

    private SimulatedGuest attach(GuestOptions options) {
        return SimulatedGuest.attach(frontEnd(), options);
    }

    /** A front-end connected to a new back-end with the answers as they are now. */
    private VhostUserFrontEnd frontEnd() {
        UnixSocket.Pair pair = UnixSocket.pair();
        backEnds.add(FakeBackEnd.start(pair.second(), answers));
        return VhostUserFrontEnd.over(pair.first());
    }
}
