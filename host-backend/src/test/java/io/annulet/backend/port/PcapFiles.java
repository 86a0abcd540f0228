package io.annulet.backend.port;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Makes and reads pcap files by the letter of their format, without the classes under test. */
final class PcapFiles {

    static final int MICROS = 0xa1b2c3d4;
    static final int NANOS = 0xa1b23c4d;

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final ByteOrder order;

    PcapFiles(int magic, ByteOrder order, int linkType) {
        this.order = order;
        ByteBuffer header = ByteBuffer.allocate(24).order(order);
        header.putInt(magic).putShort((short) 2).putShort((short) 4);
        header.putInt(0).putInt(0).putInt(65_535).putInt(linkType);
        bytes.writeBytes(header.array());
    }

    static PcapFiles ethernet() {
        return new PcapFiles(NANOS, ByteOrder.LITTLE_ENDIAN, 1);
    }

    PcapFiles frame(long seconds, long fraction, byte[] frame) {
        return recordHeader(seconds, fraction, frame.length).raw(frame);
    }

    PcapFiles recordHeader(long seconds, long fraction, long captured) {
        ByteBuffer header = ByteBuffer.allocate(16).order(order);
        header.putInt((int) seconds)
                .putInt((int) fraction)
                .putInt((int) captured)
                .putInt((int) captured);
        return raw(header.array());
    }

    PcapFiles raw(byte[] more) {
        bytes.writeBytes(more);
        return this;
    }

    Path write(Path file) {
        try {
            return Files.write(file, bytes.toByteArray());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A frame as a file of ours has it. */
    static final class Captured {
        final long epochNanos;
        final byte[] frame;

        Captured(long epochNanos, byte[] frame) {
            this.epochNanos = epochNanos;
            this.frame = frame;
        }
    }

    /** The frames of a file of ours: little-endian, nanoseconds, Ethernet, whole frames. */
    static List<Captured> read(byte[] file) {
        ByteBuffer in = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
        expect(in.getInt() == NANOS && in.getShort() == 2 && in.getShort() == 4, "magic and version");
        expect(in.getLong() == 0 && in.getInt() == 262_144 && in.getInt() == 1, "the file header");
        List<Captured> frames = new ArrayList<>();
        while (in.hasRemaining()) {
            long epochNanos = in.getInt() * 1_000_000_000L;
            epochNanos += in.getInt();
            byte[] frame = new byte[in.getInt()];
            expect(in.getInt() == frame.length, "the original length");
            in.get(frame);
            frames.add(new Captured(epochNanos, frame));
        }
        return frames;
    }

    /** The first word of a file of this machine, which is little-endian. */
    static int magic(Path file) throws IOException {
        return ByteBuffer.wrap(Files.readAllBytes(file))
                .order(ByteOrder.LITTLE_ENDIAN)
                .getInt(0);
    }

    /** The frame at which an input stands. */
    static byte[] frame(PcapInput input) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment copy = arena.allocate(Math.max(1, input.frameByteLength()));
            input.copyFrame(copy.address(), input.frameByteLength());
            return copy.asSlice(0, input.frameByteLength()).toArray(ValueLayout.JAVA_BYTE);
        }
    }

    private static void expect(boolean asWritten, String what) {
        if (!asWritten) {
            throw new AssertionError("not as it should be: " + what);
        }
    }
}
