package io.annulet.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.BitSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class IoUringTest {
    private static final int BATCH = 64;

    private final Arena arena = Arena.ofConfined();

    @BeforeEach
    void needsIoUring() {
        assumeTrue(
                KernelFeatures.ioUring() == KernelFeatures.Answer.AVAILABLE, "this kernel has or allows no io_uring");
    }

    @AfterEach
    void freeMemory() {
        arena.close();
    }

    @Test
    void manyRequestsAreOneSystemCall() {
        try (IoUring ring = IoUring.create(BATCH)) {
            for (int i = 0; i < BATCH; i++) {
                assertTrue(ring.nop(i));
            }
            assertEquals(BATCH, ring.submit(BATCH));
            BitSet completed = new BitSet();
            while (ring.nextCompletion()) {
                assertEquals(0, ring.result());
                completed.set((int) ring.tag());
            }
            assertEquals(BATCH, completed.cardinality());
            assertEquals(1, ring.enters());
        }
    }

    @Test
    void aFullRingTakesNoMoreUntilItWasSubmitted() {
        try (IoUring ring = IoUring.create(4)) {
            for (int round = 0; round < 10; round++) {
                for (int i = 0; i < ring.capacity(); i++) {
                    assertTrue(ring.nop(i));
                }
                assertFalse(ring.nop(99));
                assertEquals(ring.capacity(), ring.unsubmitted());
                assertEquals(ring.capacity(), ring.submit(ring.capacity()));
                assertEquals(ring.capacity(), completions(ring));
                assertEquals(ring.capacity(), ring.free());
            }
        }
    }

    private static int completions(IoUring ring) {
        int count = 0;
        while (ring.nextCompletion()) {
            count++;
        }
        return count;
    }

    @Test
    void whatIsWrittenIsReadAgain() {
        MemorySegment sent = arena.allocateFrom("annulet");
        MemorySegment received = arena.allocate(64);
        try (IoUring ring = IoUring.create(4);
                Pipe pipe = Pipe.create(4096)) {
            assertTrue(ring.write(pipe.writeEnd().number(), sent.address(), (int) sent.byteSize(), 1));
            assertEquals(1, ring.submit(1));
            expect(ring, 1, (int) sent.byteSize());
            assertTrue(ring.read(pipe.readEnd().number(), received.address(), 64, 2));
            assertEquals(1, ring.submit(1));
            expect(ring, 2, (int) sent.byteSize());
            assertEquals("annulet", received.getString(0));
        }
    }

    private static void expect(IoUring ring, long tag, int result) {
        assertTrue(ring.nextCompletion());
        assertEquals(tag, ring.tag());
        assertEquals(result, ring.result());
    }

    @Test
    void gathersAndScatters() {
        MemorySegment bytes = arena.allocateFrom(JAVA_BYTE, new byte[] {1, 2, 3, 4, 5, 6});
        MemorySegment back = arena.allocate(6);
        IoVectors out = new IoVectors(2);
        out.set(0, bytes.address() + 3, 3);
        out.set(1, bytes.address(), 3);
        IoVectors in = new IoVectors(2);
        in.set(0, back.address() + 3, 3);
        in.set(1, back.address(), 3);
        try (IoUring ring = IoUring.create(4);
                Pipe pipe = Pipe.create(4096)) {
            assertTrue(ring.writev(pipe.writeEnd().number(), out.address(), 2, 1));
            ring.submit(1);
            expect(ring, 1, 6);
            assertTrue(ring.readv(pipe.readEnd().number(), in.address(), 2, 2));
            ring.submit(1);
            expect(ring, 2, 6);
            assertEquals(-1, bytes.mismatch(back));
        }
    }

    @Test
    void registeredFilesAndBuffersAreNamedByTheirPlace() {
        MemorySegment buffer = arena.allocate(8192, 4096);
        buffer.setString(0, "fixed");
        IoVectors buffers = new IoVectors(1);
        buffers.set(0, buffer.address(), buffer.byteSize());
        try (IoUring ring = IoUring.create(4);
                Pipe pipe = Pipe.create(4096)) {
            ring.registerFiles(pipe.readEnd().number(), pipe.writeEnd().number());
            ring.registerBuffers(buffers, 1);
            assertTrue(ring.writeFixed(1, buffer.address(), 6, 0, 1));
            ring.submit(1);
            expect(ring, 1, 6);
            assertTrue(ring.readFixed(0, buffer.address() + 4096, 6, 0, 2));
            ring.submit(1);
            expect(ring, 2, 6);
            assertEquals("fixed", buffer.getString(4096));
            assertTrue(ring.write(7, buffer.address(), 6, 3));
            ring.submit(1);
            expect(ring, 3, -Errno.EBADF);
        }
    }

    /** A request that is refused completes with its error, and those behind it are made all the same. */
    @Test
    void oneBadRequestDoesNotHoldUpTheOthers() {
        MemorySegment bytes = arena.allocate(8);
        try (IoUring ring = IoUring.create(4);
                EventFd event = EventFd.create(true, 0)) {
            bytes.set(JAVA_BYTE, 0, (byte) 1);
            assertTrue(ring.write(-1, bytes.address(), 8, 1));
            assertTrue(ring.write(event.fd().number(), 1, 8, 2));
            assertTrue(ring.write(event.fd().number(), bytes.address(), 8, 3));
            assertEquals(3, ring.submit(3));
            long[] results = new long[4];
            while (ring.nextCompletion()) {
                results[(int) ring.tag()] = ring.result();
            }
            assertEquals(-Errno.EBADF, results[1]);
            assertEquals(-Errno.EFAULT, results[2]);
            assertEquals(8, results[3]);
            assertEquals(1, event.drain());
        }
    }

    @Test
    void readsAndWritesFramesOfATap() throws InterruptedException {
        QuietTap.assumeAvailable();
        MemorySegment frames = arena.allocate(BATCH * 128L, 64);
        try (QuietTap quiet = QuietTap.open();
                IoUring ring = IoUring.create(BATCH)) {
            int file = quiet.tap().fd().number();
            for (int i = 0; i < BATCH; i++) {
                MemorySegment frame = frames.asSlice(i * 128L, 128);
                frame.set(JAVA_BYTE, 0, (byte) 2);
                assertEquals(64, quiet.host().send(frame.address(), 64));
            }
            for (int i = 0; i < BATCH; i++) {
                assertTrue(ring.read(file, frames.address() + i * 128L, 128, i));
            }
            assertEquals(BATCH, ring.submit(BATCH));
            for (int i = 0; i < BATCH; i++) {
                assertTrue(ring.nextCompletion());
                assertEquals(QuietTap.HEADER_BYTES + 64, ring.result());
            }
            for (int i = 0; i < BATCH; i++) {
                assertTrue(ring.write(file, frames.address() + i * 128L, QuietTap.HEADER_BYTES + 64, i));
            }
            assertEquals(BATCH, ring.submit(BATCH));
            for (int i = 0; i < BATCH; i++) {
                assertTrue(ring.nextCompletion());
                assertEquals(QuietTap.HEADER_BYTES + 64, ring.result());
            }
            assertEquals(2, ring.enters());
        }
    }

    @Test
    void closingLeavesNothingBehind() {
        OpenFds.areTheSameAfter(20, () -> {
            try (IoUring ring = IoUring.create(8)) {
                ring.nop(1);
                ring.submit(1);
            }
            assertThrows(LinuxException.class, () -> IoUring.create(1 << 30));
        });
    }
}
