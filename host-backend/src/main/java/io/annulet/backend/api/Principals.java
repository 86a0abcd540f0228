package io.annulet.backend.api;

import io.annulet.linux.UserNames;
import java.util.Collections;
import java.util.HashSet;
import java.util.Set;

/**
 * Users and groups, as they are configured: names or numbers with + between them, groups with @ before them, or {@code all}.
 *
 * @param everybody whoever may connect to the socket
 */
public record Principals(boolean everybody, Set<Integer> users, Set<Integer> groups) {

    private static final String ALL = "all";

    public static final Principals EVERYBODY = new Principals(true, Set.of(), Set.of());

    public Principals {
        users = Set.copyOf(users);
        groups = Set.copyOf(groups);
    }

    /** One user, and root. */
    public static Principals user(int id) {
        return new Principals(false, Set.of(id), Set.of());
    }

    /**
     * Reads what options say.
     *
     * @throws IllegalArgumentException if a user or group is not known here
     */
    public static Principals parse(String text) {
        if (text.equals(ALL)) {
            return EVERYBODY;
        }
        Set<Integer> users = new HashSet<>();
        Set<Integer> groups = new HashSet<>();
        for (String name : text.split("\\+", -1)) {
            if (name.startsWith("@")) {
                groups.add(UserNames.groupIdOf(name.substring(1)));
            } else {
                users.add(UserNames.idOf(name));
            }
        }
        return new Principals(false, users, groups);
    }

    /** Root is among them in any case: it could become any other user. */
    public boolean include(Caller.Local caller) {
        return everybody
                || caller.userId() == 0
                || users.contains(caller.userId())
                || !Collections.disjoint(groups, caller.groups());
    }
}
