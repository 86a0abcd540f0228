package io.annulet.backend.api;

import io.annulet.linux.Privileges;
import io.annulet.linux.SocketAccess;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Where the control API is served, and to whom.
 *
 * @param access who may connect
 * @param readers who of these may read
 * @param changers who of these may read and change
 * @param reports a folder with reports of studies that the page links to; null if there is none
 */
public record ApiOptions(
        Path socket,
        SocketAccess access,
        Principals readers,
        Principals changers,
        @Nullable Path reports) {

    private static final int OWNER_AND_GROUP = 0660;

    /** Served to whoever may connect; changed by root and the user that runs the back-end. */
    public static ApiOptions at(Path socket) {
        return new ApiOptions(
                socket,
                SocketAccess.ofMode(OWNER_AND_GROUP),
                Principals.EVERYBODY,
                Principals.user(Privileges.effectiveUserId()),
                null);
    }

    /** Files and folders that are read, beside the socket's. */
    public List<Path> filesToRead() {
        return reports == null ? List.of() : List.of(reports);
    }

    /** Whether a caller has a right. */
    boolean allows(Caller caller, Right right) {
        return switch (right) {
            case READ -> readers.include(caller) || changers.include(caller);
            case CHANGE -> changers.include(caller);
        };
    }
}
