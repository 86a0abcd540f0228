package io.annulet.backend.api;

import java.util.Set;

/**
 * Who calls, by the word of the kernel.
 *
 * @param groups the group of the process, and its further ones
 */
public record Caller(int processId, int userId, Set<Integer> groups) {

    public Caller {
        groups = Set.copyOf(groups);
    }

    @Override
    public String toString() {
        return "process " + processId + " of user " + userId;
    }
}
