package io.annulet.journey;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.annulet.cli.ctl.ApiClient;
import io.annulet.linux.Privileges;
import io.netty.handler.codec.http.HttpMethod;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Callers of the API that mean harm or know no better: each is answered or cut off, and the back-end goes on. */
@Timeout(120)
final class ControlApiCasesTest {

    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final int MEBIBYTE = 1024 * 1024;
    private static final int MOST_CONNECTIONS = 64;
    private static final String NOBODY = "65534";

    @TempDir
    private Path folder;

    private BackendProcess backend;

    @BeforeEach
    void start() throws IOException {
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
        backend = BackendProcess.start(
                folder,
                "--api",
                api() + ",perm=0666,read=all,change=root",
                "--port",
                "a=loopback",
                "--port",
                "b=loopback");
    }

    /** Whatever was done, nothing has changed and the back-end ends as it should. */
    @AfterEach
    void nothingHasChanged() throws IOException {
        try (BackendProcess ends = backend) {
            assertEquals(
                    List.of("a", "b"),
                    client().json(HttpMethod.GET, "/v1/ports", null)
                            .path("ports")
                            .findValuesAsText("name"));
            assertTrue(!ends.log().contains("control API: ") || !ends.log().contains("failed"), ends::log);
            ends.end();
        }
    }

    private Path api() {
        return folder.resolve("api.sock");
    }

    private ApiClient client() {
        return new ApiClient(api(), LIMIT);
    }

    private SocketChannel connect() throws IOException {
        SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        channel.connect(UnixDomainSocketAddress.of(api()));
        return channel;
    }

    /** Sends bytes and reads until the other side closes, or has sent so many. */
    private static String talk(SocketChannel channel, byte[] bytes, int enough) throws IOException {
        ByteBuffer out = ByteBuffer.wrap(bytes);
        try {
            while (out.hasRemaining()) {
                channel.write(out);
            }
        } catch (IOException closedAlready) {
            assertTrue(out.position() > 0, closedAlready::toString);
        }
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        ByteBuffer in = ByteBuffer.allocate(64 * 1024);
        try {
            while (all.size() < enough && channel.read(in.clear()) >= 0) {
                all.write(in.array(), 0, in.position());
            }
        } catch (IOException reset) {
            all.write(reset.toString().getBytes(UTF_8));
        }
        return all.toString(ISO_8859_1);
    }

    private String talk(String text) throws IOException {
        try (SocketChannel channel = connect()) {
            return talk(channel, text.getBytes(ISO_8859_1), Integer.MAX_VALUE);
        }
    }

    private void assertStatus(int status, String answer) {
        assertTrue(answer.startsWith("HTTP/1.1 " + status + " "), answer);
    }

    private static String put(String path, String body) {
        return "PUT " + path + " HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: " + body.length()
                + "\r\n\r\n" + body;
    }

    @Test
    void whatIsNoRequestOrTooLargeIsRefusedAndTheConnectionClosed() throws IOException {
        assertStatus(400, talk("no such thing\r\n\r\n"));
        assertStatus(400, talk("GET /" + "x".repeat(5_000) + " HTTP/1.1\r\n\r\n"));
        assertStatus(400, talk("GET /v1/ports HTTP/1.1\r\nx: " + "x".repeat(9_000) + "\r\n\r\n"));
        String large = talk(put("/v1/ports/c", "x".repeat(MEBIBYTE + 1)));
        assertTrue(large.startsWith("HTTP/1.1 413 ") || large.contains("reset") || large.contains("pipe"), large);
        assertStatus(404, talk("GET /v2/ports HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"));
        assertStatus(405, talk("DELETE /v1/ports HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"));
        assertStatus(400, talk("GET /v1/ports/%zz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"));
    }

    @Test
    void bodiesOfTheWrongShapeAreRefusedWithWhatToWrite() throws IOException {
        String[][] cases = {
            {"", "no JSON object"},
            {"[]", "no JSON object"},
            {"null", "no JSON object"},
            {"{\"kind\":", "no JSON that can be read"},
            {"{\"kind\":\"loopback\"} more", "no JSON that can be read"},
            {"{\"kind\":\"loopback\",\"kind\":\"tap\"}", "Duplicate"},
            {"{\"kind\":" + "[".repeat(100) + "]".repeat(100) + "}", "depth"},
            {"{\"kind\":\"" + "x".repeat(10_000) + "\"}", "length"},
            {"{\"kind\":{}}", "kind: write a word"},
            {"{\"kind\":null}", "kind: write a word"},
            {"{\"kind\":1.5}", "kind: write a word"},
            {"{\"kind\":1" + "0".repeat(100) + "}", "Number value length"},
            {"{}", "a port needs a kind"},
            {"{\"kind\":\"tap\"}", "it needs an interface"},
            {"{\"kind\":\"loopback\",\"target\":\"x\"}", "loopback has no target"},
            {"{\"kind\":\"loopback\",\"vlan\":[[1]]}", "vlan: write a word"},
            {"{\"kind\":\"loopback\",\"vlan\":5000}", "VLANs are 1 to 4094"},
            {"{\"kind\":\"loopback\",\"what\":1}", "loopback has no option what"},
            {"{\"kind\":\"pcap\",\"target\":\"/a,b\"}", "a comma or control character cannot stand"},
            {"{\"kind\":\"pcap\",\"target\":\"/a\\nb\"}", "a comma or control character cannot stand"},
        };
        for (String[] one : cases) {
            String answer = talk(put("/v1/ports/c", one[0]));
            assertStatus(400, answer);
            assertTrue(answer.contains(one[1]), answer);
        }
        assertStatus(400, talk(put("/v1/ports/9", "{\"kind\":\"loopback\"}")));
        assertStatus(400, talk(put("/v1/ports/a%2Fb", "{\"kind\":\"loopback\"}")));
        assertStatus(404, talk(put("/v1/ports/c/policy", "{}")));
        assertStatus(400, talk(put("/v1/ports/a/policy", "{\"mtu\":1500}")));
        assertStatus(400, talk(put("/v1/links/a", "")));
        assertStatus(400, talk(put("/v1/links/a=c", "")));
    }

