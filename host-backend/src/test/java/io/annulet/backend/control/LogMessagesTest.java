package io.annulet.backend.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.guest.DirtyLog;
import io.annulet.guest.DriverReceiveQueue;
import io.annulet.guest.DriverTransmitQueue;
import io.annulet.guest.DriverVring;
import io.annulet.guest.ExtensionMessages;
import io.annulet.guest.FrameFactory;
import io.annulet.guest.FrontEndException;
import io.annulet.guest.GuestOptions;
import io.annulet.guest.Payloads;
import io.annulet.guest.RamRegion;
import io.annulet.guest.RawRing;
import io.annulet.guest.SimulatedGuest;
import io.annulet.guest.TrafficChecker;
import io.annulet.linux.EventFd;
import io.annulet.linux.Fd;
import io.annulet.linux.FileDescriptors;
import io.annulet.linux.Memfd;
import io.annulet.memory.HostMemory;
import io.annulet.vhostuser.MessageLayout;
import io.annulet.vhostuser.ProtocolFeature;
import io.annulet.vhostuser.VhostUserRequest;
import io.annulet.vhostuser.VirtioFeature;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The log of pages that the back-end writes: that none is missing and none is there for nothing, and what is refused. */
@Timeout(60)
final class LogMessagesTest {

    private static final long A_MAC = 0x02_00_00_00_0f_01L;
    private static final long B_MAC = 0x02_00_00_00_0f_02L;
    private static final int PAGE = DirtyLog.PAGE_BYTES;
    private static final int FRAMES = 150;

    @TempDir
    private Path folder;

    private final TestBackend backend = new TestBackend();
    private final FrameFactory frames = new FrameFactory(B_MAC, A_MAC, 0);
    private final TrafficChecker checker = new TrafficChecker(B_MAC, 1);

    @BeforeEach
    void open() {
        backend.open(VhostUserOptions.server("a", socket("a")));
        backend.open(VhostUserOptions.server("b", socket("b")).withIommu());
    }

    @AfterEach
    void close() {
        backend.close();
    }

    private Path socket(String name) {
        return folder.resolve(name + ".sock");
    }

    private SimulatedGuest connect(String name, boolean packed) {
        return connectWith(name, packed ? VirtioFeature.RING_PACKED : 0);
    }

    private SimulatedGuest connectWith(String name, long more) {
        long features = GuestOptions.LINUX_FEATURES | more;
        return SimulatedGuest.connect(
                socket(name),
                GuestOptions.DEFAULTS
                        .withTimeoutNanos(30_000_000_000L)
                        .withFeatures(features)
                        .withProtocolFeatures(GuestOptions.QEMU_PROTOCOL_FEATURES
                                | ProtocolFeature.maskOf(ProtocolFeature.LOG_SHMFD)));
    }

    /** Sends frames and waits until the back-end has delivered them, while the receiver's driver touches nothing. */
    private void send(SimulatedGuest from, int count) {
        DriverTransmitQueue queue = from.transmitQueue(0);
        for (int i = 0; i < count; i++) {
            int byteLength = 60 + (int) (frames.sequence() * 97 % 1400);
            frames.write(queue.reserve(), byteLength);
            queue.submit(byteLength);
        }
        queue.flush();
        TestBackend.await("all frames to be taken", () -> {
            queue.reclaim();
            return queue.outstanding() == 0;
        });
    }

    private void receiveAll(SimulatedGuest guest) {
        DriverReceiveQueue queue = guest.receiveQueue(0);
        TestBackend.await("all frames", () -> {
            queue.receive(checker, 64);
            return checker.frames() == frames.sequence();
        });
        assertTrue(checker.isClean(), checker::toString);
    }

    private static byte[] page(RamRegion region, long at) {
        return HostMemory.copyOut(region.hostAddress() + at, PAGE);
    }

    /** K04: compared with all of the guest's memory, before and after. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void everyPageThatIsWrittenIsInTheLogAndNoOther(boolean packed) {
        try (SimulatedGuest a = connect("a", packed);
                SimulatedGuest b = connect("b", packed)) {
            assertLogIsExact(a, b, b.startLogging());
            receiveAll(b);
            b.stopLogging();
            send(a, FRAMES);
            receiveAll(b);
        }
    }

    /** Behind an IOMMU what is logged are guest addresses all the same, and a ring's is not where the front-end says. */
    @ParameterizedTest
    @ValueSource(longs = {VirtioFeature.ACCESS_PLATFORM, VirtioFeature.ACCESS_PLATFORM | VirtioFeature.RING_PACKED})
    void pagesAreLoggedAsTheGuestHasThemBehindAnIommu(long features) {
        try (SimulatedGuest a = connect("a", false);
                SimulatedGuest b = connectWith("b", features)) {
            RamRegion all = b.ram().regions().getFirst();
            new ExtensionMessages(b.frontEnd())
                    .updateTranslation(all.guestAddress(), all.byteLength(), all.userAddress());
            DirtyLog log = b.startLogging();
            for (DriverVring vring : b.driver().vrings()) {
                RawRing ring = vring.ring();
                byte[] elsewhere = Payloads.vringAddress(
                        vring.index(),
                        MessageLayout.ADDRESS_FLAG_LOG,
                        b.ram().guestAddressOf(ring.descriptorHostAddress()),
                        b.ram().guestAddressOf(ring.usedHostAddress()),
                        b.ram().guestAddressOf(ring.availHostAddress()),
                        1L << 40);
                b.frontEnd().tell(VhostUserRequest.SET_VRING_ADDR, elsewhere);
            }
            assertLogIsExact(a, b, log);
            receiveAll(b);
        }
    }

