package io.annulet.interop;

import static io.annulet.interop.Proof.check;

import io.annulet.linux.EventFd;
import io.annulet.linux.FileDescriptors;
import io.annulet.linux.Mapping;
import io.annulet.memory.HostMemory;
import io.annulet.vfio.DmaDirection;
import io.annulet.vfio.Nic;
import io.annulet.vfio.VfioContainer;
import io.annulet.vfio.VfioDevice;
import io.annulet.vfio.VfioException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;

/**
 * Runs on a {@link NestedHost} with both NICs bound to vfio-pci and the wire between them: what VFIO and the IOMMU do, and
 * what they keep a NIC from. The IOMMU's faults are in the kernel's log, where the test outside looks for them.
 */
public final class NicProofs {

    /** A byte that fills what a NIC may not read; no frame that the tests send has a run of it. */
    static final int SECRET = 0x9d;

    private static final int FRAMES = 100;
    private static final int MAPPINGS = 1_000;
    private static final Path MAPPING_LIMIT = Path.of("/sys/module/vfio_iommu_type1/parameters/dma_entry_limit");
    private static final long MAPPED_BYTES = 1 << 20;
    private static final int INTERRUPTS_SET = 0x00c8;
    private static final int INTERRUPT_MASK_SET = 0x00d0;
    private static final long LIMIT_NANOS = TimeUnit.SECONDS.toNanos(10);

    private NicProofs() {}

    public static void main(String[] arguments) {
        Proof.of("interrupts", () -> interrupts(arguments[0]));
        Proof.of("interrupt-lines", () -> NicDriverProofs.interruptLines(arguments[0], arguments[1]));
        Proof.of("P14-interrupt-storm", () -> NicDriverProofs.storm(arguments[0]));
        Proof.of("P08-mapping-limit", () -> mappingLimit(arguments[0]));
        try (OwnNic e1000e = new OwnNic(arguments[0]);
                OwnNic virtio = new OwnNic(arguments[1])) {
            Proof.of("frames-both-ways", () -> framesBothWays(e1000e, virtio));
            Proof.of("interrupt-for-a-frame", () -> interruptForAFrame(e1000e, virtio));
            Proof.of("filters", () -> {
                NicDriverProofs.filters(e1000e, virtio);
                NicDriverProofs.filters(virtio, e1000e);
            });
            Proof.of("statistics", () -> NicDriverProofs.statistics(e1000e, virtio));
            Proof.of("P12-recoveries", () -> {
                NicDriverProofs.recoveries(e1000e, virtio);
                exchange(e1000e, virtio, new Random(10), 4);
                exchange(virtio, e1000e, new Random(11), 4);
            });
            Proof.of("P14-storm-beside-frames", () -> NicDriverProofs.stormBesideFrames(e1000e, virtio));
            Proof.of("mappings-without-leak", () -> mappingsWithoutLeak(e1000e));
            Proof.of("P07-write-into-read-only", () -> writeIntoReadOnly(e1000e, virtio));
            Proof.of("P10-after-unmap", () -> afterUnmap(e1000e, virtio));
            Proof.of("P06-outside-the-window", () -> outsideTheWindow(e1000e, virtio));
            Proof.of("P13-reset-while-running", () -> resetWhileRunning(e1000e, virtio));
            Proof.of("P14-vector-beyond-the-table", () -> vectorBeyondTheTable(e1000e));
        }
        Proof.of("reopened", () -> {
            try (OwnNic e1000e = new OwnNic(arguments[0]);
                    OwnNic virtio = new OwnNic(arguments[1])) {
                exchange(e1000e, virtio, new Random(9), 1);
            }
        });
    }

    private static void framesBothWays(OwnNic a, OwnNic b) {
        exchange(a, b, new Random(1), FRAMES);
        exchange(b, a, new Random(2), FRAMES);
    }

    private static void exchange(OwnNic from, OwnNic to, Random random, int frames) {
        for (int i = 0; i < frames; i++) {
            byte[] frame = new byte[60 + random.nextInt(1454)];
            random.nextBytes(frame);
            frame[0] = 2;
            to.offer(i % OwnNic.BUFFERS);
            from.send(frame);
            int buffer = to.awaitReceived();
            while (to.frame(buffer)[0] != 2) {
                // What a NIC sent that was told to read elsewhere.
                to.offer(buffer);
                buffer = to.awaitReceived();
            }
            check(
                    Arrays.equals(frame, to.frame(buffer)),
                    "frame " + i + " of " + frame.length + " bytes is another one");
        }
    }

    private static void interruptForAFrame(OwnNic a, OwnNic b) {
        a.queueEvent.drain();
        a.nic.requestInterrupts();
        a.offer(0);
        b.send(new byte[100]);
        check(FileDescriptors.awaitReadable(a.queueEvent.fd(), LIMIT_NANOS), "no interrupt for a frame");
        a.awaitReceived();
        a.nic.suppressInterrupts();
    }

    /** The NIC's own registers raise the line, and a message. */
    private static void interrupts(String address) {
        try (VfioDevice device = VfioDevice.open(address, false);
                EventFd event = EventFd.create(true, 0)) {
            var registers = device.bar(0);
            device.config().enableBusMaster(true);
            check(device.hasIntx(), "no interrupt line");
            device.useIntx(event);
            for (int i = 0; i < 2; i++) {
                registers.storeInt(INTERRUPT_MASK_SET, 1 << 7);
                registers.storeInt(INTERRUPTS_SET, 1 << 7);
                check(FileDescriptors.awaitReadable(event.fd(), LIMIT_NANOS), "no interrupt " + i);
                event.drain();
                registers.loadInt(0x00c0);
                device.unmaskIntx();
            }
        }
    }

