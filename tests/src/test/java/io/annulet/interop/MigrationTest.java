package io.annulet.interop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.annulet.cli.vm.GuestImage;
import io.annulet.cli.vm.QemuGuest;
import io.annulet.cli.vm.QemuNic;
import io.annulet.cli.vm.QemuOptions;
import io.annulet.journey.BackendProcess;
import io.annulet.journey.Child;
import io.annulet.journey.Namespace;
import io.annulet.journey.Pause;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A Linux guest moves under traffic from QEMU to QEMU and from back-end to back-end, to and fro. Both back-ends have a tap
 * each, and a bridge of the host joins them. How often is {@code annulet.migrations}, 10 unless set.
 */
@Tag("slow")
@Tag("root")
@Timeout(1800)
final class MigrationTest {

    private static final int MIGRATIONS = Integer.getInteger("annulet.migrations", 10);
    private static final Duration LIMIT = Duration.ofMinutes(2);
    private static final String ADDRESS = "198.18.7.1";
    private static final String HOST = "198.18.7.254";
    private static final String MAC = "52:54:00:00:07:01";
    private static final int FILE_BYTES = 4 << 20;
    private static final Pattern DOWNTIME = Pattern.compile("\"downtime\": (\\d+)");

    @TempDir
    private Path folder;

    private final List<Integer> downtimesMillis = new ArrayList<>();

    @Test
    void guestMovesToAndFroUnderTraffic() throws IOException {
        String obstacle = TwoGuests.obstacle().orElse("");
        assumeTrue(obstacle.isEmpty(), obstacle);
        GuestImage image = GuestImage.build(line -> {});
        try (Namespace host = Namespace.create();
                BackendProcess one = startBackend("one", host);
                BackendProcess two = startBackend("two", host)) {
            QemuGuest guest = QemuGuest.start(options(image, "m0", one));
            try {
                guest.awaitReady(QemuGuest.BOOT_LIMIT);
                guest.mustRun("dd if=/dev/urandom of=/tmp/sent bs=1M count=4 2>&1", LIMIT);
                guest.mustRun("httpd -p 8080 -h /tmp", LIMIT);
                String sum = guest.mustRun("sha256sum /tmp/sent", LIMIT).split(" ", 2)[0];
                assertEquals(sum, endOf(fetch(host)));
                cancelOnce(guest, one, host, sum);
                for (int i = 1; i <= MIGRATIONS; i++) {
                    guest = migrate(guest, options(image, "m" + i, i % 2 == 1 ? two : one), host, sum);
                }
                for (BackendProcess backend : List.of(one, two)) {
                    assertEquals(0, backend.counter("guest", "rings.broken"));
                    assertEquals(0, backend.counter("guest", "in.dropped.bad-chain"));
                }
            } finally {
                guest.close();
            }
        }
        Collections.sort(downtimesMillis);
        System.out.println(MIGRATIONS + " migrations under traffic, every file whole: downtime by QEMU's count p50 "
                + downtimesMillis.get(downtimesMillis.size() / 2) + " ms, max " + downtimesMillis.getLast() + " ms");
    }

    private BackendProcess startBackend(String name, Namespace host) throws IOException {
        Path its = Files.createDirectory(folder.resolve(name));
        String tap = "ann" + ProcessHandle.current().pid() % 100_000 + name;
        BackendProcess backend = BackendProcess.start(
                its, "--port", BackendProcess.guestPort(its, "guest"), "--port", "host=tap:" + tap);
        if (name.equals("one")) {
            host.run("ip", "link", "add", "migrate0", "type", "bridge");
            host.run("ip", "address", "add", HOST + "/24", "dev", "migrate0");
            host.run("ip", "link", "set", "migrate0", "up");
        }
        host.take(tap, "0.0.0.0/0");
        host.run("ip", "link", "set", tap, "master", "migrate0");
        return backend;
    }

    private QemuOptions options(GuestImage image, String name, BackendProcess backend) {
        return QemuOptions.of(name, image, folder)
                .withMemoryMib(128)
                .with(QemuNic.on(backend.socket("guest"), MAC))
                .withKernelOptions("guest.address=" + ADDRESS + "/24");
    }

    /** Fetches the guest's file; its last word is the sum. */
    private static Child fetch(Namespace host) {
        return host.start(
                "bash",
                "-c",
                "exec 3<>/dev/tcp/" + ADDRESS + "/8080; printf 'GET /sent HTTP/1.0\\r\\n\\r\\n' >&3; tail -c "
                        + FILE_BYTES + " <&3 | sha256sum");
    }

    private static String endOf(Child fetch) {
        try (fetch) {
            assertEquals(0, fetch.awaitEnd(LIMIT), fetch::text);
            return fetch.text().split(" ", 2)[0];
        }
    }

    /** Has it move so slowly that there is time to call it off; it stays and notices nothing. */
    private static void cancelOnce(QemuGuest guest, BackendProcess backend, Namespace host, String sum) {
        guest.qmp("migrate-set-parameters", "{\"max-bandwidth\": 65536}");
        guest.qmp("migrate", "{\"uri\": \"exec:cat >/dev/null\"}");
        Child fetch = fetch(host);
        Pause.until("the migration is under way", LIMIT, () -> status(guest).contains("\"active\""));
        assertEquals(sum, endOf(fetch), "fetched while pages are logged");
        guest.qmp("migrate_cancel", "");
        Pause.until("the migration is called off", LIMIT, () -> status(guest).contains("\"cancelled\""));
        assertEquals(sum, endOf(fetch(host)), "fetched after it stayed");
        assertEquals(0, backend.counter("guest", "rings.broken"));
    }

    private static String status(QemuGuest guest) {
        return guest.qmp("query-migrate", "");
    }

    private QemuGuest migrate(QemuGuest from, QemuOptions to, Namespace host, String sum) {
        Path channel = folder.resolve(to.name() + ".migration");
        QemuGuest arriving = QemuGuest.start(to.withExtraArguments("-incoming", "unix:" + channel));
        boolean arrived = false;
        try {
            Pause.until("QEMU waits for the guest", LIMIT, () -> Files.exists(channel));
            List<Child> fetches = List.of(fetch(host), fetch(host));
            from.qmp("migrate-set-parameters", "{\"max-bandwidth\": 1000000000}");
            from.qmp("migrate", "{\"uri\": \"unix:" + channel + "\"}");
            Pause.until("the guest has moved", LIMIT, () -> {
                String status = status(from);
                assertTrue(!status.contains("\"failed\""), status);
                return status.contains("\"completed\"");
            });
            Matcher downtime = DOWNTIME.matcher(status(from));
            assertTrue(downtime.find(), "QEMU tells the downtime");
            downtimesMillis.add(Integer.parseInt(downtime.group(1)));
            from.close();
            fetches.forEach(fetch -> assertEquals(sum, endOf(fetch), "fetched while the guest moved"));
            assertEquals(sum, arriving.mustRun("sha256sum /tmp/sent", LIMIT).split(" ", 2)[0]);
            arrived = true;
            return arriving;
        } finally {
            if (!arrived) {
                arriving.close();
            }
        }
    }
}
