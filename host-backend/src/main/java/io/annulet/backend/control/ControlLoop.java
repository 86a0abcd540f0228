package io.annulet.backend.control;

import io.annulet.backend.data.Readiness;
import io.annulet.linux.Fd;
import io.netty.channel.IoEventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.time.Duration;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The control thread: one event loop that runs all sessions of a process. Anything may be handed to it from any thread;
 * the rest of this class is for that thread itself.
 */
public final class ControlLoop implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(ControlLoop.class);
    private static final long CLOSE_SECONDS = 2;

    private final MultiThreadIoEventLoopGroup group;
    private final IoEventLoop loop;
    private final Readiness readiness;
    private final Bells bells;

    /** Starts the thread with the first task. */
    public ControlLoop() {
        group = new MultiThreadIoEventLoopGroup(
                1, new DefaultThreadFactory("control", true), SturdyIo.over(EpollIoHandler.newFactory()));
        loop = group.next();
        readiness = new Readiness(loop);
        bells = new Bells(readiness);
    }

    /** Runs {@code task} on the control thread. From any thread; does nothing once the loop is closed. */
    public void execute(Runnable task) {
        try {
            loop.execute(guarded(task));
        } catch (RejectedExecutionException closed) {
            LOG.debug("the control loop is closed");
        }
    }

    /** Runs {@code task} later, unless cancelled. */
    Future<?> schedule(long delayNanos, Runnable task) {
        return loop.schedule(guarded(task), delayNanos, TimeUnit.NANOSECONDS);
    }

    /** Runs {@code task} on the control thread again and again, each time so long after it has run. From any thread. */
    public void every(Duration pause, Runnable task) {
        Future<?> _ = loop.scheduleWithFixedDelay(guarded(task), 0, pause.toNanos(), TimeUnit.NANOSECONDS);
    }

    /** What has {@code task} run on the control thread when it is run itself, by any thread, which allocates nothing. */
    Runnable bell(Runnable task) {
        return bells.bell(guarded(task));
    }

    /** Runs {@code onReady} whenever the descriptor becomes readable, until closed: before the descriptor is. */
    Readiness.Watch watch(Fd fd, Runnable onReady) {
        return readiness.watch(fd, guarded(onReady));
    }

    /** Likewise whenever it becomes readable or writable. */
    Readiness.Watch watchBothWays(Fd fd, Runnable onReady) {
        return readiness.watchBothWays(fd, guarded(onReady));
    }

    /** The loop serves all ports, so nothing that one of them does wrong may get out into it. */
    private static Runnable guarded(Runnable task) {
        return () -> {
            try {
                task.run();
            } catch (Throwable ours) {
                tell(ours);
            }
        };
    }

    /** If there is any memory to tell it with. */
    private static void tell(Throwable ours) {
        try {
            LOG.error("a task of the control thread failed", ours);
        } catch (OutOfMemoryError full) {
            // Whoever counts errors of the heap sees it there.
        }
    }

    /** Ends the thread. Endpoints are closed before. Not on the control thread. */
    @Override
    public void close() {
        group.shutdownGracefully(0, CLOSE_SECONDS, TimeUnit.SECONDS).awaitUninterruptibly();
        bells.close();
    }
}
