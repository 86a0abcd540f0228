package io.annulet.backend.port;

import static io.annulet.backend.port.TestFrames.frame;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.annulet.backend.data.FrameBurst;
import io.annulet.backend.data.Link;
import io.annulet.backend.stats.PortCounters;
import io.annulet.linux.FileDescriptors;
import io.annulet.linux.LinuxException;
import io.annulet.linux.XdpProgram;
import io.annulet.linux.XdpSetup;
import io.annulet.linux.XdpSocket;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Two virtual cables into a bridge of the kernel, the near end of each an XDP port that is linked to a scripted one: what
 * one scripted port sends comes to the other through the kernel, byte for byte.
 *
 * <pre>
 *   left --- leftXdp ~~~ bridge ~~~ rightXdp --- right
 * </pre>
 */
@Tag("root")
@Timeout(120)
final class XdpPortTest {

    private final TestCounters counters = new TestCounters();
    private SteppedWorker worker;
    private NetworkNamespace namespace;
    private ScriptedPort left;
    private ScriptedPort right;
    private XdpPort leftXdp;
    private XdpPort rightXdp;
    private final Link leftLink = new Link();
    private final List<XdpPort> open = new ArrayList<>();

    @BeforeEach
    void bridgeTwoCables() {
        NetworkNamespace.assumeAvailable();
        assumeTrue(XdpSocket.isKnown(), "this kernel has no AF_XDP");
        namespace = NetworkNamespace.create();
        worker = new SteppedWorker();
        left = new ScriptedPort("left", counters.of("left"));
        right = new ScriptedPort("right", counters.of("right"));
        namespace.addBridge("bridge");
        leftXdp = bridged("left-xdp");
        rightXdp = bridged("right-xdp");
        worker.add(leftLink, left, leftXdp);
        worker.add(new Link(), right, rightXdp);
    }

    private XdpPort bridged(String name) {
        String outside = namespace.addCable(name);
        namespace.addToBridge("bridge", name);
        return open(name, XdpPortOptions.of(outside));
    }

    private XdpPort open(String name, XdpPortOptions options) {
        XdpPort port = XdpPort.open(name, options, counters.of(name));
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
        left.close();
        right.close();
        namespace.close();
    }

    private void widen(int mtu) {
        for (XdpPort port : open) {
            NetworkNamespace.check("ip", "link", "set", port.interfaceName(), "mtu", "" + mtu);
        }
        for (String inside : List.of("left-xdp", "right-xdp", "bridge")) {
            namespace.run("ip", "link", "set", inside, "mtu", "" + mtu);
        }
    }

    @Test
    void gathersAFrameFromHoweverManyBuffersByteForByte() {
        int[][] cuts = {
            {}, {12}, {20}, {12, 14}, {12, 14, 700}, {64}, {64, 1}, {70, 500, 3}, {5, 9, 2, 300, 1, 1, 400},
        };
        for (int[] cut : cuts) {
            byte[] sent = frame(1514, cut.length);
            left.send(sent, cut);
            worker.stepUntil(() -> !right.received.isEmpty());
            assertArrayEquals(sent, right.received.removeFirst(), () -> "cut at " + Arrays.toString(cut));
        }
        assertEquals(cuts.length, left.takeSent());
    }

    @Test
    void carriesFramesBothWaysAndCopiesEachOnceOnItsWayOut() {
        int count = 5_000; // more than there are chunks, so that all of them go round
        for (int sent = 0; sent < count; sent += 50) {
            for (int i = sent; i < sent + 50; i++) {
                left.send(frame(60 + i % 1400, i));
                right.send(frame(60 + i % 1300, i));
            }
            int expected = sent + 50;
            worker.stepUntil(() -> left.received.size() == expected && right.received.size() == expected);
            assertEquals(50, left.takeSent());
            assertEquals(50, right.takeSent());
            left.forgetSent();
            right.forgetSent();
        }
        long bytes = 0;
        for (int i = 0; i < count; i++) {
            assertArrayEquals(frame(60 + i % 1400, i), right.received.get(i));
            assertArrayEquals(frame(60 + i % 1300, i), left.received.get(i));
            bytes += 60 + i % 1400;
        }
        assertEquals(count, counters.get("left-xdp", "in.frames"));
        assertEquals(count, counters.get("left-xdp", "in.forwarded"));
        assertEquals(count, counters.get("left-xdp", "out.frames"));
        assertEquals(bytes, counters.get("left-xdp", "out.bytes"));
        assertEquals(bytes, counters.get("left-xdp", "copied.bytes"));
        worker.remove(leftXdp);
        assertEquals(0, counters.get("left-xdp", "host.missed"));
        assertTrue(counters.get("left-xdp", "host.calls") > 0);
    }

