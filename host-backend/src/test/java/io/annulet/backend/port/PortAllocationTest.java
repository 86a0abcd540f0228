package io.annulet.backend.port;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.management.ThreadMXBean;
import io.annulet.backend.data.Link;
import io.annulet.linux.XdpSocket;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The worker's thread allocates nothing for a frame, whatever kind of port it comes from or goes to. */
@Timeout(120)
final class PortAllocationTest {

    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private static final int WARM_UP_FRAMES = 400_000;
    private static final int FRAMES = 200_000;

    private final TestCounters counters = new TestCounters();
    private final FloodPort source = new FloodPort(counters.of("source"), TestFrames.frame(1514, 1));
    private final FloodPort sink = new FloodPort(counters.of("sink"), TestFrames.frame(60, 2));

    @Test
    @Tag("root")
    void tapsWriteAndRead() {
        NetworkNamespace.assumeAvailable();
        try (NetworkNamespace namespace = NetworkNamespace.create()) {
            namespace.addBridge("bridge");
            try (TapPort near = bridged("near", namespace);
                    TapPort far = bridged("far", namespace);
                    SteppedWorker worker = new SteppedWorker()) {
                worker.add(new Link(), source, near);
                worker.add(new Link(), far, sink);
                allocatesNothing(worker, sink);
            }
        }
    }

    @Test
    @Tag("root")
    void xdpSocketsSendAndReceive() {
        NetworkNamespace.assumeAvailable();
        assumeTrue(XdpSocket.isKnown(), "this kernel has no AF_XDP");
        try (NetworkNamespace namespace = NetworkNamespace.create()) {
            namespace.addBridge("bridge");
            try (XdpPort near = cabled("near", namespace);
                    XdpPort far = cabled("far", namespace);
                    SteppedWorker worker = new SteppedWorker()) {
                worker.add(new Link(), source, near);
                worker.add(new Link(), far, sink);
                allocatesNothing(worker, sink);
            }
        }
    }

    @Test
    void loopbackTakesAndSendsBack() {
        try (SteppedWorker worker = new SteppedWorker()) {
            worker.add(new Link(), source, new LoopbackPort("echo", counters.of("echo")));
            allocatesNothing(worker, source);
        }
    }

    @Test
    void captureTakes() {
        try (PcapPort capture =
                        PcapPort.open("capture", PcapPortOptions.write(Path.of("/dev/null")), counters.of("capture"));
                SteppedWorker worker = new SteppedWorker()) {
            worker.add(new Link(), source, capture);
            stepsWithoutAllocation(worker);
            long captured = counters.get("capture", "out.frames");
            // The source is faster than any writer; the ring alone holds this many.
            assertTrue(captured > 2000, () -> "only " + captured + " frames were captured");
        }
    }

    private XdpPort cabled(String name, NetworkNamespace namespace) {
        String outside = namespace.addCable(name);
        namespace.run("ip", "link", "set", name, "master", "bridge");
        return XdpPort.open(name, XdpPortOptions.of(outside), counters.of(name));
    }

    private TapPort bridged(String name, NetworkNamespace namespace) {
        TapPort tap = TapPort.open(name, TapPortOptions.of(NetworkNamespace.newInterfaceName()), counters.of(name));
        namespace.takeOnto("bridge", tap.interfaceName());
        return tap;
    }

    /** Most of what the source sends arrives at {@code destination}. */
    private void allocatesNothing(SteppedWorker worker, FloodPort destination) {
        stepsWithoutAllocation(worker);
        long received = destination.received;
        assertTrue(received > (WARM_UP_FRAMES + FRAMES) / 2, () -> "only " + received + " frames arrived");
    }

    private void stepsWithoutAllocation(SteppedWorker worker) {
        source.flood(true);
        while (source.sent < WARM_UP_FRAMES) {
            worker.step();
        }
        long before = THREADS.getCurrentThreadAllocatedBytes();
        while (source.sent < WARM_UP_FRAMES + FRAMES) {
            worker.step();
        }
        long allocated = THREADS.getCurrentThreadAllocatedBytes() - before;
        // Less than a byte a frame is no object a frame: what is left is the JVM's own, when it swaps compiled code.
        assertTrue(allocated < FRAMES, () -> allocated + " bytes in " + FRAMES + " frames");
    }
}
