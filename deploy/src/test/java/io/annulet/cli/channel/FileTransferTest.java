package io.annulet.cli.channel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.channel.SealedChannel;
import io.annulet.cli.CommandFailure;
import io.annulet.memory.HostMemory;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Files over a sealed channel between two threads. */
@Timeout(120)
final class FileTransferTest {
    private static final long LIMIT_NANOS = TimeUnit.SECONDS.toNanos(60);

    @TempDir
    private Path folder;

    private Path in;
    private final StringWriter said = new StringWriter();

    @BeforeEach
    void makeFolder() throws IOException {
        in = Files.createDirectory(folder.resolve("in"));
    }

    private Path file(String name, int byteLength) throws IOException {
        byte[] bytes = new byte[byteLength];
        new Random(byteLength).nextBytes(bytes);
        return Files.write(folder.resolve(name), bytes);
    }

    /** Sends on a thread of its own and receives on this one until both are through. */
    private void transfer(BenchmarkPair pair, Path file) throws Exception {
        Throwable[] failure = {null};
        SealedChannel channel = pair.receiver();
        // The pair's handshake is over, so the sender, who offers when one succeeds, asks for another.
        pair.sender().renew();
        Thread sender = Thread.ofPlatform().start(() -> {
            try {
                new FileSender(pair.sender(), file, new PrintWriter(said)).run(LIMIT_NANOS);
            } catch (Throwable e) {
                failure[0] = e;
            }
        });
        try (FileReceiver receiver = new FileReceiver(channel, in, new PrintWriter(said))) {
            while (sender.isAlive()) {
                if (receiver.turn() == 0) {
                    channel.await(TimeUnit.MILLISECONDS.toNanos(10));
                }
            }
        }
        sender.join();
        if (failure[0] instanceof Exception e) {
            throw e;
        }
        assertEquals(null, failure[0]);
    }

    @Test
    void arrivesWithItsContentAndItsName() throws Exception {
        Path file = file("data", 3_000_001);
        try (BenchmarkPair pair = new BenchmarkPair()) {
            transfer(pair, file);
        }
        assertArrayEquals(Files.readAllBytes(file), Files.readAllBytes(in.resolve("data")));
        try (Stream<Path> left = Files.list(in)) {
            assertEquals(1, left.count(), "no notes and parts are left");
        }
    }

    @Test
    void anEmptyFileArrivesToo() throws Exception {
        try (BenchmarkPair pair = new BenchmarkPair()) {
            transfer(pair, file("empty", 0));
        }
        assertEquals(0, Files.size(in.resolve("empty")));
    }

    @Test
    void goesOnWhereAnEarlierTransferStopped() throws Exception {
        Path file = file("data", 2_000_000);
        String hash = ContentHash.of(file);
        byte[] content = Files.readAllBytes(file);
        try (PartialFile part = PartialFile.open(in, "data", content.length, hash)) {
            HostMemory.copyIn(content, 0, 1_500_000, part.address());
            assertTrue(part.advance(0, 1_500_000));
        }
        long received;
        try (BenchmarkPair pair = new BenchmarkPair()) {
            transfer(pair, file);
            received = pair.receiver().counts().bytesReceived();
        }
        assertTrue(received < 600_000, "only the rest was sent: " + received);
        assertArrayEquals(content, Files.readAllBytes(in.resolve("data")));
    }

    @Test
    void contentThatIsNotWhatWasOfferedIsThrownAway() throws Exception {
        Path file = file("data", 100_000);
        try (PartialFile part = PartialFile.open(in, "data", 100_000, ContentHash.of(file))) {
            assertTrue(part.advance(0, 50_000));
        }
        try (BenchmarkPair pair = new BenchmarkPair()) {
            CommandFailure refused = assertThrows(CommandFailure.class, () -> transfer(pair, file));
            assertNotNull(refused.getMessage());
        }
        try (Stream<Path> left = Files.list(in)) {
            assertEquals(0, left.count());
        }
    }

    @Test
    void neverReplacesAFile() throws Exception {
        Files.writeString(in.resolve("data"), "mine");
        Path file = file("data", 1000);
        try (BenchmarkPair pair = new BenchmarkPair()) {
            assertThrows(CommandFailure.class, () -> transfer(pair, file));
        }
        assertEquals("mine", Files.readString(in.resolve("data")));
    }

    @Test
    void namesThatLeadElsewhereAreRefused() {
        String hash = "0".repeat(64);
        for (String name : new String[] {"", ".", "..", "../x", "a/b", ".hidden", "x\ny", "x".repeat(201)}) {
            assertThrows(IllegalArgumentException.class, () -> PartialFile.open(in, name, 1, hash), name);
        }
        assertThrows(IllegalArgumentException.class, () -> PartialFile.open(in, "x", 1, "../../etc"));
        assertFalse(Files.exists(folder.resolve("x")));
    }
}
