package io.annulet.linux;

/** A process that is stopped while others are measured, and goes on when it is closed; any thread. */
public final class PausedProcess implements AutoCloseable {

    // uapi/asm-generic/signal.h
    private static final int SIGCONT = 18;
    private static final int SIGSTOP = 19;

    private final int pid;

    private PausedProcess(int pid) {
        this.pid = pid;
    }

    /** Stops a child of this process that has not been waited for, so that its number is nobody else's. */
    public static PausedProcess pause(long pid) {
        if (pid <= 1 || pid > Integer.MAX_VALUE) {
            throw new IllegalArgumentException("process " + pid);
        }
        signal((int) pid, SIGSTOP, "stop");
        return new PausedProcess((int) pid);
    }

    /** Lets it go on. */
    @Override
    public void close() {
        signal(pid, SIGCONT, "continue");
    }

    private static void signal(int pid, int signal, String what) {
        LinuxException.check(Kernel.kill(pid, signal), what + " process " + pid, "check that it still runs");
    }
}
