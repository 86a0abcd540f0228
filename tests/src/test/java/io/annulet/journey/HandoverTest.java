package io.annulet.journey;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.guest.GuestOptions;
import io.annulet.guest.InflightArea;
import io.annulet.guest.InflightNotes;
import io.annulet.guest.SimulatedGuest;
import io.annulet.memory.HostMemory;
import io.annulet.vhostuser.ProtocolFeature;
import io.annulet.vhostuser.VirtioFeature;
import io.annulet.vring.SplitRing;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * One back-end process takes over from another under traffic, again and again, and the guests notice a pause, nothing else.
 * How often is {@code annulet.handovers}, 4 unless set.
 */
@Tag("slow")
@Timeout(1800)
final class HandoverTest {

    private static final int HANDOVERS = Integer.getInteger("annulet.handovers", 4);
    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final Pattern PAUSE = Pattern.compile(".*took over .*, pause ([0-9.]+) ms");

    @TempDir
    private Path folder;

    private final List<Double> pausesMillis = new ArrayList<>();

    @Test
    void guestsWithSplitRingsLoseNothing() {
        handOver("split rings", HANDOVERS / 2, GuestOptions.DEFAULTS);
    }

    @Test
    void guestsWithPackedRingsLoseNothing() {
        GuestOptions packed =
                GuestOptions.DEFAULTS.withFeatures(GuestOptions.LINUX_FEATURES | VirtioFeature.RING_PACKED);
        handOver("packed rings", HANDOVERS - HANDOVERS / 2, packed);
    }

    /** What the front-end keeps of the chains in flight goes along, and is kept on. */
    @Test
    void guestsWithInFlightMemoryLoseNothing() {
        GuestOptions noting = GuestOptions.DEFAULTS.withProtocolFeatures(
                GuestOptions.QEMU_PROTOCOL_FEATURES | ProtocolFeature.INFLIGHT_SHMFD.mask());
        handOver("split rings with in-flight memory", Math.max(HANDOVERS / 2, 1), noting);
    }

    private static void assertNotesAreKept(SimulatedGuest guest) {
        InflightArea area = guest.inflight();
        if (area != null) {
            try (InflightNotes notes = InflightNotes.map(area)) {
                assertEquals(1, notes.version(1));
                assertEquals(0, notes.inFlight(1));
                SplitRing ring = (SplitRing) guest.driver().vrings().get(1).layout();
                assertEquals(HostMemory.loadShort(ring.usedIndexAddress()), notes.usedIndex(1));
            }
        }
    }

    private void handOver(String what, int times, GuestOptions options) {
        InstalledBackend backend = new InstalledBackend(folder, "a", "b");
        backend.start();
        try (SimulatedGuest a = SimulatedGuest.connect(backend.socket("a"), options);
                SimulatedGuest b = SimulatedGuest.connect(backend.socket("b"), options)) {
            RestartTraffic traffic = new RestartTraffic(a, b);
            traffic.run(1_000);
            handOverOnce(backend, traffic);
            Holdings holdings = backend.settledHoldings(2);
            for (int i = 1; i < times; i++) {
                handOverOnce(backend, traffic);
            }
            for (long lost : traffic.settle()) {
                assertEquals(0, lost, traffic::toString);
            }
            assertNotesAreKept(a);
            assertNotesAreKept(b);
            report(what, traffic);
            Holdings.awaitSame(holdings, backend.pid(), LIMIT);
        } finally {
            backend.close();
        }
    }

    private void handOverOnce(InstalledBackend backend, RestartTraffic traffic) {
        Child before = backend.child();
        Child next = backend.launch("--takeover");
        boolean serves = false;
        try {
            while (!next.text().contains("ready") && next.isAlive()) {
                traffic.step();
            }
            assertTrue(next.isAlive(), () -> next.text() + "\nthe process before it:\n" + before.text());
            Matcher pause =
                    PAUSE.matcher(next.awaitLine(0, line -> PAUSE.matcher(line).matches(), LIMIT));
            assertTrue(pause.matches());
            pausesMillis.add(Double.parseDouble(pause.group(1)));
            traffic.run(200);
            assertEquals(0, before.awaitEnd(LIMIT), before::text);
            backend.replaceWith(next);
            serves = true;
            traffic.run(200);
            traffic.assertNothingWrong();
        } finally {
            if (!serves) {
                next.close();
            }
        }
    }

    private void report(String what, RestartTraffic traffic) {
        Collections.sort(pausesMillis);
        System.out.println(String.format(
                Locale.ROOT,
                "%s, %d hand-overs: pause p50 %.1f ms, max %.1f ms; of %d frames lost 0, duplicates 0",
                what,
                pausesMillis.size(),
                pausesMillis.get(pausesMillis.size() / 2),
                pausesMillis.getLast(),
                traffic.received()));
    }
}
