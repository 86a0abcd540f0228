package io.annulet.backend.data;

import io.annulet.backend.port.NicMemoryMap;
import io.annulet.backend.port.NicPort;
import io.annulet.backend.port.NicPortOptions;
import io.annulet.backend.stats.PortCounters;
import io.annulet.linux.EventFd;
import io.annulet.vfio.Interrupts;
import io.annulet.vfio.IovaSpace;
import io.annulet.vfio.NicMemory;
import java.util.Arrays;
import java.util.List;

/** A port for a fake NIC that completes checksums and cuts TCP segments; its thread is the worker's, which is the test's. */
final class MatrixNic implements AutoCloseable {

    private static final int MTU = 65_521;
    private static final int LONGEST_RECEIVED = 1_514;

    final NicPort port;

    private final FakeIommu iommu = new FakeIommu();
    private final FakeNic nic = new FakeNic(iommu);
    private final NicMemory memory;

    MatrixNic(String name, PortCounters counters) {
        nic.offloads = true;
        nic.mtu = MTU;
        IovaSpace space = new IovaSpace(List.of());
        memory = NicMemory.create(iommu, space, 4 << 20, 1 << 20, FakeNic.PIECE_BYTES);
        NicPort.Device device = new NicPort.Device() {
            @Override
            public boolean hasErrors() {
                return false;
            }

            @Override
            public boolean isThere() {
                return true;
            }

            @Override
            public Interrupts interrupts() {
                return Interrupts.MESSAGES;
            }

            @Override
            public void unmaskLine() {}

            @Override
            public void onStopped(NicPort.Stop why) {}
        };
        NicPort.Events events =
                new NicPort.Events(EventFd.create(true, 0), EventFd.create(true, 0), EventFd.create(true, 0));
        NicPortOptions options = new NicPortOptions("0000:01:00.0", NicPortOptions.ZeroCopy.TX, 0, true, false);
        port = new NicPort(name, options, counters, nic, memory, new NicMemoryMap(iommu, space), device, events);
    }

    /** Has it read all that it was given. */
    void send() {
        nic.send(nic.waiting(), false);
    }

    /** A frame comes from the wire, where none is left open, and where a NIC has one piece of memory for it. */
    void receive(byte[] frame) {
        nic.receive(Arrays.copyOf(frame, Math.min(frame.length, LONGEST_RECEIVED)));
    }

    @Override
    public void close() {
        memory.close();
    }
}
