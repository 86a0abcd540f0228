package io.annulet.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Unix stream sockets that whoever started this process opened for it, of any thread. A service manager's (sd_listen_fds(3):
 * descriptors from 3 on, LISTEN_FDS of them, for the process LISTEN_PID) are found by the path they listen at; any other by
 * its number, as {@code /dev/fd/N}.
 *
 * <p>The descriptors stay open as long as the process: what is handed out are duplicates, so that a port can be closed and
 * opened again.
 */
public final class PassedSockets {
    private static final Pattern NUMBERED = Pattern.compile("/(?:dev|proc/self)/fd/([0-9]{1,7})");
    private static final int SOL_SOCKET = 1;
    private static final int SO_TYPE = 3;
    private static final int SO_ACCEPTCONN = 30;
    private static final int SOCK_STREAM = 1;
    private static final int ADDRESS_BYTE_LENGTH = 2 + SocketAddress.MAX_PATH_BYTE_LENGTH + 1;

    private static final PassedSockets OF_THIS_PROCESS =
            new PassedSockets(System.getenv(), ProcessHandle.current().pid());

    private final Map<Path, Fd> listeners = new LinkedHashMap<>();

    PassedSockets(Map<String, String> environment, long processId) {
        PassedDescriptors.names(environment, processId).forEach((number, name) -> {
            if (!PassedDescriptors.isStored(name)) {
                add(Fd.of(number));
            }
        });
    }

    private void add(Fd fd) {
        Path path = pathOf(fd);
        if (path != null && isListener(fd)) {
            listeners.put(path, fd);
        }
    }

    public static PassedSockets ofThisProcess() {
        return OF_THIS_PROCESS;
    }

    /** Whether {@code path} is a number for a socket rather than a file. */
    public static boolean isNumber(Path path) {
        return NUMBERED.matcher(path.toString()).matches();
    }

    /** Whether the socket at {@code path}, or with that number, is one of them. */
    public boolean has(Path path) {
        return isNumber(path) || listeners.containsKey(path.toAbsolutePath().normalize());
    }

    /**
     * The passed socket that listens at {@code path}, or that {@code path} is the number of; null if it is to be opened.
     *
     * @throws LinuxException if there is such a descriptor, and it does not listen
     */
    public @Nullable UnixListener listenerAt(Path path) {
        Fd fd = isNumber(path)
                ? numbered(path)
                : listeners.get(path.toAbsolutePath().normalize());
        if (fd == null) {
            return null;
        }
        if (!isListener(fd)) {
            throw new LinuxException("listen at " + path, Errno.EINVAL, "pass a Unix stream socket that listens");
        }
        FileDescriptors.setNonBlocking(fd, true);
        return UnixListener.adopt(path, FileDescriptors.duplicate(fd));
    }

    /** Whether {@code path} is the number of a socket that is connected already, so that nobody has to be waited for. */
    public static boolean isConnected(Path path) {
        return isNumber(path) && !isListener(numbered(path));
    }

    /** The socket whose number {@code path} is, which is connected. */
    public static UnixSocket connectedAt(Path path) {
        Fd fd = numbered(path);
        if (option(fd, SO_TYPE) != SOCK_STREAM) {
            throw new LinuxException("use " + path, Errno.EPROTOTYPE, "pass a Unix stream socket");
        }
        return UnixSocket.adopt(fd);
    }

    private static Fd numbered(Path path) {
        Matcher parts = NUMBERED.matcher(path.toString());
        if (!parts.matches()) {
            throw new IllegalArgumentException("not the number of a descriptor: " + path);
        }
        Fd fd = Fd.of(Integer.parseInt(parts.group(1)));
        LinuxException.check(
                Kernel.fcntl(fd.number(), FileDescriptors.F_SETFD, FileDescriptors.FD_CLOEXEC),
                "use the passed descriptor " + path,
                "check that the program that starts annulet leaves it open");
        return fd;
    }

    private static boolean isListener(Fd fd) {
        return option(fd, SO_TYPE) == SOCK_STREAM && option(fd, SO_ACCEPTCONN) == 1;
    }

    /** -1 if it is no socket. */
    private static int option(Fd fd, int option) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment value = arena.allocate(4, 4);
            MemorySegment byteLength = arena.allocateFrom(JAVA_INT, 4);
            long result = Kernel.getsockopt(fd.number(), SOL_SOCKET, option, value.address(), byteLength.address());
            return result < 0 ? -1 : value.get(JAVA_INT, 0);
        }
    }

    /** The file of a Unix socket; null if it has none or is something else. */
    private static @Nullable Path pathOf(Fd fd) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment address = arena.allocate(ADDRESS_BYTE_LENGTH + 1, 2);
            MemorySegment byteLength = arena.allocateFrom(JAVA_INT, ADDRESS_BYTE_LENGTH);
            long result = Kernel.getsockname(fd.number(), address.address(), byteLength.address());
            if (result < 0 || address.get(JAVA_SHORT, 0) != SocketAddress.AF_UNIX) {
                return null;
            }
            String path = address.getString(2, StandardCharsets.UTF_8);
            return path.isEmpty() ? null : Path.of(path).toAbsolutePath().normalize();
        }
    }
}
