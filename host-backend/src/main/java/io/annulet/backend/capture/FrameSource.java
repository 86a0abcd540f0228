package io.annulet.backend.capture;

import io.annulet.memory.HostMemory;
import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Finds one frame in a pcap or pcapng file, whoever wrote it; stateless. Lengths are checked before they are believed.
 * Formats: draft-ietf-opsawg-pcap, draft-ietf-opsawg-pcapng.
 */
public final class FrameSource {

    private static final int MOST_BLOCK_BYTES = 1 << 20;
    private static final int PCAPNG = 0x0a0d_0d0a;
    private static final int BIG_ENDIAN_SECTION = 0x4d3c_2b1a;
    private static final int SIMPLE_PACKET_BLOCK = 3;

    private FrameSource() {}

    /**
     * Reads a frame.
     *
     * @param number of the frame, 1 for the first
     * @throws IOException if the file cannot be read, is no capture, or has fewer frames; the message says which
     */
    public static byte[] read(Path file, int number) throws IOException {
        try (InputStream stream = Files.newInputStream(file);
                DataInputStream in = new DataInputStream(new BufferedInputStream(stream))) {
            int magic = little(in.readInt());
            byte[] frame = magic == PCAPNG ? ofPcapng(in, number) : ofPcap(in, magic, number);
            if (frame == null) {
                throw new IOException("it has fewer than " + number + " frames");
            }
            return frame;
        } catch (EOFException e) {
            throw new IOException("it ends in the middle of a record", e);
        }
    }

    /** One line for people: who sends what to whom. */
    public static String describe(byte[] frame) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment copy = arena.allocate(frame.length + Long.BYTES, Long.BYTES);
            HostMemory.copyIn(frame, 0, copy.address(), frame.length);
            FrameFields fields = new FrameFields();
            fields.load(copy.address(), frame.length, frame.length);
            return fields.words();
        }
    }

    private static int little(int bigEndian) {
        return Integer.reverseBytes(bigEndian);
    }

    private static byte @Nullable [] ofPcap(DataInputStream in, int magic, int number) throws IOException {
        boolean isLittle = magic == 0xa1b2_c3d4 || magic == 0xa1b2_3c4d;
        boolean isBig = magic == 0xd4c3_b2a1 || magic == 0x4d3c_b2a1;
        if (!isLittle && !isBig) {
            throw new IOException("it is neither pcap nor pcapng");
        }
        in.skipNBytes(20);
        for (int i = 1; ; i++) {
            byte[] header = in.readNBytes(16);
            if (header.length < 16) {
                return null;
            }
            ByteBuffer fields =
                    ByteBuffer.wrap(header).order(isLittle ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN);
            byte[] frame = in.readNBytes(believable(fields.getInt(8)));
            if (i == number) {
                return frame;
            }
        }
    }

    private static byte @Nullable [] ofPcapng(DataInputStream in, int number) throws IOException {
        boolean isBig = false;
        int type = PCAPNG;
        int found = 0;
        while (true) {
            int length = in.readInt();
            byte[] order = new byte[0];
            if (type == PCAPNG) {
                order = in.readNBytes(4);
                isBig = ByteBuffer.wrap(order).order(ByteOrder.LITTLE_ENDIAN).getInt() == BIG_ENDIAN_SECTION;
            }
            int whole = believable(isBig ? length : little(length));
            byte[] body = in.readNBytes(Math.max(0, whole - 12 - order.length));
            in.skipNBytes(4);
            boolean isPacket = type == Pcapng.PACKET_BLOCK || type == SIMPLE_PACKET_BLOCK;
            if (isPacket && ++found == number) {
                return frame(ByteBuffer.wrap(body).order(isBig ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN), type);
            }
            byte[] next = in.readNBytes(4);
            if (next.length < 4) {
                return null;
            }
            type = ByteBuffer.wrap(next)
                    .order(isBig ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN)
                    .getInt();
        }
    }

    private static byte[] frame(ByteBuffer block, int type) throws IOException {
        int at = type == SIMPLE_PACKET_BLOCK ? 4 : 20;
        if (block.capacity() < at) {
            throw new IOException("a packet's block is too short");
        }
        int length = type == SIMPLE_PACKET_BLOCK ? Math.min(block.getInt(0), block.capacity() - 4) : block.getInt(12);
        if (length < 0 || length > block.capacity() - at) {
            throw new IOException("a packet is longer than its block");
        }
        byte[] frame = new byte[length];
        block.get(at, frame);
        return frame;
    }

    private static int believable(int length) throws IOException {
        if (length < 0 || length > MOST_BLOCK_BYTES) {
            throw new IOException("a record claims " + Integer.toUnsignedString(length) + " bytes");
        }
        return length;
    }
}
