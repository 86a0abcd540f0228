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
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A Linux guest moves in post-copy mode under traffic, from QEMU to QEMU and from back-end to back-end, to and fro: it runs
 * at the other end, and its network too, before most of its memory is there. Both back-ends have a tap each, and a bridge of
 * the host joins them. How often is {@code annulet.postcopies}, 4 unless set.
 */
@Tag("slow")
@Tag("root")
@Timeout(1800)
final class PostcopyMigrationTest {

    private static final int MIGRATIONS = Integer.getInteger("annulet.postcopies", 4);
    private static final Duration LIMIT = Duration.ofMinutes(3);
    private static final String ADDRESS = "198.18.13.1";
    private static final String HOST = "198.18.13.254";
    private static final String MAC = "52:54:00:00:0d:01";
    private static final int FILE_BYTES = 4 << 20;
    private static final String POSTCOPY = "{\"capabilities\": [{\"capability\": \"postcopy-ram\", \"state\": true}]}";
    private static final Pattern REQUESTS = Pattern.compile("\"postcopy-requests\": (\\d+)");
    private static final Pattern LOOKED_FOR = Pattern.compile("pages looked for before: (\\d+)");
    private static final Pattern DOWNTIME = Pattern.compile("\"downtime\": (\\d+)");

    @TempDir
    private Path folder;

    private final List<String> told = new ArrayList<>();
    private final List<Integer> lookedFor = new ArrayList<>();

    @Test
    void guestMovesToAndFroBeforeItsMemory() throws IOException {
        String obstacle = TwoGuests.obstacle().orElse("");
        assumeTrue(obstacle.isEmpty(), obstacle);
        GuestImage image = GuestImage.build(line -> {});
        try (Namespace host = Namespace.create();
                BackendProcess one = startBackend("one", host);
                BackendProcess two = startBackend("two", host)) {
            QemuGuest guest = QemuGuest.start(options(image, "p0", one));
            try {
                guest.awaitReady(QemuGuest.BOOT_LIMIT);
                guest.mustRun("dd if=/dev/urandom of=/tmp/sent bs=1M count=4 2>&1", LIMIT);
                guest.mustRun("httpd -p 8080 -h /tmp", LIMIT);
                String sum = sum(guest);
                assertEquals(sum, endOf(fetch(host)));
                for (int i = 1; i <= MIGRATIONS; i++) {
                    guest = migrate(guest, options(image, "p" + i, i % 2 == 1 ? two : one), host, sum);
                }
                for (BackendProcess backend : List.of(one, two)) {
                    Matcher looked = LOOKED_FOR.matcher(backend.log());
                    while (looked.find()) {
                        lookedFor.add(Integer.parseInt(looked.group(1)));
                    }
                    assertEquals(0, backend.counter("guest", "rings.broken"));
                    assertEquals(0, backend.counter("guest", "in.dropped.bad-chain"));
                }
            } finally {
                guest.close();
            }
        }
        assertEquals(MIGRATIONS, lookedFor.size(), "arrivals that the back-ends tell of");
        assertTrue(lookedFor.stream().allMatch(pages -> pages > 0), () -> "pages looked for: " + lookedFor);
        System.out.println(MIGRATIONS + " migrations by post-copy under traffic, every file whole: " + told
                + "; pages that the back-ends looked for: " + lookedFor);
    }

    private BackendProcess startBackend(String name, Namespace host) throws IOException {
        Path its = Files.createDirectory(folder.resolve(name));
        String tap = "anp" + ProcessHandle.current().pid() % 100_000 + name;
        BackendProcess backend = BackendProcess.start(
                its, "--port", BackendProcess.guestPort(its, "guest", "postcopy=on"), "--port", "host=tap:" + tap);
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

    private static String sum(QemuGuest guest) {
        return guest.mustRun("sha256sum /tmp/sent", LIMIT).split(" ", 2)[0];
    }

    private static String status(QemuGuest guest) {
        return guest.qmp("query-migrate", "");
    }

    private static void awaitStatus(QemuGuest guest, String status) {
        Pause.until("the migration is " + status, LIMIT, () -> {
            String now = status(guest);
            assertTrue(!now.contains("\"failed\"") && !now.contains("\"postcopy-paused\""), now);
            return now.contains("\"" + status + "\"");
        });
    }

    /** Little comes before, so that most memory is fetched by who touches it, and not much faster behind. */
    private QemuGuest migrate(QemuGuest from, QemuOptions to, Namespace host, String sum) {
        Path channel = folder.resolve(to.name() + ".migration");
        QemuGuest arriving = QemuGuest.start(to.withExtraArguments("-incoming", "defer"));
        boolean arrived = false;
        try {
            arriving.qmp("migrate-set-capabilities", POSTCOPY);
            arriving.qmp("migrate-incoming", "{\"uri\": \"unix:" + channel + "\"}");
            Pause.until("QEMU waits for the guest", LIMIT, () -> Files.exists(channel));
            List<Child> fetches = List.of(fetch(host), fetch(host));
            from.qmp("migrate-set-capabilities", POSTCOPY);
            from.qmp("migrate-set-parameters", "{\"max-bandwidth\": 1000000, \"max-postcopy-bandwidth\": 16000000}");
            from.qmp("migrate", "{\"uri\": \"unix:" + channel + "\"}");
            awaitStatus(from, "active");
            from.qmp("migrate-start-postcopy", "");
            awaitStatus(from, "completed");
            note(status(from));
            from.close();
            fetches.forEach(fetch -> assertEquals(sum, endOf(fetch), "fetched while the guest moved"));
            assertEquals(sum, sum(arriving));
            assertEquals(sum, endOf(fetch(host)), "fetched after it moved");
            arrived = true;
            return arriving;
        } finally {
            if (!arrived) {
                arriving.close();
            }
        }
    }

    private void note(String status) {
        Matcher requests = REQUESTS.matcher(status);
        Matcher downtime = DOWNTIME.matcher(status);
        assertTrue(requests.find() && downtime.find(), status);
        assertTrue(Integer.parseInt(requests.group(1)) > 0, "nobody asked for a page: " + status);
        told.add(requests.group(1) + " pages asked for, " + downtime.group(1) + " ms down");
    }
}