    @Test
    void p04CarriesFramesOfSeveralChunks() {
        widen(9000);
        for (int byteLength :
                new int[] {XdpLane.CHUNK_FRAME_BYTES, XdpLane.CHUNK_FRAME_BYTES + 1, 4032, 4033, 8064, 9014}) {
            byte[] sent = frame(byteLength, byteLength);
            left.send(sent, 12, 3000, 1);
            worker.stepUntil(() -> !right.received.isEmpty());
            assertArrayEquals(sent, right.received.removeFirst(), () -> byteLength + " bytes");
        }
    }

    @Test
    void p03AnExhaustedPoolDropsAndEmptiesAgain() {
        // Nobody takes frames out of the right port meanwhile, so its chunks run out.
        worker.remove(rightXdp);
        int sent = 3 * 2048;
        for (int i = 0; i < sent; i++) {
            left.send(frame(100, i));
            worker.stepUntil(() -> left.takeSent() == 1);
            left.forgetSent();
        }
        worker.add(new Link(), new ScriptedPort("other", counters.of("other")), rightXdp);
        worker.stepOften();
        worker.remove(rightXdp);
        long came = counters.get("right-xdp", "in.frames");
        assertTrue(came >= 2048 && came < sent, () -> came + " frames");
        assertEquals(sent - came, counters.get("right-xdp", "host.missed"));
        assertEquals(sent - came, counters.get("right-xdp", "xdp.dropped"));
        assertTrue(counters.get("right-xdp", "xdp.fill-empty") > 0);
        assertEquals(0, counters.get("right-xdp", "xdp.bad-fill"));
    }

    @Test
    void p03DropsWhileTheInterfaceIsDownAndGoesOnWhenItIsUp() {
        NetworkNamespace.check("ip", "link", "set", leftXdp.interfaceName(), "down");
        left.send(frame(100, 1));
        right.send(frame(100, 2));
        worker.stepOften();
        NetworkNamespace.check("ip", "link", "set", leftXdp.interfaceName(), "up");
        // The kernel tells its bridge a little later; until then that drops.
        namespace.run("sh", "-c", "until [ $(cat /sys/class/net/left-xdp/brport/state) = 3 ]; do sleep 0.02; done");
        left.send(frame(100, 3));
        right.send(frame(100, 4));
        worker.stepUntil(() -> !left.received.isEmpty()
                && !right.received.isEmpty()
                && Arrays.equals(frame(100, 3), right.received.getLast()));
        assertArrayEquals(frame(100, 4), left.received.getFirst());
    }

    @Test
    void p03AnInterfaceThatIsRemovedLetsTheWorkerSleep() {
        NetworkNamespace.check("ip", "link", "del", leftXdp.interfaceName());
        for (int i = 0; i < 10; i++) {
            left.send(frame(100, i));
            worker.stepUntil(() -> left.takeSent() == 1);
        }
        worker.stepOften();
        assertTrue(counters.get("left-xdp", "out.dropped.not-ready") > 0);
        assertFalse(leftXdp.awaitWork(), "the worker may sleep");
    }

    @Test
    void aFrameWhoseMemoryWentAwayIsForgottenAndThePortLives() {
        FrameBurst burst = new FrameBurst(SteppedWorker.MAX_RING_SIZE);
        left.send(frame(1400, 1));
        left.send(frame(1400, 1));
        assertEquals(2, left.pull(burst));
        left.truncate();
        assertThrows(InternalError.class, () -> leftLink.forward(left, burst));
        leftXdp.recoverFromMemoryLoss();
        assertEquals(0, counters.get("left-xdp", "out.frames"));
        right.send(frame(100, 2));
        worker.stepUntil(() -> left.received.size() == 1);
        assertArrayEquals(frame(100, 2), left.received.getFirst());
    }

    @Test
    void aQueueThatIsTakenSaysWhatToCheck() {
        LinuxException taken =
                assertThrows(LinuxException.class, () -> open("other", XdpPortOptions.of(leftXdp.interfaceName())));
        assertEquals(
                "bind an XDP socket to queue 0 of " + leftXdp.interfaceName()
                        + ": Device or resource busy (EBUSY); check"
                        + " that no other socket has this queue, or choose another with queue=",
                taken.getMessage());
    }

