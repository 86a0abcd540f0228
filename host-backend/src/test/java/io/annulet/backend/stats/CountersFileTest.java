package io.annulet.backend.stats;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.agrona.concurrent.status.CountersReader;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class CountersFileTest {

    private static final int ROOM = 2 * PortCounters.COUNT;

    @TempDir
    private Path directory;

    private Path path = Path.of("");

    @BeforeEach
    void chooseAPath() {
        path = directory.resolve("test.counters");
    }

    @Test
    void aReaderSeesWhatIsCounted() throws IOException {
        try (CountersFile file = CountersFile.create(path, ROOM);
                CountersFileReader reader = CountersFileReader.open(path)) {
            PortCounters a = new PortCounters(file.manager(), "a");
            PortCounters b = new PortCounters(file.manager(), "b");
            a.in(3, 192, 2);
            a.inDropped(DropReason.TOO_SHORT);
            b.out(2, 128);
            Map<String, Map<String, Long>> ports = reader.snapshot().ports();
            assertEquals(List.of("a", "b"), List.copyOf(ports.keySet()));
            assertEquals(3L, valueOf(ports, "a", "in.frames"));
            assertEquals(192L, valueOf(ports, "a", "in.bytes"));
            assertEquals(1L, valueOf(ports, "a", "in.dropped.too-short"));
            assertEquals(2L, valueOf(ports, "b", "out.frames"));
            a.in(1, 64, 1);
            assertEquals(4L, valueOf(reader.snapshot().ports(), "a", "in.frames"));
        }
    }

    private static long valueOf(Map<String, Map<String, Long>> owners, String owner, String counted) {
        return Objects.requireNonNull(Objects.requireNonNull(owners.get(owner)).get(counted));
    }

    @Test
    void portsAndWorkersAreApart() throws IOException {
        try (CountersFile file = CountersFile.create(path, ROOM);
                CountersFileReader reader = CountersFileReader.open(path)) {
            new PortCounters(file.manager(), "a");
            new WorkerCounters(file.manager(), "worker-0").error();
            assertEquals(
                    Map.of("worker-0", Map.of("errors", 1L)), reader.snapshot().workers());
            assertEquals(1, reader.snapshot().ports().size());
        }
    }

    @Test
    void aClosedPortIsNotListed() throws IOException {
        try (CountersFile file = CountersFile.create(path, ROOM);
                CountersFileReader reader = CountersFileReader.open(path)) {
            PortCounters a = new PortCounters(file.manager(), "a");
            new PortCounters(file.manager(), "b");
            a.close();
            assertEquals(List.of("b"), List.copyOf(reader.snapshot().ports().keySet()));
        }
    }

    @Test
    void theHeaderTellsWhoAndWhen() throws IOException {
        long before = System.currentTimeMillis();
        try (CountersFile file = CountersFile.create(path, 1);
                CountersFileReader reader = CountersFileReader.open(path)) {
            assertEquals(path, file.path());
            assertEquals(ProcessHandle.current().pid(), reader.pid());
            assertTrue(reader.snapshot().began().toEpochMilli() >= before);
            assertTrue(reader.snapshot().isRunning());
            assertFalse(reader.isStale());
        }
    }

    @Test
    void theFileIsOneUsersAndWhollyThere() throws IOException {
        try (CountersFile file = CountersFile.create(path, 1000)) {
            assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(path)));
            assertEquals(CountersLayout.fileByteLength(1000), Files.size(path));
            assertTrue(file.manager().capacity() >= 1000);
        }
    }

    @Test
    void closingRemovesTheFileAndReadersSeeTheEnd() throws IOException {
        CountersFile file = CountersFile.create(path, 1);
        try (CountersFileReader reader = CountersFileReader.open(path)) {
            file.close();
            assertFalse(Files.exists(path));
            assertFalse(reader.snapshot().isRunning());
            file.close();
        }
    }

    @Test
    void closingLeavesAFileOfSomebodyElseAlone() throws IOException {
        CountersFile file = CountersFile.create(path, 1);
        Files.delete(path);
        Files.writeString(path, "other");
        file.close();
        assertEquals("other", Files.readString(path));
    }

    @Test
    void aPathInUseIsRefused() throws IOException {
        try (CountersFile file = CountersFile.create(path, 1)) {
            assertThrows(FileAlreadyExistsException.class, () -> CountersFile.create(path, 1));
            assertTrue(Files.exists(Objects.requireNonNull(file.path())));
        }
    }

    @Test
    void aFileThatIsNoCountersFileIsNeverReplaced() throws IOException {
        Files.writeString(path, "a letter");
        assertThrows(FileAlreadyExistsException.class, () -> CountersFile.create(path, 1));
        assertEquals("a letter", Files.readString(path));
    }

    @Test
    void whatADeadProcessLeftIsReplacedOrRemoved() throws Exception {
        leaveStaleFile();
        try (CountersFileReader reader = CountersFileReader.open(path)) {
            assertTrue(reader.isStale());
            assertFalse(reader.snapshot().isRunning());
        }
        CountersFile.create(path, 1).close();
        leaveStaleFile();
        try (CountersFile running = CountersFile.create(directory.resolve("running.counters"), 1)) {
            assertEquals(1, CountersFile.removeStale(directory));
            assertFalse(Files.exists(path));
            assertTrue(Files.exists(Objects.requireNonNull(running.path())));
        }
    }

    /** The file of a process that has ended: a child that slept no time. */
    private void leaveStaleFile() throws Exception {
        Process child = new ProcessBuilder("true").start();
        child.waitFor();
        writeFile(1);
        change(CountersLayout.PID_OFFSET, child.pid());
    }

    @Test
    void aReusedPidDoesNotMakeAFileLiveAgain() throws IOException {
        writeFile(1);
        change(CountersLayout.PROCESS_START_OFFSET, 1);
        try (CountersFileReader reader = CountersFileReader.open(path)) {
            assertTrue(reader.isStale());
        }
    }

    @Test
    void aProcessOfAnotherContainerIsNotTakenForDead() throws IOException {
        writeFile(1);
        change(CountersLayout.PROCESS_START_OFFSET, 1);
        change(CountersLayout.PID_NAMESPACE_OFFSET, 7);
        try (CountersFileReader reader = CountersFileReader.open(path)) {
            assertFalse(reader.isStale());
        }
    }

    @Test
    void filesThatAreNoneOrDamagedAreRefused() throws IOException {
        assertThrows(NoSuchFileException.class, () -> CountersFileReader.open(path));
        Files.writeString(path, "short");
        assertThrows(NotCountersException.class, () -> CountersFileReader.open(path));
        Files.write(path, new byte[4096]);
        assertThrows(NotCountersException.class, () -> CountersFileReader.open(path));
        for (long lengths : new long[] {0, -1, 0x0000_0100_0000_0400L, 0x7fff_ff80_7fff_fe00L, 0x80_0000_0000L}) {
            Files.deleteIfExists(path);
            writeFile(1);
            change(CountersLayout.METADATA_LENGTH_OFFSET, lengths);
            assertThrows(NotCountersException.class, () -> CountersFileReader.open(path));
        }
        Files.delete(path);
        writeFile(1);
        change(CountersLayout.VERSION_OFFSET, 2);
        NotCountersException e = assertThrows(NotCountersException.class, () -> CountersFileReader.open(path));
        assertTrue(String.valueOf(e.getReason()).contains("version 2"), e::toString);
    }

    @Test
    void labelsThatAreNotOursArePassedOver() throws IOException {
        try (CountersFile file = CountersFile.create(path, ROOM);
                CountersFileReader reader = CountersFileReader.open(path)) {
            int port = CounterOwner.PORT.typeId();
            file.manager().allocate("\u001b[2Jforged in.frames", port);
            file.manager().allocate("noblank", port);
            int hostile = file.manager().allocate("a hostile", port);
            file.manager().allocate("a good", port);
            change(
                    CountersLayout.HEADER_BYTES
                            + hostile * CountersReader.METADATA_LENGTH
                            + CountersReader.LABEL_OFFSET,
                    Integer.MAX_VALUE);
            assertEquals(Map.of("a", Map.of("good", 0L)), reader.snapshot().ports());
        }
    }

    @Test
    void aFileThatBecomesShorterIsAnErrorAndNoMore() throws IOException {
        writeFile(1);
        try (CountersFileReader reader = CountersFileReader.open(path);
                FileChannel channel = FileChannel.open(path, StandardOpenOption.WRITE)) {
            channel.truncate(CountersLayout.HEADER_BYTES);
            assertThrows(EOFException.class, reader::snapshot);
        }
    }

    @Test
    void countersInMemoryNeedNoFile() throws IOException {
        try (CountersFile file = CountersFile.inMemory(ROOM)) {
            new PortCounters(file.manager(), "a").in(1, 60, 1);
            assertEquals(1, file.manager().getCounterValue(0));
        }
    }

    @Test
    void aFullFileSystemIsAnErrorAtOnceAndLeavesNoFile() throws Exception {
        assumeTrue(run("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", directory.toString()), "mounting needs root");
        try {
            IOException e = assertThrows(IOException.class, () -> CountersFile.create(path, 1000));
            assertTrue(String.valueOf(e.getMessage()).contains("No space left"), e::toString);
            assertFalse(Files.exists(path));
        } finally {
            run("umount", directory.toString());
        }
    }

    private static boolean run(String... command) throws Exception {
        return new ProcessBuilder(command).start().waitFor() == 0;
    }

    @Test
    void roomForCountersHasALimit() {
        assertThrows(IllegalArgumentException.class, () -> CountersFile.create(path, (1 << 20) + 1));
    }

    @Test
    void theDirectoryIsForOneUserAlone() throws IOException {
        Path ours = directory.resolve("ours");
        CountersPaths.prepare(ours);
        CountersPaths.prepare(ours);
        assertEquals("rwx------", PosixFilePermissions.toString(Files.getPosixFilePermissions(ours)));
        Files.setPosixFilePermissions(ours, PosixFilePermissions.fromString("rwxrwxrwx"));
        assertThrows(AccessDeniedException.class, () -> CountersPaths.prepare(ours));
        Path link = Files.createSymbolicLink(directory.resolve("link"), directory);
        assertThrows(NotDirectoryException.class, () -> CountersPaths.prepare(link));
    }

    /** Leaves a counters file of this process behind. */
    private void writeFile(int counters) throws IOException {
        Path made = directory.resolve("made");
        CountersFile file = CountersFile.create(made, counters);
        Files.copy(made, path);
        file.close();
    }

    private void change(int offset, long value) throws IOException {
        ByteBuffer word = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.WRITE)) {
            channel.write(word.putLong(0, value), offset);
        }
    }
}
