package io.annulet.backend.api;

import java.util.Set;

/** Who calls. */
public sealed interface Caller {

    /**
     * A process of this machine, by the word of the kernel.
     *
     * @param groups the group of the process, and its further ones
     */
    record Local(int processId, int userId, Set<Integer> groups) implements Caller {
        public Local {
            groups = Set.copyOf(groups);
        }

        @Override
        public String toString() {
            return "process " + processId + " of user " + userId;
        }
    }

    /** Whoever has the key of a certificate, by the word of its authority; called by its common name. */
    record Remote(String commonName) implements Caller {
        @Override
        public String toString() {
            return "certificate " + commonName;
        }
    }
}
