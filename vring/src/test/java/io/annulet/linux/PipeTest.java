package io.annulet.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class PipeTest {

    @Test
    void lentPagesAreNotCopies() {
        try (Arena arena = Arena.ofConfined();
                Pipe pipe = Pipe.create(65_536)) {
            MemorySegment page = arena.allocate(4096, 4096);
            MemorySegment seen = arena.allocate(1);
            IoVectors vectors = new IoVectors(1);
            vectors.set(0, page.address(), page.byteSize());
            assertEquals(4096, pipe.lend(vectors.address(), 1));
            page.set(JAVA_BYTE, 0, (byte) 7);
            assertEquals(1, Kernel.read(pipe.readEnd().number(), seen.address(), 1));
            assertEquals(7, seen.get(JAVA_BYTE, 0));
        }
    }

    @Test
    void copiedBytesGoOnToAFile() {
        try (Arena arena = Arena.ofConfined();
                Pipe pipe = Pipe.create(65_536);
                Fd sink = FileDescriptors.openForWriting(Path.of("/dev/null"))) {
            MemorySegment bytes = arena.allocate(9000);
            assertEquals(9000, pipe.write(bytes.address(), 9000));
            assertEquals(9000, pipe.moveTo(sink, 65_536));
            assertEquals(-Errno.EAGAIN, pipe.moveTo(sink, 65_536));
        }
    }

    @Test
    void aSizeThatIsRefusedLeavesNoDescriptorBehind() {
        OpenFds.areTheSameAfter(20, () -> assertThrows(LinuxException.class, () -> Pipe.create(-1)));
    }
}
