package io.annulet.backend.port;

import static io.annulet.backend.port.TestFrames.frame;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.backend.data.FrameBurst;
import io.annulet.backend.data.Link;
import io.annulet.linux.LinuxException;
import io.annulet.linux.NetworkInterface;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Two taps on a bridge of the kernel, each linked to a scripted port: what one of these sends comes to the other through
 * the kernel, byte for byte.
 *
 * <pre>
 *   left --- leftTap === bridge === rightTap --- right
 * </pre>
 */
@Tag("root")
@Timeout(120)
final class TapPortTest {

    private final TestCounters counters = new TestCounters();
    private SteppedWorker worker;
    private NetworkNamespace namespace;
    private ScriptedPort left;
    private ScriptedPort right;
    private TapPort leftTap;
    private final List<TapPort> taps = new ArrayList<>();
    private final Link leftLink = new Link();

    @BeforeEach
    void bridgeTwoTaps() {
        NetworkNamespace.assumeAvailable();
        namespace = NetworkNamespace.create();
        worker = new SteppedWorker();
        left = new ScriptedPort("left", counters.of("left"));
        right = new ScriptedPort("right", counters.of("right"));
        namespace.addBridge("bridge");
        leftTap = bridged("left-tap", 1);
        worker.add(leftLink, left, leftTap);
    }

    private TapPort bridgeRightTap(int queues) {
        TapPort rightTap = bridged("right-tap", queues);
        worker.add(new Link(), right, rightTap);
        return rightTap;
    }

    private TapPort bridged(String name, int queues) {
        String interfaceName = NetworkNamespace.addQuietTap(queues > 1);
        TapPort tap = TapPort.open(name, new TapPortOptions(interfaceName, 0, queues), counters.of(name));
        taps.add(tap);
        namespace.takeOnto("bridge", interfaceName);
        return tap;
    }

    @AfterEach
    void close() {
        if (namespace == null) {
            return; // skipped
        }
        worker.close();
        taps.forEach(TapPort::close);
        left.close();
        right.close();
        namespace.close();
    }

    @Test
    void gathersAFrameFromHoweverManyBuffersByteForByte() {
        bridgeRightTap(1);
        int[][] cuts = {
            {}, {12}, {20}, {12, 14}, {12, 14, 700}, {64}, {64, 1}, {70, 500, 3}, {5, 9, 2, 300, 1, 1, 400}, ones(40),
        };
        for (int[] cut : cuts) {
            byte[] sent = frame(1514, cut.length);
            left.send(sent, cut);
            worker.stepUntil(() -> !right.received.isEmpty());
            assertArrayEquals(sent, right.received.removeFirst(), () -> "cut at " + Arrays.toString(cut));
        }
        assertEquals(cuts.length, left.takeSent());
    }

    private static int[] ones(int count) {
        int[] ones = new int[count];
        Arrays.fill(ones, 1);
        return ones;
    }

    @Test
    void carriesFramesBothWaysAndCopiesNoneOfThem() {
        bridgeRightTap(1);
        for (int i = 0; i < 100; i++) {
            left.send(frame(60 + 10 * i, i));
            right.send(frame(60 + 12 * i, i));
        }
        worker.stepUntil(() -> left.received.size() + right.received.size() == 200);
        for (int i = 0; i < 100; i++) {
            assertArrayEquals(frame(60 + 10 * i, i), right.received.get(i));
            assertArrayEquals(frame(60 + 12 * i, i), left.received.get(i));
        }
        assertEquals(100, counters.get("left-tap", "in.frames"));
        assertEquals(100, counters.get("left-tap", "in.forwarded"));
        assertEquals(100, counters.get("left-tap", "out.frames"));
        assertEquals(100 * 60 + 10 * 4950, counters.get("left-tap", "out.bytes"));
        assertEquals(100 * 60 + 12 * 4950, counters.get("left-tap", "in.bytes"));
        assertEquals(0, counters.get("left-tap", "copied.bytes"));
        assertEquals(0, counters.get("left-tap", "reads.failed"));
    }

    @Test
    void carriesTheLongestFrames() {
        bridgeRightTap(1);
        for (TapPort tap : taps) {
            namespace.run("ip", "link", "set", tap.interfaceName(), "mtu", "65521");
        }
        byte[] longest = frame(65_535, 1);
        left.send(longest, 12, 30_000, 1);
        left.send(frame(65_534, 2));
        worker.stepUntil(() -> right.received.size() == 2);
        assertArrayEquals(longest, right.received.get(0));
        assertArrayEquals(frame(65_534, 2), right.received.get(1));
    }

    @Test
    void refusesAFrameOfMoreBuffersThanTheKernelTakes() {
        bridgeRightTap(1);
        left.send(frame(1514, 1), ones(1200));
        worker.stepUntil(() -> left.takeSent() == 1);
        left.send(frame(1514, 2), ones(1000));
        worker.stepUntil(() -> right.received.size() == 1);
        assertArrayEquals(frame(1514, 2), right.received.getFirst());
        assertEquals(1, counters.get("left-tap", "out.dropped.refused"));
    }