    private void assertLogIsExact(SimulatedGuest a, SimulatedGuest b, DirtyLog log) {
        RamRegion region = b.ram().regions().getFirst();
        byte[][] before = new byte[(int) (region.byteLength() / PAGE)][];
        for (int i = 0; i < before.length; i++) {
            before[i] = page(region, (long) i * PAGE);
        }
        log.clear();
        send(a, FRAMES);
        Set<Long> missing = new TreeSet<>();
        Set<Long> needless = new TreeSet<>();
        Set<Long> ringPages = ringPages(b);
        for (int i = 0; i < before.length; i++) {
            long guestAddress = region.guestAddress() + (long) i * PAGE;
            boolean changed = !Arrays.equals(before[i], page(region, (long) i * PAGE));
            if (changed && !log.isDirty(guestAddress)) {
                missing.add(guestAddress);
            } else if (!changed && log.isDirty(guestAddress) && !ringPages.contains(guestAddress)) {
                needless.add(guestAddress);
            }
        }
        assertEquals(Set.of(), missing, "written and not in the log");
        assertEquals(Set.of(), needless, "in the log and not written");
        assertTrue(log.dirtyPages() > FRAMES / 4, () -> log.dirtyPages() + " pages");
        System.out.println("dirty pages " + log.dirtyPages() + ", missing 0");
    }

    /** Pages of which a device may write again what stood there. */
    private static Set<Long> ringPages(SimulatedGuest guest) {
        Set<Long> pages = new TreeSet<>();
        for (DriverVring vring : guest.driver().vrings()) {
            RawRing ring = vring.ring();
            long first = guest.ram().guestAddressOf(ring.descriptorHostAddress()) & -PAGE;
            for (long at = first; at <= first + 16L * ring.size() + 8L * ring.size() + 2 * PAGE; at += PAGE) {
                pages.add(at);
            }
        }
        return pages;
    }

    @Test
    void K04_logMayBeReplacedAndTakenAwayUnderTraffic() {
        try (SimulatedGuest a = connect("a", false);
                SimulatedGuest b = connect("b", false)) {
            for (int i = 0; i < 20; i++) {
                DirtyLog log = b.startLogging();
                send(a, 20);
                assertTrue(log.dirtyPages() > 0, "nothing was logged");
                if (i % 3 == 2) {
                    b.stopLogging();
                }
                receiveAll(b);
            }
        }
    }

    /** K01, K02. */
    @ParameterizedTest
    @CsvSource({
        "0, 0, 4096", // empty
        "-4096, 0x2000, 65536", // overflows
        "8192, 0, 4096", // longer than the file
        "4096, 8192, 8192", // begins behind its end
        "4096, 4, 8192", // not in words
        "4096, -8, 8192"
    })
    void K01_logThatDoesNotFitItsFileIsRefused(String size, String offset, long fileByteLength) {
        try (SimulatedGuest b = connect("b", false);
                Fd file = Memfd.create("log", fileByteLength, true)) {
            byte[] payload = Payloads.log(Long.decode(size), Long.decode(offset));
            try {
                b.frontEnd().ask(VhostUserRequest.SET_LOG_BASE, payload, file).close();
                throw new AssertionError("it was accepted");
            } catch (FrontEndException refused) {
                assertEquals(FrontEndException.Reason.CLOSED, refused.reason());
            }
        }
    }

    /** K02: what lies behind the log is not logged, and nothing is written behind it. */
    @Test
    void K02_pagesBehindTheEndOfTheLogAreLeftOut() {
        try (SimulatedGuest a = connect("a", false);
                SimulatedGuest b = connect("b", false);
                Fd file = Memfd.create("log", PAGE, true)) {
            b.frontEnd()
                    .ask(VhostUserRequest.SET_LOG_BASE, Payloads.log(8, 0), file)
                    .close();
            b.frontEnd().setFeatures(b.features() | VirtioFeature.LOG_ALL);
            send(a, FRAMES);
            receiveAll(b);
        }
    }

    /** N01: the log's own memory goes; its port loses its session, and nobody else anything. */
    @Test
    void logThatIsTruncatedCostsItsOwnerTheSession() {
        try (SimulatedGuest a = connect("a", false)) {
            try (SimulatedGuest b = connect("b", false);
                    Fd file = Memfd.create("log", 1 << 20, false)) {
                b.frontEnd()
                        .ask(VhostUserRequest.SET_LOG_BASE, Payloads.log(1 << 20, 0), file)
                        .close();
                b.frontEnd().setFeatures(b.features() | VirtioFeature.LOG_ALL);
                send(a, 10);
                FileDescriptors.truncate(file, 0);
                send(a, 10);
                assertTrue(b.frontEnd().awaitClosed(TestBackend.TIMEOUT_NANOS), "still connected");
            }
            try (SimulatedGuest b = connect("b", false)) {
                long before = frames.sequence();
                send(a, 50);
                DriverReceiveQueue queue = b.receiveQueue(0);
                TestBackend.await("frames at the guest that came after", () -> {
                    queue.receive(checker, 64);
                    return checker.nextSequence(0) == before + 50;
                });
            }
        }
    }

    @Test
    void descriptorForChangesOfTheLogMustBeAnEventfd() {
        try (SimulatedGuest b = connect("b", false);
                EventFd good = EventFd.create(true, 0);
                Fd bad = Memfd.create("no-eventfd", PAGE, true)) {
            b.frontEnd().tell(VhostUserRequest.SET_LOG_FD, Payloads.nothing(), good.fd());
            try {
                b.frontEnd().tell(VhostUserRequest.SET_LOG_FD, Payloads.nothing(), bad);
                throw new AssertionError("it was accepted");
            } catch (FrontEndException refused) {
                assertEquals(FrontEndException.Reason.REFUSED, refused.reason());
            }
        }
    }
}
