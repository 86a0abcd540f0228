package io.annulet.backend.port;

import static io.annulet.backend.port.TestFrames.frame;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.annulet.backend.data.FrameBurst;
import io.annulet.backend.data.Link;
import io.annulet.linux.XdpSocket;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * The kernel reads frames where the guest has them: a scripted guest on a link with an XDP port, a cable, a bridge, a cable
 * and an XDP port of the usual kind.
 *
 * <pre>
 *   guest --- xdp, umem=guest ~~~ bridge ~~~ far, umem=own --- right
 * </pre>
 */
@Tag("root")
@Timeout(120)
final class XdpGuestMemoryTest {

    private final TestCounters counters = new TestCounters();
    private final List<XdpPort> open = new ArrayList<>();
    private final ConcurrentLinkedQueue<String> refusals = new ConcurrentLinkedQueue<>();
    private final Link link = new Link();
    private SteppedWorker worker;
    private NetworkNamespace namespace;
    private ScriptedPort guest;
    private ScriptedPort right;
    private XdpPort xdp;
    private XdpPort far;

    @BeforeEach
    void bridgeTwoCables() {
        NetworkNamespace.assumeAvailable();
        assumeTrue(XdpSocket.isKnown(), "this kernel has no AF_XDP");
        namespace = NetworkNamespace.create();
        worker = new SteppedWorker();
        guest = new ScriptedPort("guest", counters.of("guest"));
        right = new ScriptedPort("right", counters.of("right"));
        namespace.addBridge("bridge");
        xdp = bridged("lent", XdpPortOptions.Umem.GUEST);
        far = bridged("far", XdpPortOptions.Umem.OWN);
        worker.add(link, guest, xdp);
        worker.add(new Link(), right, far);
    }

    private XdpPort bridged(String name, XdpPortOptions.Umem umem) {
        String outside = namespace.addCable(name);
        namespace.run("ip", "link", "set", name, "master", "bridge");
        XdpPort port = XdpPort.open(
                name, XdpPortOptions.of(outside).with(umem), worker.proxy(), counters.of(name), HostAccess.DIRECT);
        open.add(port);
        return port;
    }

    @AfterEach
    void close() {
        if (namespace == null) {
            return; // skipped
        }
        worker.close();
        open.forEach(XdpPort::close);
        guest.close();
        right.close();
        namespace.close();
    }

    private XdpGuestMemory memory() {
        XdpGuestMemory memory = xdp.guestMemory();
        assertNotNull(memory);
        return memory;
    }

    /** Has the guest's memory registered, and waits until frames are read there. */
    private XdpRegion share() {
        XdpRegion region = guest.region();
        memory().add(region, refusals::add);
        awaitZeroCopy();
        return region;
    }

    private void awaitZeroCopy() {
        long before = counters.get("lent", "nic.zero-copy");
        worker.stepUntil(() -> {
            exchange(frame(1000, 7));
            return counters.get("lent", "nic.zero-copy") > before;
        });
    }

    /** Sends a frame and lets it go through, or be lost while a socket is replaced. */
    private void exchange(byte[] frame, int... cuts) {
        guest.send(frame, cuts);
        worker.stepUntil(() -> guest.takeSent() == 1);
        worker.stepOften();
        guest.forgetSent();
        right.received.clear();
    }

    private void assertArrives(byte[] sent, int... cuts) {
        guest.send(sent, cuts);
        worker.stepUntil(() -> !right.received.isEmpty());
        assertArrayEquals(sent, right.received.removeFirst(), () -> sent.length + " cut at " + Arrays.toString(cuts));
        worker.stepUntil(() -> guest.takeSent() == 1);
        guest.forgetSent();
    }

    private void widen(int mtu) {
        for (XdpPort port : open) {
            NetworkNamespace.check("ip", "link", "set", port.interfaceName(), "mtu", "" + mtu);
        }
        for (String inside : List.of("lent", "far", "bridge")) {
            namespace.run("ip", "link", "set", inside, "mtu", "" + mtu);
        }
    }

    private long count(String what) {
        return counters.get("lent", what);
    }

    @Test
    void payloadIsReadFromTheGuestsOwnBuffersHoweverManyThereAre() {
        share();
        long before = count("nic.zero-copy");
        long copied = count("copied.bytes");
        int[][] cuts = {
            {}, {12}, {20}, {12, 14}, {12, 14, 700}, {64}, {64, 1}, {70, 500, 3}, {5, 9, 2, 300, 1, 1, 400},
        };
        for (int[] cut : cuts) {
            assertArrives(frame(1514, cut.length), cut);
        }
        assertEquals(cuts.length, count("nic.zero-copy") - before);
        assertEquals(0, count("copied.bytes") - copied);
        assertTrue(refusals.isEmpty(), refusals::toString);
    }

    @Test
    void framesOfManyPagesAreReadInPlaceAcrossThem() {
        share();
        widen(9000);
        long before = count("nic.zero-copy");
        long copied = count("copied.bytes");
        for (int byteLength : new int[] {129, 4096, 4097, 4072 + 52, 4073 + 52, 8144 + 52, 8145 + 52, 9014}) {
            assertArrives(frame(byteLength, byteLength), 12, 100, 1);
            assertArrives(frame(byteLength, byteLength + 1));
        }
        assertEquals(16, count("nic.zero-copy") - before);
        assertEquals(0, count("copied.bytes") - copied);
    }

