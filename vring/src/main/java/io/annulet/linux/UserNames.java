package io.annulet.linux;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The numbers of users and groups, by the names that /etc/passwd and /etc/group have for them; stateless. */
public final class UserNames {
    private static final Path USERS = Path.of("/etc/passwd");
    private static final Path GROUPS = Path.of("/etc/group");

    private UserNames() {}

    /**
     * The user id of a name, or of a number as it is.
     *
     * @throws IllegalArgumentException if there is no such user
     */
    public static int idOf(String nameOrNumber) {
        return idOf("user", USERS, nameOrNumber);
    }

    /**
     * The group id of a name, or of a number as it is.
     *
     * @throws IllegalArgumentException if there is no such group
     */
    public static int groupIdOf(String nameOrNumber) {
        return idOf("group", GROUPS, nameOrNumber);
    }

    private static int idOf(String kind, Path file, String nameOrNumber) {
        if (nameOrNumber.matches("[0-9]{1,9}")) {
            return Integer.parseInt(nameOrNumber);
        }
        try {
            return Files.readAllLines(file).stream()
                    .map(line -> line.split(":", -1))
                    .filter(fields -> fields.length > 2 && fields[0].equals(nameOrNumber))
                    .mapToInt(fields -> Integer.parseInt(fields[2]))
                    .findFirst()
                    .orElseThrow(() -> new IllegalArgumentException("there is no " + kind + " '" + nameOrNumber
                            + "' in " + file + "; a number will do as well"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
