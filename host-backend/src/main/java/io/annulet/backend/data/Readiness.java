package io.annulet.backend.data;

import io.annulet.linux.Fd;
import io.netty.channel.IoEvent;
import io.netty.channel.IoEventLoop;
import io.netty.channel.IoRegistration;
import io.netty.channel.epoll.EpollIoHandle;
import io.netty.channel.epoll.EpollIoOps;
import io.netty.channel.unix.FileDescriptor;

/**
 * Registers file descriptors that wake a worker, with the epoll instance of its event loop; owned by the worker.
 *
 * <p>Kick eventfds are edge-triggered and never read, since a peer could make the read block; each write to one is an
 * event all the same.
 */
public final class Readiness {

    private final IoEventLoop loop;

    Readiness(IoEventLoop loop) {
        this.loop = loop;
    }

    /** Runs {@code onReady} on the worker whenever the descriptor becomes readable, until closed. */
    public Watch watch(Fd fd, Runnable onReady) {
        Handle handle = new Handle(fd.number(), onReady);
        IoRegistration registration =
                loop.register(handle).syncUninterruptibly().getNow();
        registration.submit(EpollIoOps.EPOLLIN.with(EpollIoOps.EPOLLET));
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
