package io.annulet.interop;

import static io.annulet.interop.TwoGuests.A;
import static io.annulet.interop.TwoGuests.B;
import static io.annulet.interop.TwoGuests.HOST;
import static io.annulet.interop.TwoGuests.TAP;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.annulet.cli.vm.QemuGuest;
import io.annulet.journey.BackendProcess;
import io.annulet.journey.Child;
import io.annulet.journey.Namespace;
import io.annulet.journey.Pause;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Two Linux guests under QEMU and the host on a running back-end. Booting takes most of the time, so the tests share the
 * guests and come in an order.
 */
@Tag("slow")
@Tag("root")
@Timeout(900)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
final class QemuGuestsTest {

    private static final Duration LIMIT = Duration.ofMinutes(2);
    private static final Duration IDLE_TIME = Duration.ofSeconds(10);
    private static final double IDLE_SHARE = 0.01;
    private static final int IDLE_TRIES = 3;

    private static final Pattern RATE = Pattern.compile("(\\d+(?:\\.\\d+)?) Kbits/sec .*receiver");

    @TempDir
    private static Path folder;

    private String obstacle = "";
    private @Nullable TwoGuests guests;

    @BeforeAll
    void startGuestsAndThenTheBackEnd() {
        obstacle = TwoGuests.obstacle().orElse("");
        if (obstacle.isEmpty()) {
            guests = TwoGuests.start(folder);
        }
    }

    /** Before each test, because a class that is skipped as a whole is missing from the counts. */
    @BeforeEach
    void skipWithoutGuests() {
        assumeTrue(obstacle.isEmpty(), obstacle);
    }

    @AfterAll
    void end() {
        if (guests != null) {
            guests.close();
        }
    }

    private TwoGuests guests() {
        return Objects.requireNonNull(guests);
    }

    private QemuGuest a() {
        return guests().a();
    }

    private QemuGuest b() {
        return guests().b();
    }

    private BackendProcess backend() {
        return guests().backend();
    }

    private Namespace host() {
        return guests().host();
    }

    @Test
    @Order(1)
    void guestsThatWereThereBeforeTheBackEndReachEachOther() {
        ping(a(), B);
        ping(b(), A);
        ping(a(), B, "-s", "20000");
    }

    @Test
    @Order(2)
    void tcpRunsBetweenTheGuestsBothWays() {
        serveIperf(b());
        report("TCP from a to b", rate(a().mustRun("iperf3 -f k -t 2 -c " + B, LIMIT)));
        report("TCP from b to a", rate(a().mustRun("iperf3 -f k -t 2 -R -c " + B, LIMIT)));
        stopIperf(b());
        for (String port : new String[] {"a", "b"}) {
            assertTrue(backend().counter(port, "offload.crossed") > 0, "large segments cross to " + port);
            assertEquals(0, backend().counter(port, "offload.segmented"), "segments that had to be cut for " + port);
            assertEquals(
                    backend().counter(port, "out.bytes"),
                    backend().counter(port, "copied.bytes"),
                    "every byte to " + port + " is copied once");
        }
    }

    @Test
    @Order(3)
    void transmitOffloadsAreToggledWhileTrafficRuns() {
        serveIperf(b());
        String toggled =
                "for f in tso gso tx sg tso; do ethtool -K eth0 $f off; sleep 0.4; ethtool -K eth0 $f on; sleep 0.4; "
                        + "ethtool -K eth0 tx on sg on tso on gso on; done";
        a().mustRun("iperf3 -f k -t 8 -c " + B + " >/tmp/toggled 2>&1 & " + toggled + " && wait", LIMIT);
        report("TCP from a to b while offloads are toggled", rate(a().mustRun("cat /tmp/toggled", LIMIT)));
        stopIperf(b());
    }

    @Test
    @Order(4)
    void fileArrivesAsItWasSent() {
        send(a(), b(), A);
        send(b(), a(), B);
    }

    private static void send(QemuGuest from, QemuGuest to, String address) {
        from.mustRun("dd if=/dev/urandom of=/tmp/sent bs=1M count=4 2>&1", LIMIT);
        from.mustRun("httpd -p 8080 -h /tmp", LIMIT);
        to.mustRun("wget -q -O /tmp/received http://" + address + ":8080/sent", LIMIT);
        from.mustRun("killall httpd", LIMIT);
        assertEquals(sum(from, "/tmp/sent"), sum(to, "/tmp/received"));
    }

    private static String sum(QemuGuest guest, String file) {
        return guest.mustRun("sha256sum " + file, LIMIT).split(" ", 2)[0];
    }

    @Test
    @Order(5)
    void guestsAndTheHostReachEachOtherThroughTheTap() {
        pingFromHost(A);
        pingFromHost(B);
        ping(a(), HOST);
        serveIperf(a());
        report("TCP from host to a", rate(host().run("iperf3", "-f", "k", "-t", "2", "-c", A)));
        report("TCP from a to host", rate(host().run("iperf3", "-f", "k", "-t", "2", "-R", "-c", A)));
        stopIperf(a());
    }

