package io.annulet.backend.port;

import org.jspecify.annotations.Nullable;

/** A port cannot be opened, for a reason its user can mend. The message is one line: what failed, why; what to check. */
public final class PortException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public PortException(String action, String why, String remedy) {
        this(action, why, remedy, null);
    }

    public PortException(String action, String why, String remedy, @Nullable Throwable cause) {
        super(action + ": " + why + "; " + remedy, cause);
    }
}
