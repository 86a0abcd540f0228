package io.annulet.backend.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;

import io.annulet.backend.data.ArenaGuest.Received;
import io.annulet.backend.data.ArenaGuest.Shape;
import io.annulet.backend.policy.PortPolicy;
import io.annulet.backend.policy.VlanRule;
import java.util.BitSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import org.agrona.concurrent.status.CountersManager;
import org.jspecify.annotations.Nullable;

/** A switch stepped by hand, with guests that have policies. All ports are named before the first frame is sent. */
final class PolicedSwitch implements AutoCloseable {

    static final PortPolicy NO_POLICY = PortPolicy.NONE;

    private final CountersManager counters = ArenaGuest.newCounters();
    private final Worker worker = new Worker("worker", 256);
    private final Map<String, ArenaGuest> guests = new LinkedHashMap<>();
    private final Map<String, PortPolicy> policies = new HashMap<>();
    private @Nullable Switch forwarder;

    /** Nanoseconds, as the switch sees them, from the first frame on. */
    long now;

    static PortPolicy access(int vlan) {
        return NO_POLICY.withVlans(VlanRule.access(vlan));
    }

    static PortPolicy trunk(int... vlans) {
        return NO_POLICY.withVlans(VlanRule.trunk(set(vlans)));
    }

    static PortPolicy trunkWithNative(int vlan, int... others) {
        int nativeVlan = others[others.length - 1];
        BitSet all = set(others);
        all.set(vlan);
        return NO_POLICY.withVlans(VlanRule.trunk(all, nativeVlan));
    }

    private static BitSet set(int... vlans) {
        BitSet set = new BitSet();
        for (int vlan : vlans) {
            set.set(vlan);
        }
        return set;
    }

    void port(String name, PortPolicy policy) {
        port(name, Shape.USUAL, policy);
    }

    void port(String name, Shape shape, PortPolicy policy) {
        guests.put(name, new ArenaGuest(name, counters, shape));
        policies.put(name, policy);
    }

    private Switch forwarder() {
        if (forwarder == null) {
            worker.onStart();
            Switch made = new Switch(new SwitchTable(policies));
            guests.forEach((name, guest) -> {
                worker.onAddPort(guest.port, made);
                guest.open();
                guest.offerReceiveBuffers(200);
            });
            forwarder = made;
            now = System.nanoTime();
        }
        return forwarder;
    }

    ArenaGuest guest(String name) {
        ArenaGuest guest = guests.get(name);
        if (guest == null) {
            throw new IllegalArgumentException("no port " + name);
        }
        return guest;
    }

    /** Sends a frame and sees it to its end. */
    void send(String from, byte[] frame) {
        Switch made = forwarder();
        guest(from).send(frame);
        step(made);
    }

    /** Likewise with its virtio-net header. */
    void sendRaw(String from, byte[] whole) {
        Switch made = forwarder();
        guest(from).sendRaw(whole);
        step(made);
    }

    private void step(Switch made) {
        for (int i = 0; i < guests.size() + 2; i++) {
            made.tick(now);
            worker.doWork();
        }
    }

    Received received(String port) {
        Received received = guest(port).receive();
        assertNotNull(received, "port " + port + " got nothing");
        return received;
    }

    void assertGot(String port, byte[] frame) {
        assertArrayEquals(frame, received(port).frame, "port " + port);
    }

    void assertNothing(String... ports) {
        for (String port : ports) {
            assertNull(guest(port).receive(), "port " + port);
        }
    }

    /** How many frames a port has got since the last time. */
    int drain(String port) {
        int count = 0;
        while (guest(port).receive() != null) {
            count++;
        }
        return count;
    }

    void drain() {
        guests.keySet().forEach(this::drain);
    }

    long counter(String port, String label) {
        return guest(port).counter(label);
    }

    @Override
    public void close() {
        worker.onClose();
        guests.values().forEach(ArenaGuest::close);
    }
}
