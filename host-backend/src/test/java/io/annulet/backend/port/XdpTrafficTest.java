package io.annulet.backend.port;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.annulet.backend.data.Link;
import io.annulet.backend.data.PollMode;
import io.annulet.backend.data.RunningWorker;
import io.annulet.backend.data.Switch;
import io.annulet.backend.data.Worker;
import io.annulet.backend.data.WorkerProxy;
import io.annulet.linux.XdpSocket;
import java.io.BufferedReader;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The network stacks of two namespaces on both sides of two XDP ports, or of an XDP port and a tap. */
@Tag("root")
@Timeout(120)
final class XdpTrafficTest {

    private static final String LEFT_ADDRESS = "198.18.1.1";
    private static final String RIGHT_ADDRESS = "198.18.1.2";

    private final TestCounters counters = new TestCounters();
    private final List<AutoCloseable> closeLast = new ArrayList<>();
    private NetworkNamespace left;
    private NetworkNamespace right;

    @BeforeEach
    void makeNamespaces() {
        NetworkNamespace.assumeAvailable("ping", "iperf3");
        assumeTrue(XdpSocket.isKnown(), "this kernel has no AF_XDP");
        left = NetworkNamespace.create();
        closeLast.add(left);
        right = NetworkNamespace.create();
        closeLast.add(right);
    }

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable resource : closeLast.reversed()) {
            resource.close();
        }
    }

    private XdpPort xdp(String name, NetworkNamespace namespace, String address, int mtu) {
        String outside = namespace.addCable("cable");
        NetworkNamespace.check("ip", "link", "set", outside, "mtu", "" + mtu);
        namespace.run("ip", "link", "set", "cable", "mtu", "" + mtu);
        namespace.run("ip", "address", "add", address + "/30", "dev", "cable");
        XdpPort port = XdpPort.open(name, XdpPortOptions.of(outside), counters.of(name));
        closeLast.add(port);
        return port;
    }

    private TapPort tap(String name, NetworkNamespace namespace, String address) {
        TapPortOptions options = TapPortOptions.of(NetworkNamespace.newInterfaceName());
        TapPort port = TapPort.open(name, options, counters.of(name));
        closeLast.add(port);
        namespace.take(port.interfaceName());
        namespace.run("ip", "address", "add", address + "/30", "dev", port.interfaceName());
        return port;
    }

    private void connect(Port leftPort, Port rightPort, PollMode mode) throws InterruptedException {
        Worker worker = new Worker("xdp-traffic", 256);
        RunningWorker runner = new RunningWorker(worker, mode, Throwable::printStackTrace);
        closeLast.add(runner);
        WorkerProxy proxy = runner.proxy();
        CountDownLatch added = new CountDownLatch(2);
        var domain = mode == PollMode.BUSY ? new Switch() : new Link();
        proxy.addPort(leftPort, domain, added::countDown);
        proxy.addPort(rightPort, domain, added::countDown);
        assertTrue(added.await(30, TimeUnit.SECONDS));
    }

    @ParameterizedTest
    @ValueSource(ints = {1500, 9000})
    void pingsAndCarriesTcpBothWays(int mtu) throws InterruptedException, IOException {
        connect(
                xdp("left", left, LEFT_ADDRESS, mtu),
                xdp("right", right, RIGHT_ADDRESS, mtu),
                mtu == 1500 ? PollMode.ADAPTIVE : PollMode.BUSY);
        String said =
                left.run("ping", "-c", "5", "-i", "0.2", "-W", "5", "-M", "do", "-s", "" + (mtu - 28), RIGHT_ADDRESS);
        assertTrue(said.contains(" 5 received"), said);
        tcp();
        assertMore(60 << 20, counters.get("right", "out.bytes"));
        assertMore(15 << 20, counters.get("left", "out.bytes"));
    }

    /** Each ping finds a worker that sleeps, and so does each answer. */
    @Test
    void p03NoWakeUpIsLost() throws InterruptedException {
        connect(xdp("left", left, LEFT_ADDRESS, 1500), xdp("right", right, RIGHT_ADDRESS, 1500), PollMode.SLEEP);
        String said = left.run("ping", "-q", "-c", "300", "-i", "0.003", "-W", "5", RIGHT_ADDRESS);
        assertTrue(said.contains(" 300 received"), said);
    }

    @Test
    void carriesTcpToAndFromATap() throws InterruptedException, IOException {
        connect(xdp("left", left, LEFT_ADDRESS, 1500), tap("right", right, RIGHT_ADDRESS), PollMode.ADAPTIVE);
        tcp();
        assertMore(60 << 20, counters.get("right", "out.bytes"));
        assertMore(15 << 20, counters.get("left", "out.bytes"));
        assertEquals(0, counters.get("right", "out.dropped.refused"));
    }

    private void tcp() throws IOException {
        Process server = right.start("iperf3", "-s", "--forceflush");
        closeLast.add(server::destroyForcibly);
        awaitListening(server);
        left.run("iperf3", "-c", RIGHT_ADDRESS, "-n", "40M");
        left.run("iperf3", "-c", RIGHT_ADDRESS, "-n", "20M", "--reverse");
        left.run("iperf3", "-c", RIGHT_ADDRESS, "-n", "40M", "--parallel", "4");
    }

    private static void assertMore(long least, long bytes) {
        assertTrue(bytes > least, () -> "only " + bytes + " bytes");
    }

    private static void awaitListening(Process server) throws IOException {
        BufferedReader said = server.inputReader();
        String line;
        do {
            line = said.readLine();
        } while (line != null && !line.startsWith("Server listening"));
        assertTrue(line != null, "iperf3 ended");
    }
}
