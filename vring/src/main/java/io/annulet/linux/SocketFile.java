package io.annulet.linux;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.UserPrincipalLookupService;
import java.nio.file.attribute.UserPrincipalNotFoundException;
import org.jspecify.annotations.Nullable;

/**
 * The file of a listening socket: found stale and taken over, given to its users, and removed at the end if it is still
 * the same one.
 */
final class SocketFile {
    private static final int TAKE_OVER_ATTEMPTS = 3;

    private final Path path;
    private final FileStatus bound;

    private SocketFile(Path path, FileStatus bound) {
        this.path = path;
        this.bound = bound;
    }

    /**
     * Binds {@code socket} to {@code path}. A socket file that nobody listens on is removed first; one that somebody
     * listens on, and any other file, is left alone and refused.
     */
    static SocketFile bind(Fd socket, Path path) {
        for (int attempt = 0; attempt < TAKE_OVER_ATTEMPTS; attempt++) {
            long result = tryBind(socket, path);
            if (result != -Errno.EADDRINUSE) {
                LinuxException.check(result, action(path), remedy((int) -result));
                return new SocketFile(path, statusOfBound(path));
            }
            removeIfStale(path);
        }
        throw new LinuxException(action(path), Errno.EADDRINUSE, "check that nobody else listens there");
    }

    /** The file that is at {@code path} now; null if there is no socket. */
    static @Nullable SocketFile at(Path path) {
        FileStatus found = FileDescriptors.statusAt(path);
        return found == null || found.type() != FileStatus.Type.SOCKET ? null : new SocketFile(path, found);
    }

    private static FileStatus statusOfBound(Path path) {
        FileStatus bound = FileDescriptors.statusAt(path);
        if (bound == null) {
            throw new LinuxException(action(path), Errno.ENOENT, "check that nobody else removes the socket");
        }
        return bound;
    }

    private static long tryBind(Fd socket, Path path) {
        try (Arena arena = Arena.ofConfined()) {
            SocketAddress address = SocketAddress.of(arena, path);
            return Kernel.bind(socket.number(), address.address(), address.byteLength());
        }
    }

    private static void removeIfStale(Path path) {
        FileStatus found = FileDescriptors.statusAt(path);
        if (found == null) {
            return;
        }
        if (found.type() != FileStatus.Type.SOCKET) {
            throw new LinuxException(action(path), Errno.EEXIST, "check the path: a file that is no socket is there");
        }
        if (answers(path)) {
            throw new LinuxException(
                    action(path),
                    Errno.EADDRINUSE,
                    "check that no other process serves this socket, or choose another path");
        }
        removeIfSame(path, found);
    }

    /** Whether someone listens at {@code path}. Only a refused connection proves that nobody does. */
    private static boolean answers(Path path) {
        try {
            UnixSocket.connect(path).close();
            return true;
        } catch (LinuxException e) {
            return switch (e.errno()) {
                case Errno.ECONNREFUSED, Errno.ENOENT -> false;
                case Errno.EAGAIN, Errno.EPROTOTYPE -> true;
                default -> throw e;
            };
        }
    }

    /** Sets rights and owner, in this order of safety: nobody can connect before the socket listens. */
    void give(SocketAccess access) {
        try (Arena arena = Arena.ofConfined()) {
            long address = arena.allocateFrom(path.toString()).address();
            LinuxException.check(Kernel.fchmodat(Kernel.AT_FDCWD, address, access.mode()), "set the mode of " + path);
        }
        PosixFileAttributeView view =
                Files.getFileAttributeView(path, PosixFileAttributeView.class, LinkOption.NOFOLLOW_LINKS);
        UserPrincipalLookupService principals = path.getFileSystem().getUserPrincipalLookupService();
        String owner = access.owner();
        if (owner != null) {
            giveTo("owner " + owner, () -> view.setOwner(principals.lookupPrincipalByName(owner)));
        }
        String group = access.group();
        if (group != null) {
            giveTo("group " + group, () -> view.setGroup(principals.lookupPrincipalByGroupName(group)));
        }
    }

    private interface Change {
        void make() throws IOException;
    }

    private void giveTo(String whom, Change change) {
        String action = "give " + path + " to " + whom;
        try {
            change.make();
        } catch (UserPrincipalNotFoundException e) {
            throw new LinuxException(action, Errno.ENOENT, "check that this " + whom + " exists");
        } catch (FileSystemException e) {
            throw new LinuxException(action, Errno.EPERM, "check that this process may give files away (CAP_CHOWN)");
        } catch (IOException e) {
            throw new LinuxException(action, Errno.EIO, "check the user database");
        }
    }

    /**
     * Removes the file unless it has been replaced. To be called while the socket is open: it holds the inode, so that no
     * other file can have its number.
     */
    void remove() {
        removeIfSame(path, bound);
    }

    private static void removeIfSame(Path path, FileStatus expected) {
        FileStatus found = FileDescriptors.statusAt(path);
        if (found == null || !found.isSameFile(expected)) {
            return;
        }
        try (Arena arena = Arena.ofConfined()) {
            long result = Kernel.unlinkat(
                    Kernel.AT_FDCWD, arena.allocateFrom(path.toString()).address());
            if (result != -Errno.ENOENT) {
                LinuxException.check(result, "remove " + path, "check the rights on its directory");
            }
        }
    }

    private static String action(Path path) {
        return "listen on " + path;
    }

    private static String remedy(int errno) {
        return switch (errno) {
            case Errno.ENOENT -> "check that its directory exists";
            case Errno.EACCES, Errno.EROFS -> "check that this process may write to its directory";
            default -> "";
        };
    }
}
