package io.annulet.journey;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.annulet.cli.CommandFailure;
import io.annulet.cli.vm.Tools;
import io.annulet.guest.GuestOptions;
import io.annulet.guest.SimulatedGuest;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The back-end's page, as {@code annulet ctl page} shows it: who may see it, and what a browser makes of it. With
 * {@code -Dannulet.screenshots=FOLDER} there are pictures of it to look at.
 */
@Timeout(240)
final class PageTest {

    private static final Duration LIMIT = Duration.ofSeconds(90);
    private static final int FRAMES = 300;

    /** What lets it run as root, and keeps it from asking its makers' hosts. */
    private static final List<String> CHROMIUM = List.of(
            "chromium",
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--hide-scrollbars",
            "--virtual-time-budget=5000");

    @TempDir
    private Path folder;

    private BackendProcess backend;

    @BeforeEach
    void start() {
        Path reports = Path.of(System.getProperty("annulet.root", "..")).resolve("docs/studies");
        backend = BackendProcess.start(
                folder,
                "--api",
                api() + ",reports=" + reports.toAbsolutePath().normalize(),
                "--port",
                BackendProcess.guestPort(folder, "a"),
                "--port",
                BackendProcess.guestPort(folder, "b"),
                "--port",
                "c=loopback",
                "--port",
                "d=loopback",
                "--link",
                "c=d");
    }

    @AfterEach
    void end() {
        try (BackendProcess ends = backend) {
            ends.end();
        }
    }

    private Path api() {
        return folder.resolve("api.sock");
    }

    private Child page() {
        return Child.java(List.of("io.annulet.cli.Main", "ctl", "--socket", api().toString(), "page"));
    }

    private static URI address(Child page) {
        return URI.create(page.awaitLine(0, line -> line.startsWith("http://127.0.0.1:"), LIMIT));
    }

    /** The whole answer to a request. */
    private static String ask(URI page, String request, String... headers) throws IOException {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), page.getPort()));
            StringBuilder text = new StringBuilder(request).append(" HTTP/1.1\r\nconnection: close\r\n");
            List.of(headers).forEach(header -> text.append(header).append("\r\n"));
            socket.getOutputStream().write(text.append("\r\n").toString().getBytes(StandardCharsets.US_ASCII));
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private static void assertStatus(int status, String answer) {
        assertTrue(answer.startsWith("HTTP/1.1 " + status + " "), answer);
    }

    @Test
    void theAddressIsGoodForOneBrowserOnceAndThePageOnlyLooks() throws IOException {
        try (Child page = page()) {
            URI address = address(page);
            String host = "host: 127.0.0.1";
            assertStatus(403, ask(address, "GET /v1/ports", host));
            assertStatus(403, ask(address, "GET /?token=wrong", host));
            String opened = ask(address, "GET /?" + address.getRawQuery(), host);
            assertStatus(303, opened);
            assertTrue(opened.contains("HttpOnly; SameSite=Strict"), opened);
            assertStatus(403, ask(address, "GET /?" + address.getRawQuery(), host));
            Matcher cookie = Pattern.compile("set-cookie: ([^;]+)").matcher(opened);
            assertTrue(cookie.find(), opened);
            String key = "cookie: " + cookie.group(1);
            String first = ask(address, "GET /", host, key);
            assertStatus(200, first);
            assertTrue(first.contains("content-security-policy: default-src 'none'; script-src 'self';"), first);
            assertStatus(200, ask(address, "GET /v1/ports", "host: localhost:80", key));
            assertStatus(200, ask(address, "GET /reports/batching/report.html", host, key));
            assertStatus(404, ask(address, "GET /reports/batching/..%2Fcopy%2Freport.html", host, key));
            assertStatus(404, ask(address, "GET /reports/../report.html", host, key));
            assertStatus(404, ask(address, "GET /page/..%2Fopenapi.yaml", host, key));
            assertStatus(403, ask(address, "GET /v1/ports", "host: rebound.example", key));
            assertStatus(405, ask(address, "DELETE /v1/ports/a", host, key));
            assertStatus(405, ask(address, "POST /v1/captures/live", host, key, "content-length: 0"));
            backend.assertAlive();
        }
    }

    @Test
    void chromiumShowsWhatMovesAndWhyAFeatureIsOff() {
        assumeTrue(obstacle().isEmpty(), PageTest::obstacle);
        try (SimulatedGuest a = SimulatedGuest.connect(backend.socket("a"), GuestOptions.DEFAULTS);
                SimulatedGuest b = SimulatedGuest.connect(backend.socket("b"), GuestOptions.DEFAULTS)) {
            new PacedTraffic(a, PacedTraffic.mac(1), b, PacedTraffic.mac(2), PacedTraffic.WINDOW)
                    .exchange(FRAMES, number -> 100, LIMIT);
            String all = browse("1280,1400", "", "overview");
            assertShows(all, "Front-ends", "2 of 2", "Switch default", "Link c=d", "batching", "Nothing was dropped");
            assertTrue(all.matches("(?s).*aria-label=\"Port a, vhost-user, front-end attached, in [^\"]+\".*"), all);
            String port = browse("360,2000", "#/port/a", "port");
            assertShows(
                    port,
                    "Port a",
                    "started enabled",
                    "frames on average",
                    "process " + ProcessHandle.current().pid(),
                    "the port has one queue pair: say queues=N");
        }
    }

    /** Installs Chromium where that is possible; why it cannot be used, or empty. */
    private static String obstacle() {
        try {
            Tools.install(line -> {}, "chromium");
            return "";
        } catch (CommandFailure e) {
            return e.getMessage() + ": " + e.remedy();
        }
    }

    /** What a browser has made of the page after some looks. */
    private String browse(String window, String where, String name) {
        String screenshots = System.getProperty("annulet.screenshots", "");
        if (!screenshots.isEmpty()) {
            chromium(
                    window,
                    where,
                    "--screenshot=" + Path.of(screenshots, name + ".png").toAbsolutePath());
        }
        String dom = chromium(window, where, "--dump-dom");
        assertTrue(dom.contains("class=\"live\""), dom);
        assertFalse(dom.contains("undefined") || dom.contains("NaN"), dom);
        return dom;
    }

    private String chromium(String window, String where, String what) {
        try (Child page = page()) {
            List<String> command = new ArrayList<>(CHROMIUM);
            command.addAll(List.of("--user-data-dir=" + folder.resolve("browser"), "--window-size=" + window, what));
            command.add(address(page) + where);
            try (Child browser = Child.run(command)) {
                assertEquals(0, browser.awaitEnd(LIMIT), browser::text);
                return browser.text();
            }
        }
    }

    private static void assertShows(String dom, String... words) {
        for (String word : words) {
            assertTrue(dom.contains(word), () -> "no '" + word + "' in\n" + dom);
        }
    }
}
