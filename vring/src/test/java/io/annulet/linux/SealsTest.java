package io.annulet.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

class SealsTest {
    @Test
    void aSealAddedThroughAReceivedDescriptorBindsItsOwner() {
        try (Fd owner = Memfd.create("guest", 4096, true);
                Fd received = passedThroughASocket(owner)) {
            assertEquals(OptionalInt.of(0), Seals.of(received));
            assertTrue(Seals.add(received, Seals.SHRINK));
            assertTrue(Seals.has(owner, Seals.SHRINK));
            assertFalse(Seals.has(owner, Seals.SHRINK | Seals.GROW));
            assertThrows(LinuxException.class, () -> FileDescriptors.truncate(owner, 0));
            FileDescriptors.truncate(owner, 8192);
            assertEquals(8192, FileDescriptors.status(received).byteLength());
        }
    }

    private static Fd passedThroughASocket(Fd fd) {
        try (Arena arena = Arena.ofConfined();
                UnixSocket.Pair pair = UnixSocket.pair();
                ReceivedFds fds = new ReceivedFds(1)) {
            MemorySegment buffer = arena.allocate(1);
            assertEquals(1, pair.first().send(buffer, 0, 1, new int[] {fd.number()}, 1));
            assertEquals(1, pair.second().receive(buffer, 0, 1, fds));
            return fds.take(0);
        }
    }

    @Test
    void aMemoryFileMadeWithoutSealingRefusesSeals() {
        try (Fd fd = Memfd.create("unsealable", 4096, false)) {
            assertEquals(OptionalInt.of(Seals.SEAL), Seals.of(fd));
            assertFalse(Seals.add(fd, Seals.SHRINK));
        }
    }

    @Test
    void aFileOnAMemoryFileSystemRefusesSeals() {
        try (Fd fd = Memfd.createIn(Path.of("/dev/shm"), 8192)) {
            assertEquals(8192, FileDescriptors.status(fd).byteLength());
            assertEquals(FileStatus.TMPFS_MAGIC, FileDescriptors.status(fd).fileSystemMagic());
            assertFalse(Seals.add(fd, Seals.SHRINK));
        }
    }

    @Test
    void whatIsNoMemoryFileHasNoSeals() {
        try (EventFd event = EventFd.create(true, 0)) {
            assertEquals(OptionalInt.empty(), Seals.of(event.fd()));
            assertFalse(Seals.has(event.fd(), Seals.SHRINK));
            assertFalse(Seals.add(event.fd(), Seals.SHRINK));
        }
    }

    @Test
    void aFileOnADiskOrInDevShmCannotBeSealed() throws IOException {
        Path directory = Path.of("/dev/shm");
        Path file = Files.createTempFile(Files.isWritable(directory) ? directory : Path.of("."), "annulet-seals", null);
        try (Arena arena = Arena.ofConfined();
                Fd fd = TestFiles.open(arena, file)) {
            assertFalse(Seals.add(fd, Seals.SHRINK));
        } finally {
            Files.delete(file);
        }
    }
}
