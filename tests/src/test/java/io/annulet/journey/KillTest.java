package io.annulet.journey;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.guest.GuestOptions;
import io.annulet.guest.SimulatedGuest;
import io.annulet.vhostuser.ProtocolFeature;
import io.annulet.vhostuser.VirtioFeature;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The back-end is killed under traffic, again and again, and started with the same arguments: the guests go on. How often
 * is {@code annulet.kills}, 100 unless set.
 */
@Tag("slow")
@Timeout(3600)
final class KillTest {

    private static final int KILLS = Integer.getInteger("annulet.kills", 100);
    private static final long SEED = Long.getLong("annulet.seed", 9);

    /** Frames of one burst: what may be lost of a queue. */
    private static final int BATCH = 64;

    private static final Duration LIMIT = Duration.ofSeconds(60);

    @TempDir
    private Path folder;

    private final List<Double> recoverySeconds = new ArrayList<>();
    private final Random random = new Random(SEED);
    private long lost;
    private long mostLost;
    private long frames;

    @Test
    void L08_guestsWithSplitRingsGoOnWithTheBackEndThatComesAfter() {
        killAndRestart("split rings", KILLS / 2, GuestOptions.DEFAULTS);
    }

    /** QEMU does not know how far a packed ring was worked; the back-end's own record does. */
    @Test
    void L08_guestsWithPackedRingsGoOnThoughTheFrontEndDoesNotKnowWhere() {
        GuestOptions packed =
                GuestOptions.DEFAULTS.withFeatures(GuestOptions.LINUX_FEATURES | VirtioFeature.RING_PACKED);
        killAndRestart("packed rings", KILLS - KILLS / 2, packed);
    }

    private static GuestOptions withInflight(long features) {
        return GuestOptions.DEFAULTS
                .withFeatures(GuestOptions.LINUX_FEATURES | features)
                .withProtocolFeatures(GuestOptions.QEMU_PROTOCOL_FEATURES | ProtocolFeature.INFLIGHT_SHMFD.mask());
    }

    /** The back-end keeps nothing: the front-ends keep its notes of what it has taken. */
    @Test
    void K09_guestsWithSplitRingsGoOnByTheNotesThatTheirFrontEndsKeep() {
        InstalledBackend backend = InstalledBackend.withoutState(folder, "a", "b");
        killAndRestart("split rings with in-flight memory", KILLS / 4, withInflight(0), backend);
    }

    @Test
    void K09_soTheyDoWithPackedRings() {
        InstalledBackend backend = InstalledBackend.withoutState(folder, "a", "b");
        killAndRestart(
                "packed rings with in-flight memory", KILLS / 4, withInflight(VirtioFeature.RING_PACKED), backend);
    }

    /** Both kinds of notes at once. */
    @Test
    void K09_theBackEndsOwnRecordsAndTheNotesThatFrontEndsKeepDoNotContradictEachOther() {
        InstalledBackend backend = new InstalledBackend(folder, "a", "b");
        killAndRestart(
                "packed rings with records and in-flight memory",
                KILLS / 10,
                withInflight(VirtioFeature.RING_PACKED),
                backend);
    }

    private void killAndRestart(String what, int kills, GuestOptions options) {
        killAndRestart(what, kills, options, new InstalledBackend(folder, "a", "b"));
    }

    private void killAndRestart(String what, int kills, GuestOptions options, InstalledBackend backend) {
        try (SimulatedGuest a = startAndConnect(backend, options);
                SimulatedGuest b = SimulatedGuest.connect(backend.socket("b"), options)) {
            RestartTraffic traffic = new RestartTraffic(a, b);
            traffic.run(1_000);
            traffic.settle();
            for (int kill = 0; kill < kills; kill++) {
                killOnce(backend, a, b, traffic);
            }
            frames = traffic.received();
            Holdings.awaitSame(backend.settledHoldings(2), backend.pid(), LIMIT);
        } finally {
            backend.close();
        }
        report(what, kills);
    }

    private static SimulatedGuest startAndConnect(InstalledBackend backend, GuestOptions options) {
        backend.start();
        return SimulatedGuest.connect(backend.socket("a"), options);
    }

    private void killOnce(InstalledBackend backend, SimulatedGuest a, SimulatedGuest b, RestartTraffic traffic) {
        traffic.run(200);
        Thread killer = killSoon(backend);
        while (killer.isAlive()) {
            traffic.step();
        }
        long killedNanos = System.nanoTime();
        backend.start();
        a.reconnectWithoutPackedBases(backend.socket("a"));
        b.reconnectWithoutPackedBases(backend.socket("b"));
        traffic.run(1);
        recoverySeconds.add((System.nanoTime() - killedNanos) / 1e9);
        for (long ofQueue : traffic.settle()) {
            assertTrue(ofQueue <= BATCH, () -> ofQueue + " frames lost of one queue: " + traffic);
            lost += ofQueue;
            mostLost = Math.max(mostLost, ofQueue);
        }
    }

    /** After a while of its own, so that the kill comes at any point of the back-end's work. */
    private Thread killSoon(InstalledBackend backend) {
        long delayNanos = 1_000_000 + random.nextLong(20_000_000);
        return Thread.ofPlatform().start(() -> {
            LockSupport.parkNanos(delayNanos);
            backend.kill();
        });
    }

    private void report(String what, int kills) {
        Collections.sort(recoverySeconds);
        System.out.println(String.format(
                Locale.ROOT,
                "%s, %d kills, seed %d: kill -9 to the first frames both ways p50 %.2f s, max %.2f s; of %d frames"
                        + " lost %d, at most %d of a queue in one kill; duplicates 0",
                what,
                kills,
                SEED,
                recoverySeconds.get(recoverySeconds.size() / 2),
                recoverySeconds.getLast(),
                frames,
                lost,
                mostLost));
        assertEquals(kills, recoverySeconds.size());
    }
}
