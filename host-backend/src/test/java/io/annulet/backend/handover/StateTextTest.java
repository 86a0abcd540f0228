package io.annulet.backend.handover;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** States that earlier versions of this program wrote, and what later ones may write. */
final class StateTextTest {

    private static String sample(String name) throws IOException {
        try (InputStream in = StateTextTest.class.getResourceAsStream(name)) {
            assertNotNull(in, name);
            return new String(in.readAllBytes(), UTF_8);
        }
    }

    /** Written once by version 1, and not to be changed. */
    @Test
    void readsWhatVersion1Wrote() throws IOException {
        PassedState state = StateText.readState(sample("state-1.json"));
        assertEquals(1, state.version());
        assertEquals(Map.of("port a in.frames", 7L), state.counters());
        assertEquals(
                new PassedState.Address(0x0102, 5, "a", 900), state.addresses().getFirst());
        assertEquals(List.of(10L, 0L), state.meters().getFirst().usedUpToNanos());
        assertEquals(List.of(3, 4), state.taps().getFirst().queues());
        PassedPort port = state.ports().getFirst();
        assertEquals("/run/a.sock", port.socket());
        assertEquals(1, port.listener());
        assertEquals(PassedState.NO_FD, port.waiting());
        assertTrue(port.linkIsUp());
        PassedPort.Session session = port.session();
        assertNotNull(session);
        assertEquals(41, session.messages());
        assertEquals("01ff", session.unread());
        PassedDevice device = session.device();
        assertEquals(0x1_7000_0000L, device.features());
        assertEquals(
                new PassedDevice.Region(5, 0, 0x7f00, 4096, 0), device.regions().getFirst());
        assertEquals(new PassedDevice.Log(6, 64, 8), device.log());
        PassedDevice.Ring ring = device.rings().getFirst();
        assertEquals(256, ring.size());
        assertEquals(0x8001_8001, ring.base());
        assertEquals(new PassedDevice.Places(1, 2, 3, true, 4), ring.places());
        assertNull(device.inflight());
        assertEquals(List.of(), session.unsentFds());
        PassedNet net = device.net();
        assertEquals(List.of(11L), net.unicast());
        assertEquals(new PassedNet.Spread(3, "0a0b", List.of(0, 1), 1), net.steering());
        assertEquals(new PassedNet.Calls(1, 8, 50), net.calls().getFirst());
    }

    @Test
    void whatIsWrittenIsReadTheSame() throws IOException {
        PassedState state = StateText.readState(sample("state-1.json"));
        assertEquals(state, StateText.readState(StateText.write(state)));
    }

    /** Came after version 1, which passes it over. */
    @Test
    void inFlightMemoryIsPassedOn() throws IOException {
        String written = sample("state-1.json");
        String device = "\"featuresSet\"";
        assertTrue(written.contains(device));
        String with = written.replace(
                device,
                "\"inflight\":{\"file\":7,\"byteLength\":640,\"fileOffset\":64,\"queues\":2,\"queueSize\":16,"
                        + "\"packed\":false}," + device);
        PassedState state = StateText.readState(with);
        PassedPort.Session session = state.ports().getFirst().session();
        assertNotNull(session);
        assertEquals(
                new PassedDevice.Inflight(7, 640, 64, 2, 16, false),
                session.device().inflight());
        assertEquals(state, StateText.readState(StateText.write(state)));
    }

    @Test
    void fieldsOfLaterVersionsArePassedOver() {
        PassedState state = StateText.readState("{\"version\":7,\"readableFrom\":1,\"door\":-1,\"novelty\":{\"x\":[1]},"
                + "\"ports\":[{\"name\":\"a\",\"new\":1}]}");
        assertEquals("a", state.ports().getFirst().name());
        assertNull(state.ports().getFirst().session());
    }

    @Test
    void aStateThatOnlyLaterVersionsUnderstandIsRefused() {
        HandoverException refused =
                assertThrows(HandoverException.class, () -> StateText.readState("{\"version\":9,\"readableFrom\":9}"));
        assertTrue(String.valueOf(refused.getMessage()).contains("restart it instead"));
    }

    @Test
    void whatIsNoStateIsRefused() {
        assertThrows(HandoverException.class, () -> StateText.readState("[1"));
        assertThrows(HandoverException.class, () -> StateText.readState(""));
    }
}