    @Test
    void anInterfaceWithoutZeroCopySaysSo() {
        String outside = namespace.addCable("third");
        XdpPortOptions options = new XdpPortOptions(
                outside,
                0,
                XdpSetup.Copying.ZEROCOPY,
                XdpPortOptions.OpenChecksums.AUTO,
                0,
                XdpPortOptions.Umem.OWN,
                XdpPortOptions.Program.OWN);
        LinuxException no = assertThrows(LinuxException.class, () -> open("third", options));
        assertTrue(no.getMessage().endsWith("the interface's driver has no zero copy: use mode=auto"), no::getMessage);
    }

    @Test
    void whatItTookItGivesBack() {
        String outside = namespace.addCable("third");
        PortCounters row = counters.of("third");
        int before = FileDescriptors.openCount();
        for (int i = 0; i < 5; i++) {
            XdpPort port = XdpPort.open("third", XdpPortOptions.of(outside), row);
            assertTrue(NetworkNamespace.check("ip", "link", "show", outside).contains("xdp"));
            port.close();
            assertFalse(NetworkNamespace.check("ip", "link", "show", outside).contains("xdp"));
        }
        assertEquals(before, FileDescriptors.openCount());
    }

    @Test
    void theKernelWorksTheDeviceInOurCallsIfAsked() {
        String outside = namespace.addCable("third");
        namespace.run("ip", "link", "set", "third", "master", "bridge");
        XdpPortOptions.OpenChecksums usual = XdpPortOptions.OpenChecksums.AUTO;
        XdpPort port = open(
                "third",
                new XdpPortOptions(
                        outside,
                        0,
                        XdpSetup.Copying.AUTO,
                        usual,
                        20,
                        XdpPortOptions.Umem.OWN,
                        XdpPortOptions.Program.OWN));
        ScriptedPort other = new ScriptedPort("other", counters.of("other"));
        worker.add(new Link(), other, port);
        other.send(frame(100, 1));
        worker.stepUntil(() -> right.received.size() == 1 && left.received.size() == 1);
        right.send(frame(100, 2));
        worker.stepUntil(() -> other.received.size() == 1);
        other.close();
    }

    @Test
    void aFrameToBeDroppedIsDroppedByItsFirstLineAlone() {
        widen(9000);
        worker.remove(rightXdp);
        worker.add(new Link(), rightXdp); // an end without another one
        left.send(frame(9014, 1));
        worker.stepUntil(() -> counters.get("right-xdp", "in.dropped.no-destination") == 1);
        assertEquals(1, counters.get("right-xdp", "in.frames"));
        assertEquals(0, counters.get("right-xdp", "copied.bytes"));
        assertEquals(9014, counters.get("left-xdp", "copied.bytes"), "on the way out");
    }

    @Test
    void aProgramOfLibxdpIsThereWhileThePortIs() {
        assumeTrue(XdpProgram.hasLibxdp(), "libxdp is not installed");
        String outside = namespace.addCable("third");
        XdpPortOptions options = XdpPortOptions.of(outside).with(XdpPortOptions.Program.LIBXDP);
        ScriptedPort third = new ScriptedPort("third", counters.of("third"));
        namespace.run("ip", "link", "set", "third", "master", "bridge");
        XdpPort port = XdpPort.open("third-xdp", options, counters.of("third-xdp"));
        assertTrue(NetworkNamespace.check("ip", "link", "show", outside).contains("xdp"));
        worker.add(new Link(), third, port);
        left.send(frame(100, 1));
        worker.stepUntil(() -> third.received.size() == 1);
        assertArrayEquals(frame(100, 1), third.received.getFirst());
        worker.remove(port);
        port.close();
        third.close();
        assertFalse(NetworkNamespace.check("ip", "link", "show", outside).contains("xdp"));
    }

    @Test
    void p03NobodyTakesItsProgramAway() {
        assertEquals(
                false,
                NetworkNamespace.check(
                                "sh",
                                "-c",
                                "ip link set " + leftXdp.interfaceName() + " xdp off && echo off || echo kept")
                        .endsWith("off\n"));
        left.send(frame(100, 1));
        worker.stepUntil(() -> right.received.size() == 1);
    }
}
