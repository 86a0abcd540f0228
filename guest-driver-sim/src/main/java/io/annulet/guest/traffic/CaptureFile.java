package io.annulet.guest.traffic;

import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The frames of a capture in the classic pcap format, in their order.
 *
 * <pre>
 * file    0       4                 16        20     24
 *         | magic | version, ...    | snaplen | link | record ...
 * record  0         4          8          12       16
 *         | seconds | fraction | captured | length | bytes [captured] ...
 * </pre>
 *
 * @param frames those that were captured whole and fit a virtio-net device
 * @param skipped how many were not
 */
public record CaptureFile(List<byte[]> frames, int skipped) {

    private static final int MAGIC_MICROS = 0xa1b2c3d4;
    private static final int MAGIC_NANOS = 0xa1b23c4d;
    private static final int NEXT_GENERATION = 0x0a0d0d0a;
    private static final int LINK_TYPE_AT = 20;
    private static final int HEADER_BYTES = 24;
    private static final int ETHERNET = 1;
    private static final int MIN_FRAME_BYTES = 14;
    private static final long MAX_FILE_BYTES = 1L << 28;

    public CaptureFile {
        frames = List.copyOf(frames);
    }

    /**
     * Reads a file of up to 256 MiB.
     *
     * @throws IOException if it cannot be read
     * @throws IllegalArgumentException if it is no capture of Ethernet frames in this format; the message says what to do
     */
    public static CaptureFile read(Path path) throws IOException {
        if (Files.size(path) > MAX_FILE_BYTES) {
            throw new IllegalArgumentException(path + " is larger than 256 MiB; cut a piece of it with editcap");
        }
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(path));
        try {
            bytes.order(byteOrder(path, bytes));
            int linkType = bytes.getInt(LINK_TYPE_AT) & 0xffff;
            if (linkType != ETHERNET) {
                throw new IllegalArgumentException(path + " has no Ethernet frames but link type " + linkType);
            }
            bytes.position(HEADER_BYTES);
            CaptureFile capture = readRecords(bytes);
            if (capture.frames.isEmpty()) {
                throw new IllegalArgumentException(path + " has no whole frame");
            }
            return capture;
        } catch (IndexOutOfBoundsException | BufferUnderflowException e) {
            throw new IllegalArgumentException(path + " ends in its middle", e);
        }
    }

    private static ByteOrder byteOrder(Path path, ByteBuffer bytes) {
        for (ByteOrder order : List.of(ByteOrder.LITTLE_ENDIAN, ByteOrder.BIG_ENDIAN)) {
            int magic = bytes.order(order).getInt(0);
            if (magic == MAGIC_MICROS || magic == MAGIC_NANOS) {
                return order;
            }
        }
        boolean isNextGeneration = bytes.getInt(0) == NEXT_GENERATION;
        throw new IllegalArgumentException(
                isNextGeneration
                        ? path + " is a pcapng file; convert it: editcap -F pcap " + path + " OUT.pcap"
                        : path + " is no pcap file");
    }

    private static CaptureFile readRecords(ByteBuffer bytes) {
        List<byte[]> frames = new ArrayList<>();
        int skipped = 0;
        while (bytes.hasRemaining()) {
            bytes.getLong(); // when it was captured
            int captured = bytes.getInt();
            int length = bytes.getInt();
            if (captured < 0 || captured > bytes.remaining()) {
                throw new BufferUnderflowException();
            }
            byte[] frame = new byte[captured];
            bytes.get(frame);
            if (captured == length && captured >= MIN_FRAME_BYTES && captured <= FrameSizes.MAX) {
                frames.add(frame);
            } else {
                skipped++;
            }
        }
        return new CaptureFile(frames, skipped);
    }
}
