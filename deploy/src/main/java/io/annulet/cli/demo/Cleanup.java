package io.annulet.cli.demo;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What has to be taken back, the latest first; any thread may close it, as the one does that a signal starts. */
public final class Cleanup implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Cleanup.class);

    private final Deque<AutoCloseable> made = new ArrayDeque<>();
    private final CountDownLatch begun = new CountDownLatch(1);
    private boolean closed;

    /**
     * Makes a thing and takes charge of it. Whoever closes waits until it is made, so that nothing is left of it.
     *
     * @throws IllegalStateException if everything is closed already
     */
    public synchronized <T extends AutoCloseable> T make(Supplier<T> maker) {
        if (closed) {
            throw new IllegalStateException("the end has begun");
        }
        T thing = maker.get();
        made.push(thing);
        return thing;
    }

    /** Waits for another thread to begin to close; false if none did in time. */
    public boolean awaitBegin(Duration patience) {
        try {
            return begun.await(patience.toNanos(), TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    /** Closes everything. A thing that fails to close does not keep the others from it. */
    @Override
    public void close() {
        begun.countDown();
        closeAll();
    }

    private synchronized void closeAll() {
        closed = true;
        while (!made.isEmpty()) {
            close(made.pop());
        }
    }

    private static void close(AutoCloseable thing) {
        try {
            thing.close();
        } catch (Exception e) {
            LOG.warn("{} was left behind", thing.getClass().getSimpleName(), e);
        }
    }
}
