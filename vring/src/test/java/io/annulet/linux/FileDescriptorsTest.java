package io.annulet.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

class FileDescriptorsTest {
    private static final int F_GETFD = 1;
    private static final int FD_CLOEXEC = 1;

    @Test
    void statusTellsKindLengthAndFileSystem() {
        try (Fd fd = Memfd.create("status", 12_345, false)) {
            FileStatus status = FileDescriptors.status(fd);
            assertEquals(FileStatus.Type.REGULAR, status.type());
            assertEquals(12_345, status.byteLength());
            assertEquals(0, status.blocks(), "nothing is allocated before it is used");
            assertEquals(FileStatus.TMPFS_MAGIC, status.fileSystemMagic());
            assertEquals(Pages.byteLength(), status.fileSystemBlockByteLength());
            assertFalse(status.isOnHugetlbfs());
        }
    }

    @Test
    void statusAgreesWithWhatTheJdkSays(@TempDir Path directory) throws IOException {
        Path file = Files.write(directory.resolve("file"), new byte[777]);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r-----"));
        FileStatus status = Objects.requireNonNull(FileDescriptors.statusAt(file));
        assertEquals(777, status.byteLength());
        assertEquals(0640, status.permissions());
        assertEquals(Files.getAttribute(file, "unix:ino"), status.inode());
        assertEquals(Files.getAttribute(file, "unix:uid"), status.owner());
        assertEquals(Files.getAttribute(file, "unix:gid"), status.group());
        assertNull(FileDescriptors.statusAt(directory.resolve("nothing")));
    }

    @Test
    void statusTellsSocketsAndEventFdsApart() {
        try (UnixSocket.Pair pair = UnixSocket.pair();
                EventFd event = EventFd.create(true, 0)) {
            assertEquals(
                    FileStatus.Type.SOCKET,
                    FileDescriptors.status(pair.first().fd()).type());
            assertEquals(
                    FileStatus.Type.ANONYMOUS,
                    FileDescriptors.status(event.fd()).type());
        }
    }

    @Test
    void aDuplicateIsTheSameFileAndClosesOnExec() {
        Fd fd = Memfd.create("original", 4096, false);
        try (Fd duplicate = FileDescriptors.duplicate(fd)) {
            assertTrue(FileDescriptors.status(fd).isSameFile(FileDescriptors.status(duplicate)));
            assertEquals(FD_CLOEXEC, Kernel.fcntl(duplicate.number(), F_GETFD, 0));
            fd.close();
            assertEquals(4096, FileDescriptors.status(duplicate).byteLength());
        }
    }

    @Test
    void nonBlockingIsSharedByDuplicates() {
        try (EventFd event = EventFd.create(true, 0);
                Fd duplicate = FileDescriptors.duplicate(event.fd())) {
            assertTrue(FileDescriptors.isNonBlocking(event.fd()));
            FileDescriptors.setNonBlocking(duplicate, false);
            assertFalse(FileDescriptors.isNonBlocking(event.fd()));
        }
    }

    @Test
    void aHoleReadsAsZerosAndFreesItsPages() {
        long half = 4 << 20;
        try (Fd fd = Memfd.create("hole", 2 * half, true);
                Mapping mapping = Mapping.map(fd, 0, 2 * half, Mapping.Protection.READ_WRITE)) {
            mapping.segment().fill((byte) 7);
            assertTrue(Seals.add(fd, Seals.SHRINK), "holes are allowed in a file that cannot shrink");
            FileDescriptors.punchHole(fd, 0, half);
            assertEquals(0, mapping.segment().get(JAVA_BYTE, half - 1));
            assertEquals(7, mapping.segment().get(JAVA_BYTE, half));
            assertEquals(2 * half, FileDescriptors.status(fd).byteLength());
            long allocated = FileDescriptors.status(fd).blocks() * 512;
            assertTrue(allocated < 2 * half, () -> allocated + " bytes are still allocated");
        }
    }

    @Test
    @Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void awaitsReadinessOrTheEndOfTheTime() {
        try (EventFd event = EventFd.create(true, 0)) {
            assertFalse(FileDescriptors.awaitReadable(event.fd(), TimeUnit.MILLISECONDS.toNanos(5)));
            assertTrue(FileDescriptors.awaitWritable(event.fd(), Long.MAX_VALUE));
            event.signal();
            assertTrue(FileDescriptors.awaitReadable(event.fd(), Long.MAX_VALUE));
        }
    }

    @Test
    void countsOpenDescriptors() {
        int before = FileDescriptors.openCount();
        try (EventFd event = EventFd.create(true, 0)) {
            assertTrue(event.fd().isOpen());
            assertEquals(before + 1, FileDescriptors.openCount());
        }
        assertEquals(before, FileDescriptors.openCount());
    }

    @Test
    void aFailedTruncateNamesTheActionAndTheErrno() {
        try (Fd fd = Memfd.create("sealed", 8192, true)) {
            assertTrue(Seals.add(fd, Seals.SHRINK));
            LinuxException e = assertThrows(LinuxException.class, () -> FileDescriptors.truncate(fd, 0));
            assertEquals("truncate fd " + fd.number() + " to 0 bytes: Operation not permitted (EPERM)", e.getMessage());
        }
    }
}