    /** Processor time, which other processes on a busy machine do not change. */
    @Test
    @Order(6)
    void backEndOfTwoIdleGuestsUsesUnderOneHundredthOfAProcessor() throws IOException {
        double share = 1;
        for (int i = 0; i < IDLE_TRIES && share >= IDLE_SHARE; i++) {
            share = processorShare(backend().pid());
            report("back-end with two idle guests, percent of a processor", 100 * share);
        }
        assertTrue(share < IDLE_SHARE, "busy with nothing");
    }

    private static double processorShare(long pid) throws IOException {
        long ticks = processorTicks(pid);
        long beganNanos = System.nanoTime();
        Duration enough = IDLE_TIME;
        Pause.until(
                "the end of the idle time",
                enough.multipliedBy(2),
                () -> System.nanoTime() - beganNanos > enough.toNanos());
        double seconds = (System.nanoTime() - beganNanos) / 1e9;
        return (processorTicks(pid) - ticks) / 100.0 / seconds;
    }

    /** User and system time in hundredths of a second: fields 14 and 15 of proc(5), stat; the name may hold blanks. */
    private static long processorTicks(long pid) throws IOException {
        String stat = Files.readString(Path.of("/proc/" + pid + "/stat"));
        String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
        return Long.parseLong(fields[11]) + Long.parseLong(fields[12]);
    }

    @Test
    @Order(7)
    void guestsComeBackAfterAReboot() {
        a().reboot();
        b().reset();
        guests().awaitBoth();
        ping(a(), B);
        ping(b(), A);
    }

    @Test
    @Order(8)
    void guestsGoOnWithABackEndThatCameAnew() {
        guests().replaceBackend();
        awaitAnswer(a(), B);
        ping(a(), B);
        ping(b(), A);
        pingFromHost(A);
    }

    @Test
    @Order(9)
    void deathOfOneQemuDoesNotDisturbTheOtherGuest() {
        serveIperf(a());
        try (Child client = host().start("iperf3", "--forceflush", "-f", "k", "-t", "4", "-c", A)) {
            client.awaitLine(0, line -> line.contains("Kbits/sec"), LIMIT);
            b().kill();
            assertEquals(0, client.awaitEnd(LIMIT), client::text);
            report("TCP from host to a while b dies", rate(client.text()));
        }
        stopIperf(a());
        backend().assertAlive();
        ping(a(), HOST);
    }

    @Test
    @Order(10)
    void newQemusAtTheSameSocketsReachEachOther() {
        guests().replaceGuests();
        ping(a(), B);
        ping(b(), A);
        pingFromHost(B);
    }

    @Test
    @Order(11)
    void nothingBrokeAndNothingStays() {
        for (String port : new String[] {"a", "b"}) {
            assertEquals(0, backend().counter(port, "rings.broken"), "broken rings of " + port);
            assertEquals(0, backend().counter(port, "in.dropped.bad-chain"), "bad chains of " + port);
            assertEquals(0, backend().counter(port, "in.dropped.bad-header"), "bad headers of " + port);
        }
        backend().end();
        assertTrue(!host().run("ip", "link").contains(TAP), "the tap is still there");
    }

    private static void ping(QemuGuest from, String address, String... options) {
        String command = "ping -c 5 -i 0.2 " + String.join(" ", options) + " " + address;
        String said = from.mustRun(command, LIMIT);
        assertTrue(said.contains("5 packets received"), said);
    }

    /** Waits until both front-ends have found the back-end again. */
    private static void awaitAnswer(QemuGuest from, String address) {
        from.mustRun("until ping -c 1 -W 1 " + address + " >/dev/null 2>&1; do sleep 0.2; done", LIMIT);
    }

    private void pingFromHost(String address) {
        String said = host().run("ping", "-c", "5", "-i", "0.2", "-W", "10", address);
        assertTrue(said.contains("5 received"), said);
    }

    private static void serveIperf(QemuGuest guest) {
        guest.mustRun("iperf3 -s >/tmp/iperf3.log 2>&1 &", LIMIT);
        guest.mustRun("until grep -q ':1451 .* 0A ' /proc/net/tcp /proc/net/tcp6; do sleep 0.1; done", LIMIT);
    }

    private static void stopIperf(QemuGuest guest) {
        guest.mustRun("killall iperf3", LIMIT);
        guest.mustRun("while pidof iperf3 >/dev/null; do sleep 0.1; done", LIMIT);
    }

    /** What iperf3 -f k measured, in Mbit/s. */
    private static double rate(String said) {
        Matcher rate = RATE.matcher(said);
        assertTrue(rate.find(), said);
        double megabits = Double.parseDouble(rate.group(1)) / 1_000;
        assertTrue(megabits > 1, said);
        return megabits;
    }

    private static void report(String what, double value) {
        System.out.println(String.format(Locale.ROOT, "%s: %.2f", what, value));
    }
}
