package io.annulet.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;

/**
 * {@code struct ifreq}, the question and answer of calls about network interfaces: 16 bytes of name, 24 bytes that depend
 * on the call.
 */
final class InterfaceRequest {
    private static final int BYTE_LENGTH = 40;
    private static final int MAX_NAME_BYTE_LENGTH = 15;
    private static final long VALUE = 16;
    private static final int MAC_BYTE_LENGTH = 6;

    private final MemorySegment memory;

    InterfaceRequest(Arena arena, String name) {
        byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
        if (bytes.length == 0 || bytes.length > MAX_NAME_BYTE_LENGTH) {
            throw new LinuxException(
                    "use interface name '" + name + "'",
                    Errno.EINVAL,
                    "check that the name has 1 to " + MAX_NAME_BYTE_LENGTH + " bytes");
        }
        memory = arena.allocate(BYTE_LENGTH, 8);
        MemorySegment.copy(bytes, 0, memory, JAVA_BYTE, 0, bytes.length);
    }

    long address() {
        return memory.address();
    }

    /** The name, which the kernel may have completed. */
    String name() {
        return memory.getString(0);
    }

    int flags() {
        return Short.toUnsignedInt(memory.get(JAVA_SHORT, VALUE));
    }

    void flags(int flags) {
        memory.set(JAVA_SHORT, VALUE, (short) flags);
    }

    int intValue() {
        return memory.get(JAVA_INT, VALUE);
    }

    void intValue(int value) {
        memory.set(JAVA_INT, VALUE, value);
    }

    /** Where more of the question is, and room for the answer. */
    void pointer(long address) {
        memory.set(JAVA_LONG, VALUE, address);
    }

    /** The hardware address, behind the two bytes of its family. */
    byte[] mac() {
        return memory.asSlice(VALUE + 2, MAC_BYTE_LENGTH).toArray(JAVA_BYTE);
    }
}
