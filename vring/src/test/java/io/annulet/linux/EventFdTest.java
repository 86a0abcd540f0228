package io.annulet.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class EventFdTest {
    private static final long FULL = -2;

    @Test
    void drainCountsTheSignalsSinceTheLastDrain() {
        try (EventFd event = EventFd.create(true, 3)) {
            assertEquals(0, event.signal());
            assertEquals(4, event.drain());
            assertEquals(0, event.drain());
        }
    }

    @Test
    void aFullCounterDoesNotLookLikeAnError() {
        try (EventFd event = EventFd.create(true, 0)) {
            assertEquals(0, event.add(FULL));
            assertEquals(Long.MAX_VALUE, event.drain());
        }
    }

    @Test
    void signallingAFullCounterThatDoesNotBlockAnswersTryAgain() {
        try (EventFd event = EventFd.create(true, 0)) {
            assertEquals(0, event.add(FULL));
            assertEquals(-Errno.EAGAIN, event.signal());
        }
    }

    @Test
    void drainingNowNeverWaitsEvenIfTheEventFdBlocks() {
        try (EventFd event = EventFd.create(false, 0)) {
            assertEquals(0, event.drainNow());
            event.add(5);
            assertEquals(5, event.drainNow());
        }
    }

    @Test
    void aCounterIsFullWhenASignalWouldWait() {
        try (EventFd event = EventFd.create(false, 0)) {
            event.add(FULL - 1);
            assertFalse(event.isFull());
            event.signal();
            assertTrue(event.isFull());
            assertEquals(Long.MAX_VALUE, event.drainNow());
            assertFalse(event.isFull());
        }
    }

    @Test
    void signallingAClosedOneAnswersBadFileDescriptor() {
        EventFd event = EventFd.create(true, 0);
        event.close();
        assertEquals(-Errno.EBADF, event.signal());
        assertEquals(-Errno.EBADF, event.drain());
    }

    @Test
    void bothHoldersOfADuplicateShareTheCounter() {
        try (EventFd mine = EventFd.create(true, 0);
                EventFd theirs = EventFd.adopt(FileDescriptors.duplicate(mine.fd()))) {
            theirs.signal();
            assertEquals(1, mine.drain());
        }
    }

    @Test
    @Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void aSignalThatAPeerMadeToBlockIsFreedByADrain() throws Exception {
        try (EventFd event = EventFd.create(true, 0);
                Fd peers = FileDescriptors.duplicate(event.fd())) {
            FileDescriptors.setNonBlocking(peers, false);
            assertEquals(0, event.add(FULL));
            CompletableFuture<Integer> threadId = new CompletableFuture<>();
            CompletableFuture<Long> result = new CompletableFuture<>();
            Thread.ofPlatform().daemon().start(() -> {
                threadId.complete(Cpus.currentThreadId());
                result.complete(event.signal());
            });
            awaitAsleepInWrite(threadId.get(10, TimeUnit.SECONDS));
            assertFalse(result.isDone());
            assertEquals(Long.MAX_VALUE, event.drain());
            assertEquals(0, result.get(10, TimeUnit.SECONDS));
        }
    }

    /** The kernel tells the number of the system call that a sleeping thread is in. */
    private static void awaitAsleepInWrite(int threadId) throws IOException {
        Path path = Path.of("/proc/self/task/" + threadId + "/syscall");
        String write = Syscall.number(1, 64) + " ";
        while (!Files.readString(path).startsWith(write)) {
            assertFalse(Thread.currentThread().isInterrupted(), "timed out");
        }
    }

    @Test
    void aSocketIsSignalledWithoutEverWaiting() {
        try (UnixSocket.Pair pair = UnixSocket.pair();
                ReceivedFds none = new ReceivedFds(0)) {
            FileDescriptors.setNonBlocking(pair.first().fd(), false);
            EventFd signal = EventFd.adoptSocket(pair.first().fd());
            assertEquals(0, signal.signal());
            MemorySegment bytes = Arena.ofAuto().allocate(16);
            assertEquals(8, pair.second().receive(bytes, 0, 16, none));
            int sent = 0;
            while (signal.signal() == 0) {
                sent++;
            }
            assertEquals(-Errno.EAGAIN, signal.signal());
            assertTrue(sent > 0);
        }
    }

    @Test
    void tellsEventFdsFromEverythingElse() {
        try (EventFd event = EventFd.create(true, 0);
                UnixSocket.Pair pair = UnixSocket.pair();
                Fd memory = Memfd.create("anon_inode:[eventfd]", 8, false);
                Fd devNull = TestFiles.openDevNull()) {
            assertTrue(EventFd.isEventFd(event.fd()));
            assertFalse(EventFd.isEventFd(pair.first().fd()));
            assertFalse(EventFd.isEventFd(memory));
            assertFalse(EventFd.isEventFd(devNull));
        }
    }
}
