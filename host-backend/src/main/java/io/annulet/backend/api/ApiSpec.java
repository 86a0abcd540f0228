package io.annulet.backend.api;

import io.annulet.backend.config.SpecOptions;
import io.annulet.linux.SocketAccess;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Reads where the API is served; every mistake is an {@link IllegalArgumentException} of one line. */
public final class ApiSpec {

    private ApiSpec() {}

    /** {@code SOCKET[,option=value]...}, as the command line has it. */
    public static ApiOptions parse(String text) {
        int comma = text.indexOf(',');
        String socket = comma < 0 ? text : text.substring(0, comma);
        return of(socket, SpecOptions.parse("the API", comma < 0 ? null : text.substring(comma + 1)));
    }

    /** In parts. */
    public static ApiOptions of(String socket, Map<String, String> options) {
        return of(socket, new SpecOptions("the API", options));
    }

    private static ApiOptions of(String socket, SpecOptions options) {
        if (socket.isEmpty()) {
            throw new IllegalArgumentException("the API needs a socket, for example /run/annulet/api.sock");
        }
        ApiOptions usual = ApiOptions.at(Path.of(socket));
        String read = options.text("read");
        String change = options.text("change");
        String reports = options.text("reports");
        ApiTls tls = tls(options);
        SocketAccess access = new SocketAccess(
                options.permissions("perm", usual.access().mode()), options.text("owner"), options.text("group"));
        options.checkAllTaken();
        return new ApiOptions(
                usual.socket(),
                access,
                read == null ? usual.readers() : Principals.parse(read),
                change == null ? usual.changers() : Principals.parse(change),
                reports == null ? null : Path.of(reports).toAbsolutePath(),
                tls);
    }

    private static @Nullable ApiTls tls(SpecOptions options) {
        String tcp = options.text("tcp");
        String certificate = options.text("cert");
        String key = options.text("key");
        String authorities = options.text("ca");
        String changers = options.text("tls-change");
        if (tcp == null) {
            if (options.hasAny("cert", "key", "ca", "tls-change")) {
                throw new IllegalArgumentException("cert, key, ca and tls-change are for tcp=ADDRESS:PORT: add that");
            }
            return null;
        }
        if (certificate == null || key == null || authorities == null) {
            throw new IllegalArgumentException("tcp=" + tcp
                    + ": over TCP it is served with mutual TLS only: add cert=, key= and ca=, all PEM files");
        }
        int colon = tcp.lastIndexOf(':');
        if (colon < 1 || !tcp.substring(colon + 1).matches("[0-9]{1,5}")) {
            throw new IllegalArgumentException("tcp=" + tcp + ": write an address and a port, such as 192.0.2.1:9443");
        }
        return new ApiTls(
                tcp.substring(0, colon),
                Integer.parseInt(tcp.substring(colon + 1)),
                Path.of(certificate).toAbsolutePath(),
                Path.of(key).toAbsolutePath(),
                Path.of(authorities).toAbsolutePath(),
                changers == null ? Set.of() : Set.of(changers.split("\\+", -1)));
    }
}
