package io.annulet.backend.offload;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.memory.HostMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class OpenChecksumTest {

    private static final int HEADER_BYTES = 12;
    private static final int TCP = 6;
    private static final int UDP = 17;

    private final Arena arena = Arena.ofConfined();
    private final MemorySegment memory = arena.allocate(2048, 64);
    private final long header = HostMemory.addressOf(memory);
    private final OpenChecksum openChecksum = new OpenChecksum();

    @AfterEach
    void free() {
        arena.close();
    }

    private boolean mark(byte[] frame) {
        HostMemory.zero(header, HEADER_BYTES);
        HostMemory.copyIn(MemorySegment.ofArray(frame), header + HEADER_BYTES);
        return openChecksum.mark(header, header + HEADER_BYTES, frame.length, frame.length);
    }

    private static byte[] frame(boolean v4, int protocol, int payload, long seed) {
        byte[] bytes = new byte[14 + (v4 ? 20 : 40) + (protocol == TCP ? 20 : 8) + payload];
        new Random(seed).nextBytes(bytes);
        ByteBuffer frame = ByteBuffer.wrap(bytes);
        frame.putShort(12, (short) (v4 ? 0x0800 : 0x86dd));
        if (v4) {
            frame.put(14, (byte) 0x45).putShort(16, (short) (bytes.length - 14)).putShort(20, (short) 0);
            frame.put(23, (byte) protocol);
        } else {
            frame.put(14, (byte) 0x60).putShort(18, (short) (bytes.length - 54)).put(20, (byte) protocol);
        }
        if (protocol == TCP) {
            frame.put(l4(v4) + 12, (byte) 0x50);
        }
        return bytes;
    }

    private static int l4(boolean v4) {
        return v4 ? 34 : 54;
    }

    private static int field(boolean v4, int protocol) {
        return l4(v4) + (protocol == TCP ? 16 : 6);
    }

    /** RFC 1071, 16 bits at a time, of the pseudo-header. */
    private static int pseudo(byte[] frame, boolean v4, int protocol) {
        ByteBuffer bytes = ByteBuffer.wrap(frame);
        int sum = protocol + frame.length - l4(v4);
        for (int i = v4 ? 26 : 22; i < l4(v4); i += 2) {
            sum += bytes.getShort(i) & 0xffff;
        }
        return fold(sum);
    }

    private static int fold(int sum) {
        int once = (sum & 0xffff) + (sum >>> 16);
        return (once & 0xffff) + (once >>> 16);
    }

    @Test
    void findsWhatAKernelLeftOpenAndNothingElse() {
        for (boolean v4 : new boolean[] {true, false}) {
            for (int protocol : new int[] {TCP, UDP}) {
                for (int payload = 0; payload < 300; payload++) {
                    byte[] frame = frame(v4, protocol, payload, payload);
                    int pseudo = pseudo(frame, v4, protocol);
                    ByteBuffer.wrap(frame).putShort(field(v4, protocol), (short) pseudo);
                    assertTrue(mark(frame));
                    assertEquals(1, HostMemory.loadByte(header));
                    assertEquals(l4(v4), OffloadHeader.checksumStart(header));
                    assertEquals(field(v4, protocol), OffloadHeader.checksumAt(header));
                    ByteBuffer.wrap(frame).putShort(field(v4, protocol), (short) (pseudo + 1));
                    assertFalse(mark(frame));
                    assertEquals(0, HostMemory.loadByte(header));
                }
            }
        }
    }

    @Test
    void aWholeChecksumThatLooksOpenIsCompletedToItself() {
        byte[] frame = frame(true, UDP, 200, 7);
        int pseudo = pseudo(frame, true, UDP);
        ByteBuffer bytes = ByteBuffer.wrap(frame);
        bytes.putShort(40, (short) pseudo);
        // The rest sums up to what makes the number in place the right one.
        bytes.putShort(42, (short) 0);
        int sum = 0;
        for (int i = 34; i < frame.length; i += 2) {
            sum += bytes.getShort(i) & 0xffff;
        }
        bytes.putShort(42, (short) (0xffff - fold(sum + pseudo)));
        assertTrue(mark(frame));
        long at = header + HEADER_BYTES + 34;
        Checksum.store(at + 6, Checksum.sum(at, frame.length - 34));
        assertEquals(pseudo, NetworkOrder.load16(at + 6));
    }

    @Test
    void noiseIsNotTakenForMore() {
        Random random = new Random(11);
        for (int i = 0; i < 100_000; i++) {
            byte[] frame = new byte[14 + random.nextInt(200)];
            random.nextBytes(frame);
            frame[12] = (byte) (random.nextBoolean() ? 0x08 : 0x86);
            frame[13] = (byte) (frame[12] == 8 ? 0 : 0xdd);
            if (mark(frame)) {
                assertTrue(OffloadHeader.checksumAt(header) + 2 <= frame.length);
            }
        }
    }
}