    /** The limit of the kernel is read before it is run into, and the refusal says which parameter to raise. */
    private static void mappingLimit(String address) throws Exception {
        String usual = Files.readString(MAPPING_LIMIT);
        Files.writeString(MAPPING_LIMIT, "8");
        int mapped = 0;
        String refusal = "";
        try (VfioDevice device = VfioDevice.open(address, false);
                Mapping page = Mapping.anonymous(4096, Mapping.Option.POPULATE)) {
            while (refusal.isEmpty()) {
                try {
                    device.container().map(page.address(), (1 + mapped) * 4096L, 4096, DmaDirection.READ);
                    mapped++;
                } catch (VfioException e) {
                    refusal = e.getMessage();
                }
            }
        } finally {
            Files.writeString(MAPPING_LIMIT, usual);
        }
        check(mapped == 8 && refusal.contains("dma_entry_limit"), mapped + " mappings, then: " + refusal);
    }

    private static void mappingsWithoutLeak(OwnNic a) throws Exception {
        VfioContainer container = a.device.container();
        long leftBefore = container.info().mappingsLeft();
        long pinnedBefore = lockedKib();
        try (Mapping mapping = Mapping.anonymous(MAPPED_BYTES, Mapping.Option.POPULATE)) {
            for (int i = 0; i < MAPPINGS; i++) {
                long iova = a.space.take(MAPPED_BYTES, 4096);
                container.map(mapping.address(), iova, MAPPED_BYTES, DmaDirection.READ);
                check(container.info().mappingsLeft() == leftBefore - 1, "mappings left");
                container.unmap(iova, MAPPED_BYTES);
                a.space.giveBack(iova);
            }
        }
        check(container.info().mappingsLeft() == leftBefore, "mappings leaked");
        check(lockedKib() == pinnedBefore, "locked memory leaked: " + lockedKib() + " KiB, before " + pinnedBefore);
    }

    private static long lockedKib() throws Exception {
        return Files.readAllLines(Path.of("/proc/self/status")).stream()
                .filter(line -> line.startsWith("VmLck:"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")))
                .findFirst()
                .orElseThrow();
    }

    /** Whatever address the NIC is told, it reads nothing there. The test outside sees that the secret is not sent. */
    private static void outsideTheWindow(OwnNic a, OwnNic b) {
        try (Mapping secret = Mapping.anonymous(4096, Mapping.Option.POPULATE)) {
            for (int i = 0; i < 4096; i++) {
                HostMemory.storeByte(secret.address() + i, SECRET);
            }
            for (long outside : new long[] {secret.address(), a.sent.iova() + (1L << 36), 0x1000}) {
                HostMemory.zero(a.sent.address(), 64);
                a.nic.transmit(
                        a.sent.address(),
                        new long[] {a.sent.iova() + OwnNic.HEADER_BYTES, outside},
                        new int[] {14, 600},
                        2,
                        5);
                a.nic.publishTransmit();
                a.awaitTransmitted(5);
            }
        }
        exchange(a, b, new Random(3), 2);
    }

    private static void writeIntoReadOnly(OwnNic a, OwnNic b) {
        long at = OwnNic.BUFFER_BYTES * 4L;
        byte[] before = HostMemory.copyOut(a.sent.address() + at, OwnNic.BUFFER_BYTES);
        a.offer(a.sent.iova() + at, 7);
        byte[] frame = new byte[300];
        Arrays.fill(frame, (byte) 0x5a);
        b.send(frame);
        check(a.awaitReceived() == 7, "the NIC did not try");
        byte[] after = HostMemory.copyOut(a.sent.address() + at, OwnNic.BUFFER_BYTES);
        check(Arrays.equals(before, after), "a byte of read-only memory changed");
        exchange(b, a, new Random(4), 2);
    }

    private static void afterUnmap(OwnNic a, OwnNic b) {
        VfioContainer container = a.device.container();
        long iova = a.space.take(4096, 4096);
        try (Mapping memory = Mapping.anonymous(4096, Mapping.Option.POPULATE)) {
            container.map(memory.address(), iova, 4096, DmaDirection.WRITE);
            a.offer(iova, 9);
            container.unmap(iova, 4096);
            byte[] frame = new byte[300];
            Arrays.fill(frame, (byte) 0x5b);
            b.send(frame);
            check(a.awaitReceived() == 9, "the NIC did not try");
            check(Arrays.equals(new byte[4096], HostMemory.copyOut(memory.address(), 4096)), "a byte changed");
        }
        a.space.giveBack(iova);
        exchange(b, a, new Random(5), 2);
    }

    private static void resetWhileRunning(OwnNic a, OwnNic b) {
        for (int i = 0; i < OwnNic.BUFFERS - 1; i++) {
            a.offer(i);
        }
        b.send(new byte[200]);
        check(a.device.reset(), "the device was not reset");
        a.device.quiesce();
        check(!a.device.config().isBusMaster(), "a device that was stopped may still reach memory");
        a.nic.stop();
        a.nic.start();
        check(a.nic.takeReceived() == Nic.NOTHING, "a buffer of the time before the reset");
        exchange(b, a, new Random(6), 4);
        exchange(a, b, new Random(7), 4);
    }

    private static void vectorBeyondTheTable(OwnNic a) {
        List<EventFd> events = new ArrayList<>();
        for (int i = 0; i <= a.device.msixVectors(); i++) {
            events.add(EventFd.create(true, 0));
        }
        boolean refused = false;
        try {
            a.device.useMsix(events);
        } catch (IllegalArgumentException e) {
            refused = true;
        }
        events.forEach(EventFd::close);
        check(refused, "a vector that the device does not have");
    }
}
