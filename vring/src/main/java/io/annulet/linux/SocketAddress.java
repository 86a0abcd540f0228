package io.annulet.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** A Unix socket's path or abstract name as {@code struct sockaddr_un}: the family, then the path and a zero byte. */
record SocketAddress(MemorySegment memory) {
    static final int AF_UNIX = 1;
    static final int MAX_PATH_BYTE_LENGTH = 107;

    static SocketAddress of(Arena arena, Path path) {
        byte[] bytes = path.toString().getBytes(StandardCharsets.UTF_8);
        if (bytes.length == 0 || bytes.length > MAX_PATH_BYTE_LENGTH) {
            throw new LinuxException(
                    "use socket path " + path,
                    Errno.ENAMETOOLONG,
                    "check that the path has 1 to " + MAX_PATH_BYTE_LENGTH + " bytes");
        }
        MemorySegment memory = arena.allocate(2 + bytes.length + 1, 2);
        memory.set(JAVA_SHORT, 0, (short) AF_UNIX);
        MemorySegment.copy(bytes, 0, memory, JAVA_BYTE, 2, bytes.length);
        return new SocketAddress(memory);
    }

    /** An abstract name, which is no file: behind a zero byte, and without one at its end; see unix(7). */
    static SocketAddress ofAbstractName(Arena arena, String name) {
        byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
        if (bytes.length == 0 || bytes.length > MAX_PATH_BYTE_LENGTH) {
            throw new LinuxException(
                    "use abstract socket name " + name,
                    Errno.ENAMETOOLONG,
                    "check that the name has 1 to " + MAX_PATH_BYTE_LENGTH + " bytes");
        }
        MemorySegment memory = arena.allocate(2 + 1 + bytes.length, 2);
        memory.set(JAVA_SHORT, 0, (short) AF_UNIX);
        MemorySegment.copy(bytes, 0, memory, JAVA_BYTE, 3, bytes.length);
        return new SocketAddress(memory);
    }

    long address() {
        return memory.address();
    }

    int byteLength() {
        return (int) memory.byteSize();
    }
}
