package io.annulet.backend.control;

import io.annulet.linux.Fd;
import java.util.Map;

/**
 * Keeps descriptors beyond the end of this process, by name. Used by the control thread once everything is open.
 *
 * <p>What is put stays open here as well; taking it out is for the process that comes after.
 */
public interface FdStore extends AutoCloseable {
    /** Keeps nothing: what this process holds ends with it. */
    FdStore NONE = new FdStore() {
        @Override
        public Map<String, Fd> restore() {
            return Map.of();
        }

        @Override
        public void put(String name, Fd fd) {}

        @Override
        public void remove(String name) {}

        @Override
        public boolean keeps() {
            return false;
        }
    };

    /** What an earlier process put there, for the caller to close; it stays in the store. */
    Map<String, Fd> restore();

    void put(String name, Fd fd);

    void remove(String name);

    /** Whether it outlives this process. */
    boolean keeps();

    /** Ends the connection to it; what is kept stays there. */
    @Override
    default void close() {}
}
