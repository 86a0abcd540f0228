package io.annulet.backend.data;

import io.annulet.linux.Fd;
import io.netty.channel.IoEvent;
import io.netty.channel.IoEventLoop;
import io.netty.channel.IoRegistration;
import io.netty.channel.epoll.EpollIoHandle;
import io.netty.channel.epoll.EpollIoOps;
import io.netty.channel.unix.FileDescriptor;

/**
 * Registers file descriptors with the epoll instance of an event loop, a worker's or the control thread's; owned by the
 * thread of that loop.
 *
 * <p>All are edge-triggered: whoever reads a descriptor reads until there is nothing left, and may put that off without a
 * word to the kernel. Kick eventfds are never read, since a peer could make the read block; each write to one is an event
 * all the same.
 */
public final class Readiness {

    private final IoEventLoop loop;

    public Readiness(IoEventLoop loop) {
        this.loop = loop;
    }

    /**
     * Runs {@code onReady} on the loop's thread whenever the descriptor becomes readable, until closed. It must not throw:
     * that would stop the loop for a while.
     */
    public Watch watch(Fd fd, Runnable onReady) {
        return watch(fd, EpollIoOps.EPOLLIN, onReady);
    }

    /** Likewise whenever it becomes readable, or writable after it was not. */
    public Watch watchBothWays(Fd fd, Runnable onReady) {
        return watch(fd, EpollIoOps.EPOLLIN.with(EpollIoOps.EPOLLOUT), onReady);
    }

    private Watch watch(Fd fd, EpollIoOps events, Runnable onReady) {
        Handle handle = new Handle(fd.number(), onReady);
        IoRegistration registration =
                loop.register(handle).syncUninterruptibly().getNow();
        registration.submit(events.with(EpollIoOps.EPOLLET));
        return registration::cancel;
    }

    /** One watched descriptor; closed before the descriptor is, since registrations are kept by its number. */
    @FunctionalInterface
    public interface Watch extends AutoCloseable {
        @Override
        void close();
    }

    private record Handle(int number, Runnable onReady) implements EpollIoHandle {

        @Override
        public FileDescriptor fd() {
            return new FileDescriptor(number);
        }

        @Override
        public void handle(IoRegistration registration, IoEvent event) {
            onReady.run();
        }

        @Override
        public void close() {
            // The descriptor is not the loop's: whoever had it watched closes it.
        }
    }
}