    @Test
    void whatWasCheckedIsWhatIsSentAndThePayloadIsTheGuestsToChange() {
        share();
        byte[] sent = frame(1000, 1);
        FrameBurst burst = new FrameBurst(SteppedWorker.MAX_RING_SIZE);
        guest.send(sent);
        assertEquals(1, guest.pull(burst));
        // The guest writes over all of the frame after it was looked at.
        guest.overwriteFirst((byte) 0x66, 12 + sent.length);
        link.forward(guest, burst);
        guest.finish(burst);
        worker.stepUntil(() -> !right.received.isEmpty());
        byte[] received = right.received.removeFirst();
        assertEquals(sent.length, received.length);
        assertArrayEquals(
                Arrays.copyOf(sent, 52), Arrays.copyOf(received, 52), "the headers are those of the snapshot");
        assertEquals(0x66, received[999], "the payload was read when it was sent");
    }

    @Test
    void thousandsGoRoundAndComeBackInOrder() {
        share();
        int count = 5_000;
        long copied = count("copied.bytes");
        for (int sent = 0; sent < count; sent += 50) {
            for (int i = sent; i < sent + 50; i++) {
                guest.send(frame(60 + i % 1400, i));
                right.send(frame(60 + i % 1300, i));
            }
            int expected = sent + 50;
            worker.stepUntil(() -> right.received.size() == expected && guest.received.size() == expected);
            worker.stepOften();
            assertEquals(50, guest.takeSent());
            right.takeSent();
            guest.forgetSent();
            right.forgetSent();
        }
        for (int i = 0; i < count; i++) {
            assertArrayEquals(frame(60 + i % 1400, i), right.received.get(i));
            assertArrayEquals(frame(60 + i % 1300, i), guest.received.get(i));
        }
        assertEquals(0, count("copied.bytes") - copied);
        assertEquals(0, count("out.dropped.no-buffer"));
    }

    @Test
    void whatCannotBeReadInPlaceIsCopiedAndTheReasonCounted() {
        assertArrives(frame(1000, 1));
        assertEquals(1, count("nic.copied.unshared"));
        assertEquals(1000 - 52, count("copied.bytes"), "all that is not in the snapshot");
    }

    @Test
    void aFrameInMorePiecesThanTheKernelTakesIsCopied() {
        share();
        long before = count("copied.bytes");
        int[] cuts = new int[20];
        Arrays.fill(cuts, 50);
        cuts[0] = 64;
        assertArrives(frame(1514, 3), cuts);
        assertEquals(1, count("nic.copied.pieces"));
        assertEquals(1514 - 52, count("copied.bytes") - before);
    }

    @Test
    void p03AnInterfaceThatIsDownHoldsNoneOfTheGuestsBuffers() {
        share();
        long zeroCopy = count("nic.zero-copy");
        long notReady = count("out.dropped.not-ready");
        long aborted = count("out.dropped.aborted");
        NetworkNamespace.check("ip", "link", "set", xdp.interfaceName(), "down");
        for (int i = 0; i < 200; i++) {
            guest.send(frame(1000, i));
            worker.stepUntil(() -> guest.takeSent() == 1);
            guest.forgetSent();
        }
        assertEquals(count("nic.zero-copy") - zeroCopy, count("out.dropped.aborted") - aborted);
        assertEquals(200, count("out.dropped.aborted") - aborted + count("out.dropped.not-ready") - notReady);
        NetworkNamespace.check("ip", "link", "set", xdp.interfaceName(), "up");
        right.received.clear();
        worker.stepUntil(() -> {
            guest.send(frame(1001, 7));
            worker.stepUntil(() -> guest.takeSent() == 1);
            guest.forgetSent();
            worker.stepOften();
            return !right.received.isEmpty();
        });
        right.received.forEach(
                frame -> assertArrayEquals(frame(1001, 7), frame, "nothing of what was given back is sent later"));
    }

    @Test
    void memoryThatIsTakenOutIsReadNoMoreAndOtherMemoryIsReadAfterIt() {
        XdpRegion region = share();
        long before = count("nic.zero-copy");
        memory().remove(region.hostAddress());
        guest.send(frame(1000, 1));
        worker.stepUntil(() -> guest.takeSent() == 1);
        guest.forgetSent();
        assertEquals(before, count("nic.zero-copy"), "from the moment on that it was taken out");
        share();
        assertArrives(frame(1514, 2), 700);
        assertTrue(refusals.isEmpty(), refusals::toString);
    }

    @Test
    void aGuestThatGaveAPageBackIsReadNoMore() {
        share();
        long before = count("nic.zero-copy");
        memory().stopUsing();
        assertArrives(frame(1000, 1));
        assertEquals(before, count("nic.zero-copy"));
        assertEquals(0, count("out.dropped.aborted"));
    }

    @Test
    void aRecallReturnsEverythingAtOnce() {
        share();
        guest.send(frame(1000, 1));
        worker.step();
        guest.recall();
        worker.stepUntil(() -> guest.takeSent() == 1);
    }
}
