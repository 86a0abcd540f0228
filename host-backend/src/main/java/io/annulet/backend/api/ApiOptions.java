package io.annulet.backend.api;

import io.annulet.linux.Privileges;
import io.annulet.linux.SocketAccess;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Where the control API is served, and to whom.
 *
 * @param access who may connect
 * @param readers who of these may read
 * @param changers who of these may read and change
 * @param tls how it is served over TCP too; null if it is not
 * @param reports a folder with reports of studies that the page links to; null if there is none
 */
public record ApiOptions(
        Path socket,
        SocketAccess access,
        Principals readers,
        Principals changers,
        @Nullable Path reports,
        @Nullable ApiTls tls) {

    private static final int OWNER_AND_GROUP = 0660;

    /** Served to whoever may connect; changed by root and the user that runs the back-end. */
    public static ApiOptions at(Path socket) {
        return new ApiOptions(
                socket,
                SocketAccess.ofMode(OWNER_AND_GROUP),
                Principals.EVERYBODY,
                Principals.user(Privileges.effectiveUserId()),
                null,
                null);
    }

    /** Files and folders that are read, beside the socket's. */
    public List<Path> filesToRead() {
        List<Path> files = new ArrayList<>(tls == null ? List.of() : tls.files());
        if (reports != null) {
            files.add(reports);
        }
        return files;
    }

    /** Whether a caller has a right. */
    boolean allows(Caller caller, Right right) {
        return switch (caller) {
            case Caller.Local process -> changers.include(process) || (right == Right.READ && readers.include(process));
            case Caller.Remote(String name) ->
                tls != null && (right == Right.READ || tls.changers().contains(name));
        };
    }
}
