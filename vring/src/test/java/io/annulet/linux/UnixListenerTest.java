package io.annulet.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

class UnixListenerTest {
    private static final SocketAccess PRIVATE = SocketAccess.ofMode(0600);

    @TempDir
    private Path directory = Path.of(".");

    private Path path = Path.of(".");

    @BeforeEach
    void choosePath() {
        path = directory.resolve("port.sock");
    }

    @Test
    void acceptsConnectionsAndRemovesItsFile() {
        try (UnixListener listener = UnixListener.listen(path, 4, PRIVATE)) {
            assertNull(listener.accept());
            try (UnixSocket client = UnixSocket.connect(path);
                    UnixSocket server = Objects.requireNonNull(listener.accept())) {
                assertTrue(client.fd().isOpen());
                assertTrue(FileDescriptors.isNonBlocking(server.fd()));
                assertNull(listener.accept());
            }
        }
        assertFalse(Files.exists(path, LinkOption.NOFOLLOW_LINKS));
    }

    @Test
    void takesOverASocketThatADeadProcessLeft() {
        leaveStaleSocket();
        try (UnixListener listener = UnixListener.listen(path, 4, PRIVATE)) {
            UnixSocket.connect(path).close();
            accepted(listener.accept()).close();
        }
    }

    private static UnixSocket accepted(@Nullable UnixSocket socket) {
        return Objects.requireNonNull(socket);
    }

    private void leaveStaleSocket() {
        try (Fd fd = UnixSocket.open("leave a socket")) {
            SocketFile.bind(fd, path);
        }
        assertTrue(Files.exists(path));
    }

    @Test
    void leavesASocketInUseAlone() {
        try (UnixListener live = UnixListener.listen(path, 4, PRIVATE)) {
            LinuxException e = assertThrows(LinuxException.class, () -> UnixListener.listen(path, 4, PRIVATE));
            assertEquals(Errno.EADDRINUSE, e.errno());
            assertEquals(
                    "listen on " + path + ": Address already in use (EADDRINUSE); check that no other process serves"
                            + " this socket, or choose another path",
                    e.getMessage());
            accepted(live.accept()).close();
            UnixSocket.connect(path).close();
        }
    }

    @Test
    @Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void aFullBacklogIsInUseToo() {
        List<UnixSocket> clients = new ArrayList<>();
        try (UnixListener live = UnixListener.listen(path, 1, PRIVATE)) {
            LinuxException full = assertThrows(LinuxException.class, () -> {
                while (true) {
                    clients.add(UnixSocket.connect(path));
                }
            });
            assertEquals(Errno.EAGAIN, full.errno());
            LinuxException inUse = assertThrows(LinuxException.class, () -> UnixListener.listen(path, 4, PRIVATE));
            assertEquals(Errno.EADDRINUSE, inUse.errno());
            assertTrue(live.fd().isOpen());
        } finally {
            clients.forEach(UnixSocket::close);
        }
    }

    @Test
    void leavesAFileThatIsNoSocketAlone() throws IOException {
        Files.writeString(path, "precious");
        LinuxException e = assertThrows(LinuxException.class, () -> UnixListener.listen(path, 4, PRIVATE));
        assertEquals(Errno.EEXIST, e.errno());
        assertEquals("precious", Files.readString(path));
    }

    @Test
    void leavesALinkToASocketAlone() throws IOException {
        leaveStaleSocket();
        Path link = Files.createSymbolicLink(directory.resolve("link.sock"), path);
        LinuxException e = assertThrows(LinuxException.class, () -> UnixListener.listen(link, 4, PRIVATE));
        assertEquals(Errno.EEXIST, e.errno());
        assertTrue(Files.exists(link));
    }

    @Test
    void closingDoesNotRemoveTheSuccessorsFile() throws IOException {
        UnixListener old = UnixListener.listen(path, 4, PRIVATE);
        Files.delete(path);
        try (UnixListener successor = UnixListener.listen(path, 4, PRIVATE)) {
            old.close();
            UnixSocket.connect(path).close();
            accepted(successor.accept()).close();
        }
        assertFalse(Files.exists(path));
    }

