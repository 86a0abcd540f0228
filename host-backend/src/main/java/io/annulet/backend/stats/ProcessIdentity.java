package io.annulet.backend.stats;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A process beyond doubt: numbers are used again, and mean different processes in different containers.
 *
 * @param pid its number
 * @param startTicks when it was started, in clock ticks since boot
 * @param pidNamespace the namespace that the number belongs to
 */
record ProcessIdentity(long pid, long startTicks, long pidNamespace) {

    private static final long NO_PROCESS = -1;
    private static final long HIDDEN = 0;

    /** Where proc_pid_stat(5) has state and start time (fields 3 and 22), counted from the end of the program's name. */
    private static final int STATE_FIELD = 0;

    private static final int START_FIELD = 19;

    static ProcessIdentity ofThisProcess() {
        long pid = ProcessHandle.current().pid();
        return new ProcessIdentity(pid, startTicks(pid), ownPidNamespace());
    }

    /** Whether it can be told from here that the process has ended. */
    boolean isKnownDead() {
        return pidNamespace == ownPidNamespace() && startTicks(pid) != startTicks;
    }

    /** When the process of this number was started, or {@link #NO_PROCESS} if there is none that runs. */
    private static long startTicks(long pid) {
        try {
            String line = Files.readString(Path.of("/proc/" + pid + "/stat"));
            // The second field is the program's name in brackets and may itself hold brackets and blanks.
            String[] fields = line.substring(line.lastIndexOf(')') + 2).split(" ", START_FIELD + 2);
            boolean waitsForItsParent = fields[STATE_FIELD].equals("Z");
            return waitsForItsParent ? NO_PROCESS : Long.parseLong(fields[START_FIELD]);
        } catch (IOException gone) {
            return NO_PROCESS;
        }
    }

    private static long ownPidNamespace() {
        try {
            return (Long) Files.getAttribute(Path.of("/proc/self/ns/pid"), "unix:ino");
        } catch (IOException e) {
            return HIDDEN;
        }
    }
}