    @Test
    void generatedBodiesNeverEndInAnErrorOfOurs() throws IOException {
        Random random = new Random(27);
        for (int i = 0; i < 400; i++) {
            String body = random.nextInt(8) == 0 ? noise(random) : object(random, 0);
            String path = switch (random.nextInt(3)) {
                case 0 -> "/v1/ports/c";
                case 1 -> "/v1/ports/c/policy";
                default -> "/v1/links/c=" + (char) ('a' + random.nextInt(26));
            };
            String answer = talk(put(path, body));
            assertTrue(answer.matches("(?s)HTTP/1.1 4\\d\\d .*"), () -> path + " " + body + "\n" + answer);
        }
    }

    private static String noise(Random random) {
        StringBuilder text = new StringBuilder();
        IntStream.range(0, random.nextInt(200)).forEach(i -> text.append((char) (1 + random.nextInt(255))));
        return text.toString();
    }

    /** An object that is never a port that could be opened: its kind, if it has one, does not exist. */
    private static String object(Random random, int depth) {
        StringBuilder text = new StringBuilder("{");
        for (int i = random.nextInt(4); i >= 0; i--) {
            text.append('"').append(word(random)).append(random.nextInt(1000)).append("\":");
            text.append(value(random, depth)).append(i == 0 ? "" : ",");
        }
        return text.append('}').toString();
    }

    private static String word(Random random) {
        return List.of("kind", "target", "vlan", "trunk", "queues", "mtu", "", "perm")
                .get(random.nextInt(8));
    }

    private static String value(Random random, int depth) {
        return switch (random.nextInt(depth > 10 ? 5 : 7)) {
            case 0 -> "\"" + word(random) + "\"";
            case 1 -> Long.toString(random.nextLong());
            case 2 -> "true";
            case 3 -> "null";
            case 4 -> "-1e400";
            case 5 -> object(random, depth + 1);
            default -> "[" + value(random, depth + 1) + "," + value(random, depth + 1) + "]";
        };
    }

    @Test
    void requestsThatComeTogetherAreAnsweredInTheirOrder() throws IOException {
        StringBuilder requests = new StringBuilder();
        for (int i = 0; i < 20; i++) {
            requests.append("GET /v1/").append(i % 2 == 0 ? "ports" : "none").append(" HTTP/1.1\r\nhost: x\r\n\r\n");
        }
        requests.append("GET /v1/status HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
        String answers = talk(requests.toString());
        List<String> statuses = new ArrayList<>();
        answers.lines()
                .filter(line -> line.contains("HTTP/1.1 "))
                .forEach(line -> statuses.add(line.replaceAll(".*HTTP/1.1 (\\d+) .*", "$1")));
        List<String> expected = new ArrayList<>();
        IntStream.range(0, 20).forEach(i -> expected.add(i % 2 == 0 ? "200" : "404"));
        expected.add("200");
        assertEquals(expected, statuses);
    }

    @Test
    void connectionsThatSayNothingLeaveRoomForOthersOnceTheyEnd() throws IOException {
        List<SocketChannel> idle = new ArrayList<>();
        try {
            for (int i = 0; i < MOST_CONNECTIONS; i++) {
                idle.add(connect());
            }
            try (SocketChannel tooMany = connect()) {
                assertEquals(-1, tooMany.read(ByteBuffer.allocate(1)));
            }
        } finally {
            for (SocketChannel channel : idle) {
                channel.close();
            }
        }
        Pause.until("there is room again", LIMIT, () -> {
            try {
                return client().send(HttpMethod.GET, "/v1/status", new byte[0]).status() == 200;
            } catch (IOException | RuntimeException turnedAway) {
                return false;
            }
        });
    }

    @Test
    @Tag("root")
    void whoMayNotChangeMayReadAndNoMore() {
        assumeTrue(Privileges.effectiveUserId() == 0, "becoming another user needs root");
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/python3")), "python3 is not installed");
        assertEquals("200", asNobody("GET", "/v1/ports"));
        assertEquals("200", asNobody("GET", "/metrics"));
        assertEquals("403", asNobody("PUT", "/v1/ports/c"));
        assertEquals("403", asNobody("DELETE", "/v1/ports/a"));
        assertEquals("403", asNobody("POST", "/v1/reload"));
    }

    private String asNobody(String method, String path) {
        String program =
                "import socket,sys; s=socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); s.sendall((sys.argv[2]"
                        + "+' '+sys.argv[3]+' HTTP/1.1\\r\\nhost: x\\r\\nconnection: close\\r\\ncontent-length: 19\\r\\n\\r\\n"
                        + "{\\\"kind\\\":\\\"loopback\\\"}').encode()); print(s.recv(100).decode().split()[1])";
        try (Child child = Child.run(List.of(
                "setpriv",
                "--reuid",
                NOBODY,
                "--regid",
                NOBODY,
                "--clear-groups",
                "/usr/bin/python3",
                "-c",
                program,
                api().toString(),
                method,
                path))) {
            assertEquals(0, child.awaitEnd(LIMIT), child::text);
            return child.text().strip();
        }
    }
}
