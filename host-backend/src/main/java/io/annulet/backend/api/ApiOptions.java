package io.annulet.backend.api;

import io.annulet.linux.Privileges;
import io.annulet.linux.SocketAccess;
import java.nio.file.Path;

/**
 * Where the control API is served, and to whom.
 *
 * @param access who may connect
 * @param readers who of these may read
 * @param changers who of these may read and change
 */
public record ApiOptions(Path socket, SocketAccess access, Principals readers, Principals changers) {

    private static final int OWNER_AND_GROUP = 0660;

    /** Served to whoever may connect; changed by root and the user that runs the back-end. */
    public static ApiOptions at(Path socket) {
        return new ApiOptions(
                socket,
                SocketAccess.ofMode(OWNER_AND_GROUP),
                Principals.EVERYBODY,
                Principals.user(Privileges.effectiveUserId()));
    }

    /** Whether a caller has a right. */
    boolean allows(Caller caller, Right right) {
        return switch (right) {
            case READ -> readers.include(caller) || changers.include(caller);
            case CHANGE -> changers.include(caller);
        };
    }
}
