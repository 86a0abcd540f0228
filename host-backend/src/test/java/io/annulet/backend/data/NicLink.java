package io.annulet.backend.data;

import static io.annulet.backend.data.ArenaGuest.GUEST_BASE;

import io.annulet.backend.data.ArenaGuest.Shape;
import io.annulet.backend.port.NicMemoryMap;
import io.annulet.backend.port.NicPort;
import io.annulet.backend.port.NicPortOptions;
import io.annulet.backend.port.NicPortOptions.ZeroCopy;
import io.annulet.backend.stats.PortCounters;
import io.annulet.linux.EventFd;
import io.annulet.memory.Region;
import io.annulet.vfio.Interrupts;
import io.annulet.vfio.IovaSpace;
import io.annulet.vfio.NicMemory;
import java.util.ArrayList;
import java.util.List;
import org.agrona.concurrent.status.CountersManager;
import org.junit.jupiter.api.AfterEach;

/** A guest and a NIC on a link, which one worker works step by step: what tests of the NIC's port begin with. */
abstract class NicLink {

    static final long GUEST_BYTES = 8L << 20;
    static final long MAC = 0x0200_0000_0001L;

    final CountersManager counters = ArenaGuest.newCounters();
    final ArenaGuest guest = new ArenaGuest("guest", counters, Shape.USUAL);
    final FakeIommu iommu = new FakeIommu();
    final FakeNic nic = new FakeNic(iommu);
    final IovaSpace space = new IovaSpace(List.of());
    final NicMemory memory = NicMemory.create(iommu, space, 4 << 20, 1 << 20, 4096);
    final NicMemoryMap map = new NicMemoryMap(iommu, space);
    final NicMemoryMap.Window window = map.openWindow(GUEST_BASE + GUEST_BYTES);
    final List<NicPort.Stop> stops = new ArrayList<>();
    final NicPort.Events events =
            new NicPort.Events(EventFd.create(true, 0), EventFd.create(true, 0), EventFd.create(true, 0));
    final Worker worker = new Worker("nic-test", 2048);
    final WorkerProxy proxy = new WorkerProxy(worker);
    final PortCounters nicCounters = new PortCounters(counters, "nic");
    boolean isThere = true;
    boolean hasErrors;
    Interrupts interrupts = Interrupts.MESSAGES;
    int unmasked;

    final NicPort.Device device = new NicPort.Device() {
        @Override
        public boolean hasErrors() {
            return hasErrors;
        }

        @Override
        public boolean isThere() {
            return isThere;
        }

        @Override
        public Interrupts interrupts() {
            return interrupts;
        }

        @Override
        public void unmaskLine() {
            unmasked++;
        }

        @Override
        public void onStopped(NicPort.Stop why) {
            stops.add(why);
        }
    };

    Region region() {
        return new Region(GUEST_BASE, 0x7f00_0000_0000L, GUEST_BYTES, guest.host(GUEST_BASE));
    }

    void connect(ZeroCopy zeroCopy, boolean shared) {
        connect(new NicPortOptions("0000:01:00.0", zeroCopy, 0, true, false), shared);
    }

    void connect(NicPortOptions options, boolean shared) {
        NicPort port = new NicPort("nic", options, nicCounters, nic, memory, map, device, events);
        if (shared) {
            map.share(window, region());
        }
        guest.port.lends();
        worker.onStart();
        Link link = new Link();
        proxy.addPort(guest.port, link, () -> {});
        proxy.addPort(port, link, () -> {});
        worker.doWork();
        guest.open();
    }

    void connect() {
        connect(ZeroCopy.TX, true);
    }

    @AfterEach
    void close() {
        worker.onClose();
        memory.close();
        guest.close();
    }

    long counter(String label) {
        long[] found = {-1};
        counters.forEach((value, id, text) -> found[0] = text.equals("nic " + label) ? value : found[0]);
        return found[0];
    }

    void step() {
        worker.doWork();
        worker.doWork();
    }

    int takeAllUsed() {
        int count = 0;
        while (guest.transmit.takeUsed() >= 0) {
            count++;
        }
        return count;
    }

    void stepUntilStopped() {
        while (stops.isEmpty()) {
            worker.doWork();
        }
    }
}
