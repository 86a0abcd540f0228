package io.annulet.linux;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * A Unix stream socket that accepts connections at a path. Used by one thread. Its file goes when the listener is closed,
 * unless someone has put another one there.
 */
public final class UnixListener implements AutoCloseable {
    private final Path path;
    private final Fd fd;

    /** Null if someone else keeps the file. */
    private final @Nullable SocketFile file;

    private UnixListener(Path path, Fd fd, @Nullable SocketFile file) {
        this.path = path;
        this.fd = fd;
        this.file = file;
    }

    /**
     * Listens at {@code path}. A socket file that a dead process left there is taken over; if someone listens on it, this
     * throws with EADDRINUSE. Nobody can connect before rights and owner are set. Two processes that start on one path in
     * the same instant may both find it free; the one that binds last has it.
     *
     * @param backlog how many connections may wait to be accepted
     */
    public static UnixListener listen(Path path, int backlog, SocketAccess access) {
        Fd fd = UnixSocket.open("listen on " + path);
        SocketFile file = null;
        boolean listening = false;
        try {
            file = SocketFile.bind(fd, path);
            file.give(access);
            LinuxException.check(Kernel.listen(fd.number(), backlog), "listen on " + path);
            listening = true;
            return new UnixListener(path, fd, file);
        } finally {
            if (!listening) {
                close(fd, file);
            }
        }
    }

    /** Goes on with a socket that listens at {@code path} already, whose file stays when this is closed. */
    public static UnixListener adopt(Path path, Fd fd) {
        return new UnixListener(path, fd, null);
    }

    /** Goes on with a socket that another process made at {@code path}, and now leaves to this one, its file too. */
    public static UnixListener inherit(Path path, Fd fd) {
        return new UnixListener(path, fd, SocketFile.at(path));
    }

    /** Another handle of the same socket, which leaves the file there when it is closed, as this one then does too. */
    public UnixListener keepingFile() {
        return new UnixListener(path, fd, null);
    }

    public Path path() {
        return path;
    }

    public Fd fd() {
        return fd;
    }

    /**
     * The next waiting connection, or null if there is none now.
     *
     * @throws LinuxException with EMFILE, ENFILE, ENOBUFS or ENOMEM when the machine has no room for it; the connection
     *     keeps waiting, and so does a level-triggered epoll event: ask again later, not at once
     */
    public @Nullable UnixSocket accept() {
        long number = Kernel.accept4(fd.number(), UnixSocket.ACCEPT_FLAGS);
        if (number == -Errno.EAGAIN || number == -Errno.ECONNABORTED) {
            return null;
        }
        LinuxException.check(number, "accept a connection on " + path, "check the limit of open files (ulimit -n)");
        return UnixSocket.adopt(Fd.of((int) number));
    }

    @Override
    public void close() {
        close(fd, file);
    }

    private static void close(Fd fd, @Nullable SocketFile file) {
        if (!fd.isOpen()) {
            return;
        }
        try {
            if (file != null) {
                file.remove();
            }
        } finally {
            fd.close();
        }
    }

    @Override
    public String toString() {
        return "listener at " + path;
    }
}
