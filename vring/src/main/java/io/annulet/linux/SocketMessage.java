package io.annulet.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * The memory of one {@code sendmsg} or {@code recvmsg}: header, one buffer, and room for as many descriptors as a message
 * can carry, so that the kernel drops some only when the process has no numbers left.
 *
 * <pre>
 *   0  struct msghdr   name 0, namelen 8, iov 16, iovlen 24, control 32, controllen 40, flags 48
 *  56  struct iovec    base 0, length 8
 *  72  struct cmsghdr  length 0, level 8, type 12, descriptors from 16
 * </pre>
 */
final class SocketMessage {
    private static final int SOL_SOCKET = 1;
    private static final int SCM_RIGHTS = 1;
    private static final int MSG_CTRUNC = 0x8;

    private static final long IOVEC = 56;
    private static final long CONTROL = 72;
    private static final long CONTROL_HEADER_BYTE_LENGTH = 16;
    private static final long CONTROL_BYTE_LENGTH =
            align(CONTROL_HEADER_BYTE_LENGTH + ReceivedFds.MAX_IN_MESSAGE * (long) Integer.BYTES);

    private final MemorySegment memory;

    SocketMessage(Arena arena, long bufferAddress, long bufferByteLength) {
        memory = arena.allocate(CONTROL + CONTROL_BYTE_LENGTH, 8);
        memory.set(JAVA_LONG, 16, memory.address() + IOVEC);
        memory.set(JAVA_LONG, 24, 1);
        memory.set(JAVA_LONG, IOVEC, bufferAddress);
        memory.set(JAVA_LONG, IOVEC + 8, bufferByteLength);
        memory.set(JAVA_LONG, 32, memory.address() + CONTROL);
        memory.set(JAVA_LONG, 40, CONTROL_BYTE_LENGTH);
    }

    long address() {
        return memory.address();
    }

    /** Lets the message carry the first {@code count} of {@code numbers}, or nothing. */
    void attach(int[] numbers, int count) {
        if (count == 0) {
            memory.set(JAVA_LONG, 40, 0);
            return;
        }
        long byteLength = CONTROL_HEADER_BYTE_LENGTH + count * (long) Integer.BYTES;
        memory.set(JAVA_LONG, 40, byteLength);
        memory.set(JAVA_LONG, CONTROL, byteLength);
        memory.set(JAVA_INT, CONTROL + 8, SOL_SOCKET);
        memory.set(JAVA_INT, CONTROL + 12, SCM_RIGHTS);
        MemorySegment.copy(numbers, 0, memory, JAVA_INT, CONTROL + CONTROL_HEADER_BYTE_LENGTH, count);
    }

    /** Hands over every descriptor that the kernel installed with this message. */
    void collect(ReceivedFds fds) {
        if ((memory.get(JAVA_INT, 48) & MSG_CTRUNC) != 0) {
            fds.markTruncated();
        }
        long end = CONTROL + Math.min(memory.get(JAVA_LONG, 40), CONTROL_BYTE_LENGTH);
        long at = CONTROL;
        while (at + CONTROL_HEADER_BYTE_LENGTH <= end) {
            long byteLength = memory.get(JAVA_LONG, at);
            if (byteLength < CONTROL_HEADER_BYTE_LENGTH || byteLength > end - at) {
                return;
            }
            if (memory.get(JAVA_INT, at + 8) == SOL_SOCKET && memory.get(JAVA_INT, at + 12) == SCM_RIGHTS) {
                collect(fds, at + CONTROL_HEADER_BYTE_LENGTH, at + byteLength);
            }
            at += align(byteLength);
        }
    }

    private void collect(ReceivedFds fds, long from, long to) {
        for (long at = from; at + Integer.BYTES <= to; at += Integer.BYTES) {
            fds.add(memory.get(JAVA_INT, at));
        }
    }

    private static long align(long byteLength) {
        return (byteLength + 7) & -8L;
    }
}
