package io.annulet.backend;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import org.jspecify.annotations.Nullable;

/** A back-end cannot be started or changed, for a reason its user can mend. The message is one line with the remedy. */
public final class BackendException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public BackendException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }

    /** Why a file could not be made, in a few words. */
    static String reason(IOException e) {
        if (e instanceof FileAlreadyExistsException) {
            return "it is there already";
        }
        String reason = e instanceof FileSystemException known ? known.getReason() : e.getMessage();
        return reason != null ? reason : e.getClass().getSimpleName().replace("Exception", "");
    }
}
