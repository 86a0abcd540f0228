package io.annulet.backend.port;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.backend.data.Forwarder;
import io.annulet.backend.data.Link;
import io.annulet.backend.data.PollMode;
import io.annulet.backend.data.RunningWorker;
import io.annulet.backend.data.Switch;
import io.annulet.backend.data.Worker;
import io.annulet.backend.data.WorkerProxy;
import io.annulet.backend.port.TapPortOptions.Io;
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
import org.junit.jupiter.params.provider.EnumSource;

/** The host's own network stack on both sides of a worker that runs on its own thread: two taps in two namespaces. */
@Tag("root")
@Timeout(120)
final class TapTrafficTest {

    private static final String LEFT_ADDRESS = "198.18.0.1";
    private static final String RIGHT_ADDRESS = "198.18.0.2";

    enum Domain {
        LINK,
        SWITCH;

        Forwarder make() {
            return this == LINK ? new Link() : new Switch();
        }
    }

    private final TestCounters counters = new TestCounters();
    private final List<AutoCloseable> closeLast = new ArrayList<>();
    private NetworkNamespace left;
    private NetworkNamespace right;

    @BeforeEach
    void makeNamespaces() {
        NetworkNamespace.assumeAvailable("ping", "iperf3");
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

    private void connect(Forwarder domain, int queues, PollMode mode) throws InterruptedException {
        connect(domain, queues, mode, Io.CALLS);
    }

    private void connect(Forwarder domain, int queues, PollMode mode, Io io) throws InterruptedException {
        Worker worker = new Worker("tap-traffic", 256);
        Port leftPort = tap("left", left, LEFT_ADDRESS, queues, io);
        Port rightPort = tap("right", right, RIGHT_ADDRESS, queues, io);
        RunningWorker runner = new RunningWorker(worker, mode, Throwable::printStackTrace);
        closeLast.add(runner);
        WorkerProxy proxy = runner.proxy();
        CountDownLatch added = new CountDownLatch(2);
        proxy.addPort(leftPort, domain, added::countDown);
        proxy.addPort(rightPort, domain, added::countDown);
        assertTrue(added.await(30, TimeUnit.SECONDS));
    }

    private TapPort tap(String name, NetworkNamespace namespace, String address, int queues, Io io) {
        TapPortOptions options = new TapPortOptions(NetworkNamespace.newInterfaceName(), 0, queues).withIo(io);
        TapPort port = TapPort.open(name, options, counters.of(name));
        closeLast.add(port);
        namespace.take(port.interfaceName());
        namespace.run("ip", "address", "add", address + "/30", "dev", port.interfaceName());
        return port;
    }

    @ParameterizedTest
    @EnumSource(Domain.class)
    void pings(Domain domain) throws InterruptedException {
        connect(domain.make(), 1, PollMode.ADAPTIVE);
        String said = left.run("ping", "-c", "5", "-i", "0.2", "-W", "5", RIGHT_ADDRESS);
        assertTrue(said.contains(" 5 received"), said);
        String large = right.run("ping", "-c", "3", "-i", "0.2", "-W", "5", "-s", "20000", LEFT_ADDRESS);
        assertTrue(large.contains(" 3 received"), large);
        assertNothingWentWrong();
    }

    @ParameterizedTest
    @EnumSource(PollMode.class)
    void carriesTcpBothWays(PollMode mode) throws InterruptedException, IOException {
        connect(new Link(), mode == PollMode.ADAPTIVE ? 2 : 1, mode);
        Process server = right.start("iperf3", "-s", "--forceflush");
        closeLast.add(server::destroyForcibly);
        awaitListening(server);
        left.run("iperf3", "-c", RIGHT_ADDRESS, "-n", "40M");
        left.run("iperf3", "-c", RIGHT_ADDRESS, "-n", "40M", "--reverse");
        left.run("iperf3", "-c", RIGHT_ADDRESS, "-n", "40M", "--parallel", "4");
        // A sender counts what it gave to its socket, whose last bytes may not go out any more.
        assertMore(60 << 20, counters.get("right", "out.bytes"));
        assertMore(30 << 20, counters.get("left", "out.bytes"));
        assertNothingWentWrong();
    }

    /** Far fewer system calls than frames, and every byte of TCP arrives: iperf3 would not end otherwise. */
    @Test
    void aBurstIsOneSystemCallThroughAnIoUring() throws InterruptedException, IOException {
        connect(new Link(), 1, PollMode.ADAPTIVE, Io.URING);
        Process server = right.start("iperf3", "-s", "--forceflush");
        closeLast.add(server::destroyForcibly);
        awaitListening(server);
        String large = left.run("ping", "-c", "3", "-i", "0.2", "-W", "5", "-s", "20000", RIGHT_ADDRESS);
        assertTrue(large.contains(" 3 received"), large);
        // Datagrams are not merged on their way, so there are many of them to a burst.
        left.run("iperf3", "-c", RIGHT_ADDRESS, "-u", "-b", "0", "-l", "64", "-n", "4M");
        left.run("iperf3", "-c", RIGHT_ADDRESS, "-n", "20M");
        right.run("ping", "-c", "1", "-W", "5", LEFT_ADDRESS);
        long frames = counters.get("left", "in.frames") + counters.get("right", "in.frames");
        long calls = counters.get("left", "host.calls") + counters.get("right", "host.calls");
        long written = counters.get("left", "out.frames") + counters.get("right", "out.frames");
        // The host's own queue drops what is not taken from it in time: of 65,536 datagrams most may be gone.
        assertTrue(written > 5_000, "only " + written + " frames");
        // One read for each frame there was, and those that found none; a write for each frame would be as many again.
        assertTrue(calls < frames + written, calls + " calls for " + frames + " frames in, " + written + " out");
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

    /** Whatever was lost was lost by the host's own queues, and no byte was copied in user space. */
    private void assertNothingWentWrong() {
        assertEquals(0, counters.get("left", "copied.bytes") + counters.get("right", "copied.bytes"));
        assertEquals(0, counters.get("left", "reads.failed") + counters.get("right", "reads.failed"));
        assertEquals(0, counters.get("left", "out.dropped.refused") + counters.get("right", "out.dropped.refused"));
    }
}
