package io.annulet.cli.channel;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;

/**
 * What a user would do otherwise: TLS 1.3 with AES-256-GCM over a loopback socket, by the JDK, both ends a thread of this
 * process. Used by one thread.
 */
final class TlsBenchmark implements AutoCloseable {
    private static final char[] PASSWORD = "annulet".toCharArray();

    private final Path folder;
    private final SSLContext context;

    TlsBenchmark() throws IOException {
        folder = Files.createTempDirectory("annulet-tls");
        try {
            context = makeContext(folder.resolve("keys.p12"));
        } catch (GeneralSecurityException e) {
            throw new IOException("TLS cannot be set up: " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }

    /** Whether this runtime can make a certificate. */
    static boolean isPossible() {
        return Files.isExecutable(keytool());
    }

    private static Path keytool() {
        return Path.of(System.getProperty("java.home"), "bin", "keytool");
    }

    private static SSLContext makeContext(Path store)
            throws IOException, GeneralSecurityException, InterruptedException {
        List<String> command = List.of(
                keytool().toString(),
                "-genkeypair",
                "-alias",
                "benchmark",
                "-keyalg",
                "EC",
                "-dname",
                "CN=localhost",
                "-storetype",
                "PKCS12",
                "-keystore",
                store.toString(),
                "-storepass",
                new String(PASSWORD));
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        if (!process.waitFor(1, TimeUnit.MINUTES) || process.exitValue() != 0) {
            throw new IOException("keytool makes no key");
        }
        KeyStore keys = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(store)) {
            keys.load(in, PASSWORD);
        }
        KeyManagerFactory own = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        own.init(keys, PASSWORD);
        TrustManagerFactory trusted = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trusted.init(keys);
        SSLContext made = SSLContext.getInstance("TLSv1.3");
        made.init(own.getKeyManagers(), trusted.getTrustManagers(), null);
        return made;
    }

    /** Megabytes a second from one end to the other, written in pieces of this size. */
    double measure(int messageBytes, long nanos) throws IOException, InterruptedException {
        InetAddress loopback = InetAddress.getLoopbackAddress();
        try (SSLServerSocket server =
                        (SSLServerSocket) context.getServerSocketFactory().createServerSocket(0, 1, loopback);
                Socket plain = new Socket(loopback, server.getLocalPort());
                Socket accepted = server.accept()) {
            Thread reader = Thread.ofPlatform().start(() -> readAll(accepted));
            double speed = writeFor(plain, server.getLocalPort(), new byte[messageBytes], nanos);
            reader.join();
            return speed;
        }
    }

    private double writeFor(Socket plain, int port, byte[] message, long nanos) throws IOException {
        try (SSLSocket client = (SSLSocket) context.getSocketFactory().createSocket(plain, "localhost", port, true)) {
            client.setEnabledCipherSuites(new String[] {"TLS_AES_256_GCM_SHA384"});
            OutputStream out = client.getOutputStream();
            write(out, message, nanos / 2);
            long start = System.nanoTime();
            long sent = write(out, message, nanos);
            return sent * 1e3 / (System.nanoTime() - start);
        }
    }

    private static long write(OutputStream out, byte[] message, long nanos) throws IOException {
        long start = System.nanoTime();
        long sent = 0;
        while (System.nanoTime() - start < nanos) {
            for (int i = 0; i < 16; i++) {
                out.write(message);
            }
            sent += 16L * message.length;
        }
        return sent;
    }

    private static void readAll(Socket socket) {
        try (InputStream in = socket.getInputStream()) {
            byte[] buffer = new byte[1 << 17];
            while (in.read(buffer) >= 0) {}
        } catch (IOException closed) {
            // The other end closes when it has measured enough.
            return;
        }
    }

    @Override
    public void close() throws IOException {
        Files.deleteIfExists(folder.resolve("keys.p12"));
        Files.deleteIfExists(folder);
    }
}
