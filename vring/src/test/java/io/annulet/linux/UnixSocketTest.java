package io.annulet.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class UnixSocketTest {
    private static final int[] NO_FDS = {};
    private static final int F_GETFD = 1;
    private static final int FD_CLOEXEC = 1;

    private final Arena arena = Arena.ofConfined();
    private final UnixSocket.Pair pair = UnixSocket.pair();
    private final UnixSocket near = pair.first();
    private final UnixSocket far = pair.second();
    private final MemorySegment buffer = arena.allocate(64);
    private final ReceivedFds received = new ReceivedFds(ReceivedFds.MAX_IN_MESSAGE);

    @AfterEach
    void closeAll() {
        received.close();
        pair.close();
        arena.close();
    }

    @Test
    void carriesBytesAtAnOffset() {
        buffer.set(JAVA_BYTE, 10, (byte) 42);
        assertEquals(3, near.send(buffer, 10, 3, NO_FDS, 0));
        assertEquals(3, far.receive(buffer, 20, 40, received));
        assertEquals(42, buffer.get(JAVA_BYTE, 20));
        assertEquals(0, received.count());
    }

    @Test
    void answersTryAgainWhenThereIsNothingAndZeroAtTheEnd() {
        assertEquals(-Errno.EAGAIN, far.receive(buffer, 0, 64, received));
        near.close();
        assertEquals(0, far.receive(buffer, 0, 64, received));
        assertEquals(-Errno.EPIPE, far.send(buffer, 0, 1, NO_FDS, 0));
    }

    @Test
    void answersTryAgainWhenThereIsNoRoomEvenOnASocketThatBlocks() {
        FileDescriptors.setNonBlocking(near.fd(), false);
        MemorySegment large = arena.allocate(1 << 20);
        long sent = near.send(large, 0, large.byteSize(), NO_FDS, 0);
        while (sent > 0) {
            sent = near.send(large, 0, large.byteSize(), NO_FDS, 0);
        }
        assertEquals(-Errno.EAGAIN, sent);
    }

    @Test
    void carriesAsManyDescriptorsAsTheKernelAllows() {
        try (EventFd event = EventFd.create(true, 0)) {
            assertEquals(12, near.send(buffer, 0, 12, copiesOf(event.fd(), 253), 253));
            assertEquals(12, far.receive(buffer, 0, 12, received));
            assertEquals(253, received.count());
            assertFalse(received.isTruncated());
            for (int i = 0; i < 253; i++) {
                try (EventFd copy = EventFd.adopt(received.take(i))) {
                    assertEquals(0, copy.signal());
                }
            }
            assertEquals(253, event.drain());
        }
    }

    @Test
    void refusesToSendMoreDescriptorsThanTheKernelAllows() {
        assertThrows(IndexOutOfBoundsException.class, () -> near.send(buffer, 0, 1, new int[300], 254));
        assertThrows(IndexOutOfBoundsException.class, () -> near.send(buffer, 0, 1, new int[1], 2));
    }

    @Test
    void descriptorsComeWithTheFirstByteOfTheirMessageAndNotWithTheNextMessage() {
        try (EventFd event = EventFd.create(true, 0)) {
            assertEquals(20, near.send(buffer, 0, 20, copiesOf(event.fd(), 2), 2));
            assertEquals(20, near.send(buffer, 0, 20, copiesOf(event.fd(), 1), 1));
            assertEquals(12, far.receive(buffer, 0, 12, received));
            assertEquals(2, received.count());
            assertEquals(8, far.receive(buffer, 12, 8, received));
            assertEquals(2, received.count());
            assertEquals(20, far.receive(buffer, 0, 64, received));
            assertEquals(3, received.count());
        }
    }

    @Test
    void receivedDescriptorsCloseOnExec() {
        near.send(buffer, 0, 1, copiesOf(near.fd(), 1), 1);
        far.receive(buffer, 0, 1, received);
        try (Fd fd = received.take(0)) {
            assertEquals(FD_CLOEXEC, Kernel.fcntl(fd.number(), F_GETFD, 0));
        }
    }

    @Test
    void closesDescriptorsBeyondTheLimitAndCountsThem() {
        int before = FileDescriptors.openCount();
        try (ReceivedFds few = new ReceivedFds(8)) {
            near.send(buffer, 0, 1, copiesOf(near.fd(), 20), 20);
            assertEquals(1, far.receive(buffer, 0, 1, few));
            assertEquals(8, few.count());
            assertEquals(12, few.surplus());
            assertFalse(few.isTruncated());
            assertEquals(before + 8, FileDescriptors.openCount());
            try (Fd taken = few.take(3)) {
                assertTrue(taken.isOpen());
                assertThrows(IllegalArgumentException.class, () -> few.take(3));
            }
        }
        assertEquals(before, FileDescriptors.openCount());
    }

    @Test
    void atTheLimitOfOpenFilesSaysTruncatedAndHandsOverWhatCame() {
        int before = FileDescriptors.openCount();
        near.send(buffer, 0, 12, copiesOf(near.fd(), 100), 100);
        long limit = Limits.openFiles().soft();
        int lowestFree = lowestFreeNumber();
        Limits.openFiles(lowestFree + 8);
        try {
            assertEquals(12, far.receive(buffer, 0, 64, received), "the data comes all the same");
        } finally {
            Limits.openFiles(limit);
        }
        assertTrue(received.isTruncated());
        assertTrue(received.count() >= 1 && received.count() <= 8, () -> received.count() + " descriptors came");
        assertEquals(before + received.count(), FileDescriptors.openCount());
        received.close();
        assertEquals(before, FileDescriptors.openCount());
        assertFalse(received.isTruncated());
    }

    private int lowestFreeNumber() {
        try (Fd probe = FileDescriptors.duplicate(near.fd())) {
            return probe.number();
        }
    }

    @Test
    void descriptorsThatNobodyReceivesGoWithTheSocket() {
        OpenFds.areTheSameAfter(20, () -> {
            try (UnixSocket.Pair unread = UnixSocket.pair()) {
                unread.first().send(buffer, 0, 1, copiesOf(near.fd(), 50), 50);
            }
        });
    }

    @Test
    void memoryThatWasTruncatedIsABadAddressAndNotTheEndOfTheJvm() {
        try (Fd fd = Memfd.create("truncated", 4096, false);
                Mapping mapping = Mapping.map(fd, 0, 4096, Mapping.Protection.READ_WRITE)) {
            FileDescriptors.truncate(fd, 0);
            assertEquals(-Errno.EFAULT, near.send(mapping.segment(), 0, 64, NO_FDS, 0));
        }
    }

    @Test
    void refusesHeapMemoryAndRangesOutsideTheBuffer() {
        assertThrows(
                IllegalArgumentException.class, () -> near.send(MemorySegment.ofArray(new byte[8]), 0, 8, NO_FDS, 0));
        assertThrows(IndexOutOfBoundsException.class, () -> far.receive(buffer, 60, 5, received));
    }

    @Test
    void tellsWhoThePeerIs() {
        UnixSocket.PeerCredentials peer = near.peerCredentials();
        assertEquals(ProcessHandle.current().pid(), peer.processId());
        assertEquals(Privileges.effectiveUserId(), peer.userId());
    }

    private static int[] copiesOf(Fd fd, int count) {
        int[] numbers = new int[count];
        Arrays.fill(numbers, fd.number());
        return numbers;
    }
}