    @Test
    void setsTheModeWhateverTheUmask() throws IOException {
        try (UnixListener listener = UnixListener.listen(path, 4, SocketAccess.ofMode(0666))) {
            assertEquals(path, listener.path());
            assertEquals("rw-rw-rw-", PosixFilePermissions.toString(Files.getPosixFilePermissions(path)));
        }
        assertThrows(IllegalArgumentException.class, () -> SocketAccess.ofMode(01777));
    }

    @Test
    void givesTheFileToOwnerAndGroup() throws IOException {
        assumeTrue(Privileges.has(Capability.CAP_CHOWN), "giving files away needs CAP_CHOWN");
        try (UnixListener listener = UnixListener.listen(path, 4, new SocketAccess(0660, "nobody", "1234"))) {
            assertEquals("nobody", Files.getOwner(listener.path()).getName());
            assertEquals(1234, Files.getAttribute(path, "unix:gid"));
        }
    }

    @Test
    void anUnknownOwnerIsRefusedAndLeavesNothingBehind() {
        int before = FileDescriptors.openCount();
        SocketAccess access = new SocketAccess(0660, "no-such-user", null);
        LinuxException e = assertThrows(LinuxException.class, () -> UnixListener.listen(path, 4, access));
        assertEquals(
                "give " + path + " to owner no-such-user: No such file or directory (ENOENT); check that this owner"
                        + " no-such-user exists",
                e.getMessage());
        assertFalse(Files.exists(path));
        assertEquals(before, FileDescriptors.openCount());
    }

    @Test
    void namesTheRemedyForAMissingDirectoryAndAnOverlongPath() {
        LinuxException missing = assertThrows(
                LinuxException.class, () -> UnixListener.listen(directory.resolve("no/port.sock"), 4, PRIVATE));
        assertTrue(missing.getMessage().endsWith("(ENOENT); check that its directory exists"), missing::getMessage);
        Path overlong = directory.resolve("x".repeat(108));
        LinuxException e = assertThrows(LinuxException.class, () -> UnixListener.listen(overlong, 4, PRIVATE));
        assertEquals(Errno.ENAMETOOLONG, e.errno());
    }

    @Test
    void aConnectionThatNobodyAcceptsIsRefusedWithARemedy() {
        LinuxException nobody = assertThrows(LinuxException.class, () -> UnixSocket.connect(path));
        assertEquals(Errno.ENOENT, nobody.errno());
        leaveStaleSocket();
        LinuxException stale = assertThrows(LinuxException.class, () -> UnixSocket.connect(path));
        assertEquals(Errno.ECONNREFUSED, stale.errno());
        assertTrue(stale.getMessage().contains("check that the other side is started"), stale::getMessage);
    }

    @Test
    void atTheLimitOfOpenFilesAcceptSaysSoAndWorksAgainLater() {
        try (UnixListener listener = UnixListener.listen(path, 4, PRIVATE);
                UnixSocket client = UnixSocket.connect(path)) {
            long limit = Limits.openFiles().soft();
            Limits.openFiles(0);
            LinuxException e;
            try {
                e = assertThrows(LinuxException.class, listener::accept);
            } finally {
                Limits.openFiles(limit);
            }
            assertEquals(Errno.EMFILE, e.errno());
            accepted(listener.accept()).close();
            assertTrue(client.fd().isOpen());
        }
    }

    @Test
    void aThousandConnectionsLeaveNoDescriptorBehind() {
        OpenFds.areTheSameAfter(10, () -> {
            try (UnixListener listener = UnixListener.listen(path, 4, PRIVATE)) {
                for (int i = 0; i < 100; i++) {
                    UnixSocket.connect(path).close();
                    accepted(listener.accept()).close();
                }
            }
        });
    }
}
