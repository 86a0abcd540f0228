package io.annulet.backend.stats;

import io.annulet.linux.Privileges;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/** Where counters files are unless told otherwise: {@code /dev/shm/annulet-UID/PID.counters}. */
public final class CountersPaths {

    private static final String SUFFIX = ".counters";

    private CountersPaths() {}

    /** The directory of the user who runs this process; it need not exist. */
    public static Path directory() {
        return Path.of("/dev/shm/annulet-" + Privileges.effectiveUserId());
    }

    /** The file of this process in a directory. */
    public static Path ofThisProcess(Path directory) {
        return directory.resolve(ProcessHandle.current().pid() + SUFFIX);
    }

    /** The counters files in a directory, by name; none if it does not exist. */
    public static List<Path> filesIn(Path directory) throws IOException {
        if (!Files.isDirectory(directory)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(directory)) {
            return files.filter(file -> file.toString().endsWith(SUFFIX))
                    .sorted()
                    .toList();
        }
    }

    /**
     * Makes the directory, for its user alone. Anybody may make directories beside it, so one that is there already is
     * used only if it is this user's and nobody else can write to it.
     */
    public static void prepare(Path directory) throws IOException {
        try {
            Files.createDirectory(
                    directory, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        } catch (FileAlreadyExistsException exists) {
            checkOurs(directory);
        }
    }

    private static void checkOurs(Path directory) throws IOException {
        if (!Files.isDirectory(directory, LinkOption.NOFOLLOW_LINKS)) {
            throw new NotDirectoryException(directory.toString());
        }
        int owner = (Integer) Files.getAttribute(directory, "unix:uid", LinkOption.NOFOLLOW_LINKS);
        Set<PosixFilePermission> permissions = Files.getPosixFilePermissions(directory, LinkOption.NOFOLLOW_LINKS);
        if (owner != Privileges.effectiveUserId()
                || permissions.contains(PosixFilePermission.GROUP_WRITE)
                || permissions.contains(PosixFilePermission.OTHERS_WRITE)) {
            throw new AccessDeniedException(
                    directory.toString(), null, "somebody else can write there; remove it or use another path");
        }
    }
}
