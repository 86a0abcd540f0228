package io.annulet.linux;

import java.util.Map;
import java.util.TreeMap;

/**
 * Descriptors that an earlier process of this program gave to its service manager, and that this one was started with
 * (sd_listen_fds_with_names(3): from 3 on, LISTEN_FDS of them with LISTEN_FDNAMES, for the process LISTEN_PID); stateless.
 * Sockets that the service manager opened itself are {@link PassedSockets}.
 */
public final class PassedDescriptors {
    /** What the names of stored ones begin with, so that they are not taken for sockets of the service manager's own. */
    public static final String STORED = "stored/";

    private static final int FIRST = 3;
    private static final int MOST = 4096;

    private PassedDescriptors() {}

    /** Those that were stored, by the names they were stored under, for the caller to close; once in a process. */
    public static Map<String, Fd> stored(Map<String, String> environment, long processId) {
        Map<String, Fd> stored = new TreeMap<>();
        names(environment, processId).forEach((number, name) -> {
            if (isStored(name)) {
                Fd fd = Fd.of(number);
                // It came through an exec, and is to come through no other.
                Kernel.fcntl(number, FileDescriptors.F_SETFD, FileDescriptors.FD_CLOEXEC);
                Fd twice = stored.put(name.substring(STORED.length()), fd);
                if (twice != null) {
                    twice.close();
                }
            }
        });
        return stored;
    }

    static boolean isStored(String name) {
        return name.startsWith(STORED);
    }

    /** Names by numbers; empty ones where none were given. */
    static Map<Integer, String> names(Map<String, String> environment, long processId) {
        Map<Integer, String> names = new TreeMap<>();
        String count = environment.getOrDefault("LISTEN_FDS", "");
        if (!Long.toString(processId).equals(environment.get("LISTEN_PID")) || !count.matches("[0-9]{1,7}")) {
            return names;
        }
        String[] given = environment.getOrDefault("LISTEN_FDNAMES", "").split(":", -1);
        for (int i = 0; i < Math.min(Integer.parseInt(count), MOST); i++) {
            names.put(FIRST + i, i < given.length ? given[i] : "");
        }
        return names;
    }
}
