package io.annulet.cli.sim;

import io.annulet.guest.traffic.Interruption;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Makes SIGINT and SIGTERM end a run with what it has learnt so far: the JVM's end waits until the report is out. Any
 * thread.
 */
final class Interrupts implements AutoCloseable {

    private static final long PATIENCE_SECONDS = 10;

    private final CountDownLatch done = new CountDownLatch(1);
    private final Thread hook;
    private volatile int status = 1;

    Interrupts(Interruption interruption) {
        hook = Thread.ofPlatform().name("interrupted").unstarted(() -> end(interruption));
        Runtime.getRuntime().addShutdownHook(hook);
    }

    private void end(Interruption interruption) {
        interruption.ask();
        try {
            if (done.await(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                Runtime.getRuntime().halt(status);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** The report is out; an interrupted process ends with this status. */
    int finished(int exitStatus) {
        status = exitStatus;
        done.countDown();
        return exitStatus;
    }

    @Override
    public void close() {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException endsAlready) {
            done.countDown();
        }
    }
}
