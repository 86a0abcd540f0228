package io.annulet.journey;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.guest.DriverControlQueue;
import io.annulet.guest.GuestOptions;
import io.annulet.guest.SimulatedGuest;
import io.annulet.vhostuser.NetControl;
import io.annulet.vhostuser.VirtioFeature;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A guest that steers flows to its queues, worked by two workers: each delivers to queues that are the other's. */
@Timeout(120)
final class SteeringTest {

    private static final Duration LIMIT = Duration.ofSeconds(30);
    private static final int PAIRS = 4;
    private static final int FLOWS = 32;
    private static final int FRAMES_OF_FLOW = 20;
    private static final int UDPV4 = 4;

    /** Where a frame has its flow, the source port, and its number in it. */
    private static final int FLOW_AT = 34;

    private static final int NUMBER_AT = 42;

    @TempDir
    private Path folder;

    @Test
    void eachFlowComesInOrderToOneQueueWhicheverWorkerBringsIt() {
        try (BackendProcess backend = BackendProcess.start(
                        folder,
                        "--workers",
                        "2",
                        "--port",
                        BackendProcess.guestPort(folder, "to", "profile=generic", "queues=" + PAIRS),
                        "--port",
                        BackendProcess.guestPort(folder, "from", "queues=" + PAIRS));
                SimulatedGuest to = SimulatedGuest.connect(backend.socket("to"), receiver());
                SimulatedGuest from =
                        SimulatedGuest.connect(backend.socket("from"), GuestOptions.DEFAULTS.withQueuePairs(PAIRS))) {
            assertEquals(NetControl.OK, steer(to, new int[] {3, 2, 1, 0}));
            Set<Integer> used = exchange(from, to);
            assertTrue(used.size() > 1, "only " + used);
            assertEquals(NetControl.OK, steer(to, new int[] {2, 2}));
            assertEquals(Set.of(2), exchange(from, to));
            assertEquals(NetControl.OK, control(to).command16(NetControl.MQ, NetControl.MQ_VQ_PAIRS_SET, 1));
            assertEquals(Set.of(0), exchange(from, to));
            backend.assertAlive();
            assertEquals(0, backend.counter("to", "out.dropped.not-ready"));
        }
    }

    private static GuestOptions receiver() {
        GuestOptions options = GuestOptions.DEFAULTS.withControlQueue().withQueuePairs(PAIRS);
        return options.withFeatures(options.features() | VirtioFeature.NET_RSS);
    }

    private static DriverControlQueue control(SimulatedGuest guest) {
        DriverControlQueue control = guest.driver().controlQueue();
        assertNotNull(control);
        return control;
    }

    private static int steer(SimulatedGuest guest, int[] table) {
        byte[] key = new byte[40];
        for (int i = 0; i < key.length; i++) {
            key[i] = (byte) (i * 37 + 11);
        }
        ByteBuffer data =
                ByteBuffer.allocate(4 + 4 + 2 * table.length + 3 + key.length).order(ByteOrder.LITTLE_ENDIAN);
        data.putInt(UDPV4).putShort((short) (table.length - 1)).putShort((short) 0);
        for (int pair : table) {
            data.putShort((short) pair);
        }
        data.putShort((short) PAIRS).put((byte) key.length).put(key);
        return control(guest).command(NetControl.MQ, NetControl.MQ_RSS_CONFIG, data.array());
    }

    /** Each flow from a queue of its own; returns the pairs that frames came in on. */
    private static Set<Integer> exchange(SimulatedGuest from, SimulatedGuest to) {
        Map<Integer, Integer> pairOfFlow = new HashMap<>();
        Map<Integer, Integer> nextOfFlow = new HashMap<>();
        int[] got = new int[1];
        for (int number = 0; number < FRAMES_OF_FLOW; number++) {
            for (int flow = 0; flow < FLOWS; flow++) {
                assertTrue(from.transmitQueue(flow % PAIRS).send(frame(flow, number)), "the queue has room");
                from.transmitQueue(flow % PAIRS).flush();
            }
            int wanted = (number + 1) * FLOWS;
            Pause.until("frame " + wanted, LIMIT, () -> {
                for (int pair = 0; pair < PAIRS; pair++) {
                    int here = pair;
                    got[0] += to.receiveQueue(pair)
                            .receive(frame -> note(frame.toByteArray(), here, pairOfFlow, nextOfFlow), 256);
                }
                return got[0] >= wanted;
            });
        }
        assertEquals(FLOWS * FRAMES_OF_FLOW, got[0]);
        return new HashSet<>(pairOfFlow.values());
    }

    private static void note(
            byte[] frame, int pair, Map<Integer, Integer> pairOfFlow, Map<Integer, Integer> nextOfFlow) {
        ByteBuffer bytes = ByteBuffer.wrap(frame);
        int flow = bytes.getShort(FLOW_AT);
        assertEquals(pair, pairOfFlow.computeIfAbsent(flow, first -> pair), "the queue of flow " + flow);
        assertEquals(nextOfFlow.merge(flow, 1, Integer::sum) - 1, bytes.getInt(NUMBER_AT), "order of flow " + flow);
    }

    private static byte[] frame(int flow, int number) {
        ByteBuffer frame = ByteBuffer.allocate(60);
        frame.putShort((short) 0xffff).putInt(-1).putShort((short) 0x5254).putInt(1);
        frame.putShort((short) 0x0800).put((byte) 0x45).put((byte) 0).putShort((short) 46);
        frame.putInt(0).put((byte) 64).put((byte) 17).putShort((short) 0);
        frame.putInt(0x0a000001).putInt(0x0a000002);
        frame.putShort((short) flow).putShort((short) 7).putInt(0).putInt(number);
        return frame.array();
    }
}