    @Test
    void p02DropsWhileTheInterfaceIsDownAndGoesOnWhenItIsUp() {
        bridgeRightTap(1);
        namespace.run("ip", "link", "set", leftTap.interfaceName(), "down");
        left.send(frame(100, 1));
        right.send(frame(100, 2));
        worker.stepUntil(() -> counters.get("left-tap", "out.dropped.not-ready") == 1);
        worker.stepOften();
        namespace.run("ip", "link", "set", leftTap.interfaceName(), "up");
        left.send(frame(100, 3));
        right.send(frame(100, 4));
        worker.stepUntil(() -> left.received.size() == 1 && right.received.size() == 1);
        assertArrayEquals(frame(100, 3), right.received.getFirst());
        assertArrayEquals(frame(100, 4), left.received.getFirst());
    }

    @Test
    void p02AnInterfaceThatIsRemovedIsNotReadOverAndOver() {
        bridgeRightTap(1);
        namespace.run("ip", "link", "del", leftTap.interfaceName());
        left.send(frame(100, 1));
        worker.stepUntil(() -> counters.get("left-tap", "out.dropped.not-ready") == 1);
        worker.stepUntil(() -> counters.get("left-tap", "reads.failed") > 0);
        worker.stepOften();
        assertEquals(1, counters.get("left-tap", "reads.failed"));
        assertFalse(leftTap.awaitWork(), "the worker may sleep");
    }

    @Test
    void aFrameWhoseMemoryWentAwayIsDroppedAndThePortLives() {
        bridgeRightTap(1);
        FrameBurst burst = new FrameBurst(SteppedWorker.MAX_RING_SIZE);
        left.send(frame(9000, 1));
        assertEquals(1, left.pull(burst));
        left.truncate();
        leftLink.forward(left, burst);
        left.finish(burst);
        assertEquals(1, counters.get("left-tap", "out.dropped.memory-lost"));
        right.send(frame(100, 2));
        worker.stepUntil(() -> left.received.size() == 1);
        assertArrayEquals(frame(100, 2), left.received.getFirst());
    }

    @Test
    void readsAndWritesSeveralQueues() {
        TapPort rightTap = bridgeRightTap(4);
        for (int i = 0; i < 100; i++) {
            left.send(TestFrames.udp(1000 + i, 200));
        }
        worker.stepUntil(() -> right.received.size() == 100);
        assertTrue(right.receivedFlows.size() > 1, () -> "all came from " + right.receivedFlows);
        assertTrue(Set.of(1, 3, 5, 7).containsAll(right.receivedFlows), right.receivedFlows::toString);
        FrameBurst burst = new FrameBurst(SteppedWorker.MAX_RING_SIZE);
        Link link = new Link();
        link.add(right);
        link.add(rightTap);
        for (int flow = 1; flow <= 9; flow += 2) {
            right.send(frame(100, flow));
            burst.clear();
            assertEquals(1, right.pull(burst));
            burst.flow(flow);
            link.forward(right, burst);
            right.finish(burst);
        }
        worker.stepUntil(() -> left.received.size() == 5);
        assertEquals(5, counters.get("right-tap", "out.frames"));
    }

    @Test
    void aWorkerThatLeftThePortDoesNotTouchItAnyMore() {
        bridgeRightTap(1);
        worker.remove(leftTap);
        left.send(frame(100, 1));
        right.send(frame(100, 2));
        worker.stepUntil(() -> counters.get("left", "in.dropped.no-destination") == 1);
        worker.stepOften();
        assertEquals(0, left.received.size());
        assertEquals(0, counters.get("left-tap", "in.frames"));
    }

    @Test
    void anInterfaceThatItMadeGoesWithIt() {
        TapPort port = open(new TapPortOptions("anncreated%d", 9000, 1));
        NetworkInterface made = NetworkInterface.named(port.interfaceName());
        try {
            assertTrue(made.isUp());
            assertEquals(9000, made.mtu());
        } finally {
            port.close();
        }
        assertFalse(made.exists());
    }

    @Test
    void anInterfaceThatWasThereStays() {
        String name = NetworkNamespace.newInterfaceName();
        NetworkNamespace.check("ip", "tuntap", "add", "dev", name, "mode", "tap");
        try {
            open(TapPortOptions.of(name)).close();
            assertTrue(NetworkInterface.named(name).exists());
        } finally {
            NetworkNamespace.check("ip", "link", "del", name);
        }
    }

    @Test
    void aTapThatIsInUseSaysWhatToCheck() {
        TapPort port = open(TapPortOptions.of("anntaken%d"));
        try {
            LinuxException busy =
                    assertThrows(LinuxException.class, () -> open(TapPortOptions.of(port.interfaceName())));
            assertEquals(
                    "attach to tap " + port.interfaceName()
                            + ": Device or resource busy (EBUSY); check that no other process has the tap open",
                    busy.getMessage());
        } finally {
            port.close();
        }
    }

    private TapPort open(TapPortOptions options) {
        return TapPort.open("other", options, counters.of("other"));
    }
}
