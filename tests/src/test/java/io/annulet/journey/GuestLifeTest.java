package io.annulet.journey;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.guest.BackendChannel;
import io.annulet.guest.DriverTransmitQueue;
import io.annulet.guest.DriverVring;
import io.annulet.guest.FrontEndException;
import io.annulet.guest.GuestOptions;
import io.annulet.guest.GuestRam;
import io.annulet.guest.NetDriver;
import io.annulet.guest.QueueOptions;
import io.annulet.guest.RamOptions;
import io.annulet.guest.RamRegion;
import io.annulet.guest.SimulatedGuest;
import io.annulet.guest.VhostUserFrontEnd;
import io.annulet.linux.SocketAccess;
import io.annulet.linux.UnixListener;
import io.annulet.vhostuser.ProtocolFeature;
import io.annulet.vhostuser.VirtioFeature;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What guests go through: reboots, drivers that come and go, suspension, queues that are enabled and disabled, memory that is
 * plugged in and out, front-ends that die in the middle of their set-up. Frames are exchanged in between, every byte
 * checked; in the end the back-end holds what it held before. How often guests reboot is {@code annulet.reboots}.
 */
@Timeout(300)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class GuestLifeTest {

    private static final int REBOOTS = Integer.getInteger("annulet.reboots", 200);
    private static final int FRAMES = 40;
    private static final Duration LIMIT = Duration.ofSeconds(30);
    private static final long A_MAC = PacedTraffic.mac(0x11fe1);
    private static final long B_MAC = PacedTraffic.mac(0x11fe2);
    private static final long PLUGGED_ADDRESS = 0x40_0000_0000L;
    private static final long PLUGGED_BYTES = 4 << 20;

    @TempDir
    private static Path folder;

    private BackendProcess backend;

    @BeforeAll
    void startBackEnd() {
        backend = BackendProcess.start(
                folder,
                "--port",
                BackendProcess.guestPort(folder, "a"),
                "--port",
                BackendProcess.guestPort(folder, "b"),
                "--port",
                "c=vhost-user:" + folder.resolve("c.front-end") + ",mode=client");
        live(GuestOptions.DEFAULTS, (a, b) -> exchange(a, b, FRAMES));
    }

    @AfterAll
    void stopBackEnd() {
        backend.close();
    }

    private interface Life {
        void live(SimulatedGuest a, SimulatedGuest b);
    }

    /** Two guests from their attachment to their end; then the back-end holds what it held before. */
    private void live(GuestOptions options, Life life) {
        Holdings before = backend.settledHoldings(0);
        try (SimulatedGuest a = SimulatedGuest.connect(backend.socket("a"), options);
                SimulatedGuest b = SimulatedGuest.connect(backend.socket("b"), options)) {
            life.live(a, b);
        }
        Holdings.awaitSame(before, backend.pid(), LIMIT);
        backend.assertAlive();
    }

    private static void exchange(SimulatedGuest a, SimulatedGuest b, int frames) {
        // Afresh each time: a guest that began anew does not go on with the numbers of the one before.
        new PacedTraffic(a, A_MAC, b, B_MAC, PacedTraffic.WINDOW).exchange(frames, number -> 60 + number % 1459, LIMIT);
    }

    private static GuestOptions options(boolean packed) {
        return packed
                ? GuestOptions.DEFAULTS.withFeatures(GuestOptions.LINUX_FEATURES | VirtioFeature.RING_PACKED)
                : GuestOptions.DEFAULTS;
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void guestRebootsAgainAndAgain(boolean packed) {
        live(options(packed), (a, b) -> {
            for (int i = 0; i < REBOOTS / 2; i++) {
                a.reset();
                exchange(a, b, 4);
            }
        });
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void guestIsSuspendedAndGoesOnWhereItWas(boolean packed) {
        live(options(packed), (a, b) -> {
            PacedTraffic traffic = new PacedTraffic(a, A_MAC, b, B_MAC, PacedTraffic.WINDOW);
            for (int i = 0; i < 30; i++) {
                traffic.exchange(FRAMES, number -> 60 + number % 1459, LIMIT);
                a.shutdown();
                a.resume();
            }
        });
    }

    /** The driver is unloaded and loaded; its front-end stays, and frames of the other guest come meanwhile. */
    @Test
    void driverIsUnloadedAndLoadedUnderTheOthersTraffic() {
        live(GuestOptions.DEFAULTS, (a, b) -> {
            for (int i = 0; i < 30; i++) {
                sendAndForget(b, 32);
                a.reset();
                drain(a);
                exchange(a, b, 4);
            }
        });
    }

    private static void sendAndForget(SimulatedGuest from, int frames) {
        DriverTransmitQueue queue = from.transmitQueue(0);
        byte[] frame = new byte[100];
        frame[12] = (byte) 0x88;
        frame[13] = (byte) 0xb5;
        for (int i = 0; i < frames; i++) {
            queue.send(frame);
        }
        queue.flush();
    }

    private static void drain(SimulatedGuest guest) {
        guest.receiveQueue(0).receive(frame -> {}, 1_000);
    }

    @Test
    void queuesAreEnabledAndDisabledInAStorm() {
        live(GuestOptions.DEFAULTS, (a, b) -> {
            for (int i = 0; i < 500; i++) {
                sendAndForget(b, 4);
                a.frontEnd().setVringEnable(i & 1, false);
                sendAndForget(a, 4);
                a.frontEnd().setVringEnable(i & 1, true);
                drain(a);
                drain(b);
                b.transmitQueue(0).reclaim();
                a.transmitQueue(0).reclaim();
            }
            Pause.until("what was sent before is through", LIMIT, () -> {
                drain(a);
                drain(b);
                a.transmitQueue(0).reclaim();
                b.transmitQueue(0).reclaim();
                return a.transmitQueue(0).outstanding() + b.transmitQueue(0).outstanding() == 0;
            });
            drain(a);
            drain(b);
            exchange(a, b, FRAMES);
        });
    }

    /** As a DIMM that is plugged in, used, and unplugged while frames flow. */
    @Test
    void memoryIsPluggedInAndOutUnderTraffic() {
        live(GuestOptions.DEFAULTS, (a, b) -> {
            PacedTraffic traffic = new PacedTraffic(a, A_MAC, b, B_MAC, PacedTraffic.WINDOW);
            for (int i = 0; i < 30; i++) {
                RamOptions.Range range = new RamOptions.Range(PLUGGED_ADDRESS, PLUGGED_ADDRESS << 1, PLUGGED_BYTES);
                try (GuestRam plugged = GuestRam.create(
                        new RamOptions(List.of(range), RamOptions.Backing.SEALABLE_MEMFD, true, false))) {
                    RamRegion region = plugged.regions().getFirst();
                    a.frontEnd().addMemRegion(region);
                    traffic.exchange(FRAMES, number -> 60 + number % 1459, LIMIT);
                    offerFrom(a, region);
                    a.frontEnd().removeMemRegion(region);
                    traffic.exchange(FRAMES, number -> 60 + number % 1459, LIMIT);
                }
            }
        });
    }

    private static void offerFrom(SimulatedGuest guest, RamRegion region) {
        long before = guest.transmitQueue(0).usedFrames();
        assertTrue(guest.transmitQueue(0).offerPrepared(region.guestAddress() + region.byteLength() - 200, 200));
        guest.transmitQueue(0).flush();
        Pause.until("the frame from plugged memory is taken", LIMIT, () -> {
            guest.transmitQueue(0).reclaim();
            return guest.transmitQueue(0).usedFrames() > before
                    && guest.transmitQueue(0).outstanding() == 0;
        });
    }

    /** L01: the socket is cut before a message's answer is read, and after it, for each message of a set-up. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void frontEndThatDiesInItsSetUpLeavesNothingBehind(boolean readsAnswers) {
        Holdings before = backend.settledHoldings(0);
        int steps = SetUp.stepCount();
        for (int cut = 0; cut <= steps; cut++) {
            try (SetUp setUp = new SetUp(VhostUserFrontEnd.connect(backend.socket("a"), LIMIT.toNanos()))) {
                setUp.run(cut, readsAnswers);
            }
        }
        Holdings.awaitSame(before, backend.pid(), LIMIT);
        live(GuestOptions.DEFAULTS, (a, b) -> exchange(a, b, FRAMES));
    }

    @Test
    void frontEndThatListensAndDiesInItsSetUpLeavesNothingBehind() {
        Holdings before = backend.settledHoldings(0);
        try (UnixListener listener = UnixListener.listen(folder.resolve("c.front-end"), 4, SocketAccess.ofMode(0600))) {
            for (int cut = 1; cut <= SetUp.stepCount(); cut++) {
                try (SetUp setUp = new SetUp(VhostUserFrontEnd.accept(listener, LIMIT.toNanos()))) {
                    setUp.run(cut, true);
                }
            }
        }
        Holdings.awaitSame(before, backend.pid(), LIMIT);
    }

    /** A front-end's set-up message by message. */
    private static final class SetUp implements AutoCloseable {

        private final VhostUserFrontEnd frontEnd;
        private final GuestRam ram;
        private final NetDriver driver;
        private final List<AutoCloseable> channels = new ArrayList<>();

        SetUp(VhostUserFrontEnd frontEnd) {
            this.frontEnd = frontEnd;
            this.ram = GuestRam.create(RamOptions.of(NetDriver.ramByteLength(QueueOptions.DEFAULTS, 1)));
            this.driver = new NetDriver(ram, QueueOptions.DEFAULTS, 1);
            driver.start(GuestOptions.LINUX_FEATURES);
        }

        static int stepCount() {
            return steps().size();
        }

        private static List<Consumer<SetUp>> steps() {
            List<Consumer<SetUp>> steps = new ArrayList<>(List.of(
                    setUp -> setUp.frontEnd.getFeatures(),
                    setUp -> setUp.frontEnd.getProtocolFeatures(),
                    setUp -> setUp.frontEnd.setProtocolFeatures(
                            GuestOptions.QEMU_PROTOCOL_FEATURES & ~ProtocolFeature.MQ.mask()),
                    setUp -> setUp.frontEnd.setOwner(),
                    setUp -> setUp.frontEnd.getMaxMemSlots(),
                    SetUp::openChannel,
                    setUp -> setUp.frontEnd.setFeatures(
                            GuestOptions.LINUX_FEATURES & ~VirtioFeature.NET_MQ & ~VirtioFeature.NET_MTU),
                    setUp -> setUp.frontEnd.setStatus(11),
                    setUp -> setUp.ram.regions().forEach(setUp.frontEnd::addMemRegion)));
            for (int i = 0; i < 2; i++) {
                int ring = i;
                steps.add(setUp -> setUp.frontEnd.setVringNum(
                        ring, setUp.vring(ring).ring().size()));
                steps.add(setUp -> setUp.frontEnd.setVringBase(ring, 0));
                steps.add(setUp ->
                        setUp.frontEnd.setVringAddress(ring, setUp.vring(ring).ring()));
                steps.add(setUp -> setUp.frontEnd.setVringErr(
                        ring, setUp.vring(ring).errFd().fd()));
                steps.add(setUp -> setUp.frontEnd.setVringCall(
                        ring, setUp.vring(ring).callFd().fd()));
                steps.add(setUp -> setUp.frontEnd.setVringKick(
                        ring, setUp.vring(ring).kickFd().fd()));
                steps.add(setUp -> setUp.frontEnd.setVringEnable(ring, true));
            }
            steps.add(setUp -> setUp.frontEnd.setStatus(15));
            steps.add(setUp -> setUp.frontEnd.getVringBase(0));
            return steps;
        }

        private DriverVring vring(int index) {
            return driver.vrings().get(index);
        }

        private void openChannel() {
            BackendChannel channel = frontEnd.openBackendChannel();
            channels.add(channel);
        }

        /** So many steps; of the last one the answer may be left unread. */
        void run(int count, boolean readsAnswers) {
            List<Consumer<SetUp>> all = steps();
            for (int i = 0; i < count; i++) {
                if (i + 1 == count && !readsAnswers) {
                    frontEnd.replyTimeoutNanos(0);
                }
                try {
                    all.get(i).accept(this);
                } catch (FrontEndException early) {
                    assertEquals(FrontEndException.Reason.NO_REPLY, early.reason(), early::getMessage);
                }
            }
        }

        @Override
        public void close() {
            frontEnd.close();
            try {
                for (AutoCloseable channel : channels) {
                    channel.close();
                }
            } catch (Exception e) {
                throw new AssertionError(e);
            }
            driver.close();
            ram.close();
        }
    }
}
