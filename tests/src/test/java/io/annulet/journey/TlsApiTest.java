package io.annulet.journey;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.annulet.backend.api.ApiSpec;
import io.netty.handler.ssl.JdkSslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The API over TCP: for who shows a certificate, and nobody else. */
@Timeout(120)
final class TlsApiTest {

    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final String HOST = "127.0.0.1";

    @TempDir
    private Path folder;

    private @Nullable BackendProcess backend;
    private int port;

    /** Each certificate signs itself: who has which is all that matters here. */
    @BeforeEach
    void start() throws IOException {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/openssl")), "openssl is not installed");
        for (String name : List.of("server", "reader", "changer", "stranger")) {
            certify(name);
        }
        Files.writeString(
                folder.resolve("ca.pem"),
                Files.readString(folder.resolve("reader.pem")) + Files.readString(folder.resolve("changer.pem")));
        BackendProcess started = BackendProcess.start(
                folder,
                "--api",
                folder.resolve("api.sock") + ",tcp=" + HOST + ":0,cert=" + folder.resolve("server.pem") + ",key="
                        + folder.resolve("server.key") + ",ca=" + folder.resolve("ca.pem") + ",tls-change=changer",
                "--port",
                "a=loopback");
        backend = started;
        String address = started.log()
                .lines()
                .filter(line -> line.contains("control API at https://"))
                .findFirst()
                .orElseThrow(() -> new AssertionError(started.log()));
        port = Integer.parseInt(address.replaceAll(".*:", "").strip());
    }

    @AfterEach
    void end() {
        if (backend != null) {
            try (BackendProcess ends = backend) {
                ends.end();
            }
        }
    }

    private void certify(String name) {
        String[] words = {
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-days",
            "2",
            "-subj",
            "/O=Annulet/CN=" + name,
            "-addext",
            "subjectAltName=IP:" + HOST,
            "-keyout",
            folder.resolve(name + ".key").toString(),
            "-out",
            folder.resolve(name + ".pem").toString()
        };
        try (Child child = Child.run(List.of(words))) {
            assertEquals(0, child.awaitEnd(LIMIT), child::text);
        }
    }

    private Socket connect(@Nullable String certificate) throws IOException {
        SslContextBuilder builder = SslContextBuilder.forClient()
                .sslProvider(SslProvider.JDK)
                .trustManager(folder.resolve("server.pem").toFile());
        if (certificate != null) {
            builder.keyManager(
                    folder.resolve(certificate + ".pem").toFile(),
                    folder.resolve(certificate + ".key").toFile());
        }
        JdkSslContext context = (JdkSslContext) builder.build();
        return context.context()
                .getSocketFactory()
                .createSocket(InetAddress.getByAddress(new byte[] {127, 0, 0, 1}), port);
    }

    private static String request(String request, String... headers) {
        StringBuilder text = new StringBuilder(request).append(" HTTP/1.1\r\nhost: x:1\r\nconnection: close\r\n");
        List.of(headers).forEach(header -> text.append(header).append("\r\n"));
        return text.append("\r\n").toString();
    }

    private static String talk(Socket connected, String text) throws IOException {
        try (Socket socket = connected) {
            socket.setSoTimeout((int) LIMIT.toMillis());
            socket.getOutputStream().write(text.getBytes(ISO_8859_1));
            return new String(socket.getInputStream().readAllBytes(), ISO_8859_1);
        }
    }

    private static void assertStatus(int status, String answer) {
        assertTrue(answer.startsWith("HTTP/1.1 " + status + " "), answer);
    }

    @Test
    void whoHasACertificateReadsAndWhoIsNamedChanges() throws IOException {
        assertStatus(200, talk(connect("reader"), request("GET /v1/ports")));
        String page = talk(connect("reader"), request("GET /"));
        assertTrue(page.contains("<title>Annulet</title>"), page);
        String add = request("PUT /v1/ports/b", "content-length: 19") + "{\"kind\":\"loopback\"}";
        String refused = talk(connect("reader"), add);
        assertStatus(403, refused);
        assertTrue(refused.contains("certificate reader may not change here"), refused);
        assertStatus(200, talk(connect("changer"), add));
        assertStatus(403, talk(connect("changer"), request("POST /v1/reload", "origin: https://elsewhere.example")));
        assertStatus(409, talk(connect("changer"), request("POST /v1/reload", "origin: https://x:1")));
    }

    @Test
    void aFileIsCopiedWhole() throws IOException {
        Path file = folder.resolve("all.pcapng");
        String body = "{\"capture\":\"" + file + "\"}";
        String begin = request("POST /v1/captures", "content-length: " + body.length()) + body;
        assertStatus(200, talk(connect("changer"), begin));
        assertStatus(200, talk(connect("changer"), request("DELETE /v1/captures/1")));
        // Longer than a part, and not a whole number of them.
        byte[] frames = "0123456789abcdef_".repeat(150_000).getBytes(ISO_8859_1);
        Files.write(file, frames);
        assertStatus(403, talk(connect("reader"), request("GET /v1/captures/1/file")));
        String answer = talk(connect("changer"), request("GET /v1/captures/1/file"));
        assertStatus(200, answer);
        assertEquals(new String(frames, ISO_8859_1), answer.substring(answer.indexOf("\r\n\r\n") + 4));
    }

    @Test
    void whoHasNoneOrAStrangersOrSpeaksPlainlyLearnsNothing() throws IOException {
        assertFalse(isAnswered(null));
        assertFalse(isAnswered("stranger"));
        try (Socket plain = new Socket(InetAddress.getByAddress(new byte[] {127, 0, 0, 1}), port)) {
            assertFalse(answerOrNothing(plain).contains("HTTP/1.1 2"));
        }
        assertStatus(200, talk(connect("reader"), request("GET /v1/status")));
    }

    private boolean isAnswered(@Nullable String certificate) throws IOException {
        try (Socket socket = connect(certificate)) {
            return answerOrNothing(socket).contains("HTTP");
        }
    }

    private static String answerOrNothing(Socket socket) {
        try {
            return talk(socket, request("GET /v1/ports"));
        } catch (IOException refused) {
            return "";
        }
    }

    @Test
    void overTcpItIsServedWithCertificatesOrNotAtAll() {
        for (String options :
                List.of("tcp=127.0.0.1:9", "tcp=127.0.0.1:9,cert=a,key=b", "tcp=127.0.0.1:9,ca=a", "ca=a")) {
            assertThrows(IllegalArgumentException.class, () -> ApiSpec.parse("/api.sock," + options), options);
        }
        String files = ",cert=a,key=b,ca=c";
        for (String tcp : List.of("9", ":9", "127.0.0.1", "127.0.0.1:70000", "127.0.0.1:x")) {
            assertThrows(IllegalArgumentException.class, () -> ApiSpec.parse("/api.sock,tcp=" + tcp + files), tcp);
        }
    }
}
