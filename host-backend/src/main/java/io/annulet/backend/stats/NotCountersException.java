package io.annulet.backend.stats;

import java.nio.file.FileSystemException;
import java.nio.file.Path;

/** A file that was taken for a counters file is none, or not one that this version can read. */
public final class NotCountersException extends FileSystemException {
    private static final long serialVersionUID = 1L;

    NotCountersException(Path path, String reason) {
        super(path.toString(), null, reason);
    }
}
