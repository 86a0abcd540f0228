package io.annulet.backend.config;

import io.annulet.backend.control.IvshmemOptions;
import io.annulet.linux.SocketAccess;
import io.annulet.linux.UserNames;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Reads a channel as the command line has it; every mistake is an {@link IllegalArgumentException} of one line. */
public final class ChannelSpec {
    private static final Pattern FORM = Pattern.compile("([^=]*)=ivshmem:([^,]+)(?:,(.*))?", Pattern.DOTALL);
    private static final String KIND = "ivshmem";
    private static final int GROUP_MAY_CONNECT = 0660;

    private ChannelSpec() {}

    /** The channel that a text describes. */
    public static IvshmemOptions parse(String spec) {
        Matcher parts = FORM.matcher(spec);
        if (!parts.matches()) {
            throw new IllegalArgumentException("'" + spec
                    + "' is no channel; write NAME=ivshmem:SOCKET, for example c=ivshmem:/run/annulet/c.sock");
        }
        try {
            return of(parts.group(1), KIND, parts.group(2), SpecOptions.split(parts.group(3)));
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("channel " + spec + ": " + e.getMessage(), e);
        }
    }

    /** The channel that its parts describe. */
    public static IvshmemOptions of(String name, String kind, String socket, Map<String, String> written) {
        if (!kind.equals(KIND) || socket.isEmpty()) {
            throw new IllegalArgumentException("it needs kind ivshmem and a socket: ivshmem:/run/annulet/c.sock");
        }
        SpecOptions options = new SpecOptions(KIND, written);
        IvshmemOptions channel = new IvshmemOptions(
                name,
                Path.of(socket),
                options.bytes("size", IvshmemOptions.DEFAULT_BYTES),
                options.number("vectors", 1),
                users(options.text("peers")),
                new SocketAccess(
                        options.permissions("perm", GROUP_MAY_CONNECT), options.text("owner"), options.text("group")));
        options.checkAllTaken();
        return channel;
    }

    private static List<Integer> users(@Nullable String names) {
        return names == null
                ? List.of()
                : Arrays.stream(names.split("[:+]", -1)).map(UserNames::idOf).toList();
    }
}
