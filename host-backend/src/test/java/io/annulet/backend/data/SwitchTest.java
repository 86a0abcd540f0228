package io.annulet.backend.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.backend.data.ArenaGuest.Received;
import io.annulet.backend.data.ArenaGuest.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.agrona.concurrent.status.CountersManager;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The learning switch between three guests. */
class SwitchTest {

    private static final long BROADCAST = 0xffff_ffff_ffffL;
    private static final long AGE_NANOS = 1_000;

    private final CountersManager counters = ArenaGuest.newCounters();
    private final Worker worker = new Worker("worker", 256);
    private final SwitchTable table = new SwitchTable(16, AGE_NANOS, Map.of());
    private final Switch forwarder = new Switch(table);
    private final List<ArenaGuest> guests = new ArrayList<>();

    @BeforeEach
    void start() {
        worker.onStart();
        for (String name : List.of("a", "b", "c")) {
            ArenaGuest guest = new ArenaGuest(name, counters, Shape.USUAL);
            guests.add(guest);
            worker.onAddPort(guest.port, forwarder);
            guest.open();
            guest.offerReceiveBuffers(200);
        }
        forwarder.tick(0);
    }

    @AfterEach
    void stop() {
        worker.onClose();
        guests.forEach(ArenaGuest::close);
    }

    private static long mac(int guest) {
        return 0x02_00_00_00_00_10L + guest;
    }

    private byte[] send(int from, long destination, long source) {
        byte[] frame = ArenaGuest.frame(destination, source, 100);
        guests.get(from).send(frame);
        for (int i = 0; i < 4; i++) {
            worker.doWork();
            forwarder.tick(now);
        }
        return frame;
    }

    private long now;

    private void assertReceived(int guest, byte[] frame) {
        Received received = guests.get(guest).receive();
        assertNotNull(received, "guest " + guest + " got nothing");
        assertArrayEquals(frame, received.frame);
    }

    private void assertNothing(int guest) {
        assertNull(guests.get(guest).receive(), "guest " + guest);
    }

    @Test
    void floodsUnknownDestinationsToAllButTheSource() {
        byte[] frame = send(0, mac(1), mac(0));
        assertReceived(1, frame);
        assertReceived(2, frame);
        assertNothing(0);
    }

    @Test
    void sendsToTheOnePortWhereTheAddressWasSeen() {
        byte[] hello = send(1, BROADCAST, mac(1));
        assertReceived(0, hello);
        assertReceived(2, hello);
        byte[] frame = send(0, mac(1), mac(0));
        assertReceived(1, frame);
        assertNothing(2);
    }

    @Test
    void followsAnAddressThatMoves() {
        send(1, BROADCAST, mac(9));
        send(2, BROADCAST, mac(9));
        drain();
        byte[] frame = send(0, mac(9), mac(0));
        assertReceived(2, frame);
        assertNothing(1);
    }

    @Test
    void forgetsAnAddressAfterItsAge() {
        send(1, BROADCAST, mac(1));
        drain();
        now = AGE_NANOS + 1;
        forwarder.tick(now);
        byte[] frame = send(0, mac(1), mac(0));
        assertReceived(1, frame);
        assertReceived(2, frame);
    }

    @Test
    void neverReflectsAFrameToItsSource() {
        send(0, BROADCAST, mac(0));
        drain();
        send(0, mac(0), mac(0));
        assertNothing(0);
        assertNothing(1);
        assertNothing(2);
        assertEquals(1, guests.get(0).counter("in.dropped.no-destination"));
    }

    @Test
    void doesNotLearnGroupAddresses() {
        send(1, BROADCAST, BROADCAST);
        assertEquals(0, forwarder.knownAddresses());
    }

    @Test
    void holdsNoMoreAddressesThanItsTableHasPlaces() {
        for (int i = 0; i < 150; i++) {
            send(0, BROADCAST, mac(1000 + i));
        }
        assertTrue(forwarder.knownAddresses() <= 16, "known: " + forwarder.knownAddresses());
    }

    @Test
    void forgetsTheAddressesOfAPortThatLeaves() {
        send(1, BROADCAST, mac(1));
        drain();
        worker.onRemovePort(guests.get(1).port);
        byte[] frame = send(0, mac(1), mac(0));
        assertReceived(2, frame);
        assertNothing(1);
    }

    private void drain() {
        for (ArenaGuest guest : guests) {
            while (guest.receive() != null) {
                // all of them
            }
        }
    }
}
