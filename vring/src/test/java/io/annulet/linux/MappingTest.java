package io.annulet.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class MappingTest {
    private static final long PAGE = Pages.byteLength();

    @Test
    void twoMappingsOfOneFileSeeEachOthersWrites() {
        try (Fd fd = Memfd.create("shared", 2 * PAGE, false);
                Mapping one = Mapping.map(fd, 0, 2 * PAGE, Mapping.Protection.READ_WRITE);
                Mapping other = Mapping.map(fd, PAGE, PAGE, Mapping.Protection.READ, Mapping.Option.NO_RESERVE)) {
            assertNotEquals(one.address(), other.address());
            one.segment().set(JAVA_LONG, PAGE + 8, 42);
            assertEquals(42, other.segment().get(JAVA_LONG, 8));
            assertEquals(PAGE, other.byteLength());
        }
    }

    @Test
    void aPrivateMappingKeepsItsWritesToItself() {
        try (Fd fd = Memfd.create("private", PAGE, false);
                Mapping mine = Mapping.map(fd, 0, PAGE, Mapping.Protection.READ_WRITE, Mapping.Option.PRIVATE);
                Mapping all = Mapping.map(fd, 0, PAGE, Mapping.Protection.READ)) {
            mine.segment().set(JAVA_LONG, 0, 42);
            assertEquals(0, all.segment().get(JAVA_LONG, 0));
        }
    }

    @Test
    void holdsTheFileByItself() {
        Fd fd = Memfd.create("closed-early", PAGE, false);
        try (Mapping mapping = Mapping.map(fd, 0, PAGE, Mapping.Protection.READ_WRITE)) {
            fd.close();
            mapping.segment().set(JAVA_LONG, 0, 42);
            assertEquals(42, mapping.segment().get(JAVA_LONG, 0));
        }
    }

    @Test
    void populatesPagesAtOnce() {
        try (Fd fd = Memfd.create("populated", 4 * PAGE, false);
                Mapping mapping =
                        Mapping.map(fd, 0, 4 * PAGE, Mapping.Protection.READ_WRITE, Mapping.Option.POPULATE)) {
            assertEquals(4 * PAGE, mapping.byteLength());
            assertEquals(4 * PAGE / 512, FileDescriptors.status(fd).blocks());
        }
    }

    @Test
    void populateWriteAnswersBadAddressWhereTheFileHasBecomeShorter() {
        try (Fd fd = Memfd.create("truncated", 4 * PAGE, false);
                Mapping mapping = Mapping.map(fd, 0, 4 * PAGE, Mapping.Protection.READ_WRITE)) {
            assertEquals(0, MemoryAdvice.populateWrite(mapping.address(), 4 * PAGE));
            FileDescriptors.truncate(fd, PAGE);
            assertEquals(-Errno.EFAULT, MemoryAdvice.populateWrite(mapping.address(), 4 * PAGE));
            assertEquals(-Errno.EFAULT, MemoryAdvice.populateRead(mapping.address(), 4 * PAGE));
            assertEquals(0, MemoryAdvice.populateWrite(mapping.address(), PAGE));
        }
    }

    @Test
    void freshMemoryIsZeroAgainAfterItWasGivenBack() {
        try (Mapping mapping = Mapping.anonymous(4 * PAGE, Mapping.Option.HUGE_PAGES)) {
            mapping.segment().fill((byte) 7);
            assertEquals(0, MemoryAdvice.doNotNeed(mapping.address(), 4 * PAGE));
            assertEquals(0, mapping.segment().get(JAVA_BYTE, 0));
        }
    }

    @Test
    void afterReplacingWithZerosStragglersReadZerosAndTheFileIsUntouched() {
        try (Fd fd = Memfd.create("replaced", 2 * PAGE, false);
                Mapping witness = Mapping.map(fd, 0, 2 * PAGE, Mapping.Protection.READ);
                Mapping mapping = Mapping.map(fd, 0, 2 * PAGE, Mapping.Protection.READ_WRITE)) {
            MemorySegment straggler = mapping.segment();
            straggler.set(JAVA_LONG, PAGE, 42);
            mapping.replaceWithZeros();
            assertEquals(0, straggler.get(JAVA_LONG, PAGE));
            straggler.set(JAVA_LONG, PAGE, 43);
            assertEquals(42, witness.segment().get(JAVA_LONG, PAGE));
            assertFalse(isMapped(mapping, "/memfd:replaced"));
        }
    }

    @Test
    void replacingWithZerosHealsATruncatedMapping() {
        try (Fd fd = Memfd.create("healed", PAGE, false);
                Mapping mapping = Mapping.map(fd, 0, PAGE, Mapping.Protection.READ)) {
            FileDescriptors.truncate(fd, 0);
            mapping.replaceWithZeros();
            assertEquals(0, mapping.segment().get(JAVA_LONG, 0));
        }
    }

    @Test
    @Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void aThreadThatKeepsReadingNeverFaultsWhileTheRangeIsReplaced() throws InterruptedException {
        try (Fd fd = Memfd.create("raced", PAGE, false)) {
            Mapping mapping = Mapping.map(fd, 0, PAGE, Mapping.Protection.READ_WRITE);
            AtomicBoolean stop = new AtomicBoolean();
            AtomicLong reads = new AtomicLong();
            Thread reader = Thread.ofPlatform().start(() -> {
                while (!stop.get()) {
                    reads.addAndGet(1 + mapping.segment().get(JAVA_LONG, 0));
                }
            });
            while (reads.get() == 0) {
                Thread.onSpinWait();
            }
            for (int i = 0; i < 1000; i++) {
                mapping.replaceWithZeros();
            }
            stop.set(true);
            reader.join();
            mapping.close();
        }
    }

    @Test
    void unmapsOnceAndNotWhatTookItsPlace() {
        Mapping first = Mapping.anonymous(PAGE);
        first.close();
        try (Mapping second = Mapping.anonymous(PAGE)) {
            first.close();
            second.segment().set(JAVA_LONG, 0, 42);
            assertEquals(42, second.segment().get(JAVA_LONG, 0));
        }
        assertThrows(IllegalStateException.class, first::replaceWithZeros);
    }

    @Test
    void isGoneFromTheProcessAfterwards() {
        try (Fd fd = Memfd.create("watched", PAGE, false)) {
            Mapping mapping = Mapping.map(fd, 0, PAGE, Mapping.Protection.READ);
            assertTrue(isMapped(mapping, "/memfd:watched"));
            mapping.close();
            assertFalse(isMapped(mapping, "/memfd:watched"));
        }
    }

    @Test
    void aRefusedMappingSaysWhatWasAsked() {
        try (Fd fd = Memfd.create("refused", PAGE, false)) {
            LinuxException e =
                    assertThrows(LinuxException.class, () -> Mapping.map(fd, 1, PAGE, Mapping.Protection.READ));
            assertEquals(Errno.EINVAL, e.errno());
            assertEquals("map " + PAGE + " bytes at offset 1 of fd " + fd.number(), e.action());
        }
    }

    private static boolean isMapped(Mapping mapping, String file) {
        String start = Long.toHexString(mapping.address()) + "-";
        try (Stream<String> lines = Files.lines(Path.of("/proc/self/maps"))) {
            return lines.anyMatch(line -> line.startsWith(start) && line.contains(file));
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}
