package io.annulet.backend.api;

import io.annulet.backend.BackendException;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;

/**
 * Where the API is served over TCP, which is with mutual TLS only, and to whom: both ends show a certificate.
 *
 * @param host address of this machine to listen at
 * @param certificate PEM file with this server's certificate and those up to the authority's
 * @param key PEM file with the certificate's private key (PKCS #8), not encrypted
 * @param authorities PEM file with the certificates that vouch for those of callers
 * @param changers common names of the certificates that may read and change; all others may read
 */
public record ApiTls(String host, int port, Path certificate, Path key, Path authorities, Set<String> changers) {

    private static final int MOST_PORT = 65_535;

    public ApiTls {
        changers = Set.copyOf(changers);
        if (port < 0 || port > MOST_PORT) {
            throw new IllegalArgumentException("tcp=" + host + ":" + port + ": a port is 0 to " + MOST_PORT);
        }
    }

    InetSocketAddress address() {
        return new InetSocketAddress(host, port);
    }

    List<Path> files() {
        return List.of(certificate, key, authorities);
    }

    /**
     * Reads the files.
     *
     * @throws BackendException if they are not what they have to be; the message says which
     */
    SslContext context() {
        for (Path file : files()) {
            if (!Files.isReadable(file)) {
                throw new BackendException(
                        "API over TLS: " + file + " cannot be read; check the path and its mode", null);
            }
        }
        try {
            return SslContextBuilder.forServer(certificate.toFile(), key.toFile())
                    .sslProvider(SslProvider.JDK)
                    .trustManager(authorities.toFile())
                    .clientAuth(ClientAuth.REQUIRE)
                    .protocols("TLSv1.3")
                    .build();
        } catch (IOException | IllegalArgumentException e) {
            throw new BackendException(
                    "API over TLS: " + certificate + ", " + key + " and " + authorities
                            + " are no certificate, its key (PKCS #8, not encrypted) and authorities in PEM: "
                            + String.valueOf(e.getMessage()).lines().findFirst().orElse(""),
                    e);
        }
    }
}
