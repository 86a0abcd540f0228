package io.annulet.backend;

import org.jspecify.annotations.Nullable;

/** A back-end cannot be started, for a reason its user can mend. The message is one line with the remedy. */
public final class BackendException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    BackendException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
