package io.annulet.backend.api;

import io.annulet.backend.config.SpecOptions;
import io.annulet.linux.SocketAccess;
import java.nio.file.Path;
import java.util.Map;

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
        SocketAccess access = new SocketAccess(
                options.permissions("perm", usual.access().mode()), options.text("owner"), options.text("group"));
        options.checkAllTaken();
        return new ApiOptions(
                usual.socket(),
                access,
                read == null ? usual.readers() : Principals.parse(read),
                change == null ? usual.changers() : Principals.parse(change),
                reports == null ? null : Path.of(reports).toAbsolutePath());
    }
}
