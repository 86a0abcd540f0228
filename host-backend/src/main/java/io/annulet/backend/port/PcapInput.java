package io.annulet.backend.port;

import io.annulet.memory.HostMemory;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.ReadableByteChannel;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/** A pcap file read record by record, with every length checked before it is used; used by one thread at a time. */
final class PcapInput implements AutoCloseable {

    private static final int BUFFER_BYTES = 1 << 20;
    private static final long NANOS_A_SECOND = TimeUnit.SECONDS.toNanos(1);
    private static final long UNSIGNED = 0xffff_ffffL;

    private final ReadableByteChannel channel;
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER_BYTES).limit(0);
    private final long bufferAddress =
            HostMemory.addressOf(MemorySegment.ofBuffer(buffer.duplicate().clear()));
    private final PcapFile format;

    // The record that was found last, still in the buffer.
    private long recordOffset;
    private int recordByteLength;
    private long epochNanos;

    private PcapInput(Path file, ReadableByteChannel channel) throws IOException {
        this.channel = channel;
        fill(PcapFile.HEADER_BYTES);
        this.format = PcapFile.parse(file, buffer.slice());
        this.recordByteLength = PcapFile.HEADER_BYTES;
        buffer.order(format.byteOrder());
    }

    /** @throws PortException if the file cannot be read, or is no pcap file of Ethernet frames */
    static PcapInput open(Path file) {
        try {
            return begin(file, FileChannel.open(file));
        } catch (IOException e) {
            throw new PortException(
                    "replay " + file, PcapFile.reason(e), "check the path and the right to read the file", e);
        }
    }

    private static PcapInput begin(Path file, ReadableByteChannel channel) throws IOException {
        PcapInput input = null;
        try {
            input = new PcapInput(file, channel);
            return input;
        } finally {
            if (input == null) {
                channel.close();
            }
        }
    }

    /**
     * Goes to the next record; false if there is none.
     *
     * @throws IOException if the file cannot be read, or its next record cannot be one
     */
    boolean next() throws IOException {
        buffer.position(buffer.position() + recordByteLength);
        recordOffset += recordByteLength;
        recordByteLength = 0;
        if (!fill(PcapRecord.HEADER_BYTES)) {
            if (buffer.hasRemaining()) {
                throw new IOException("the file ends within the record header at byte " + recordOffset);
            }
            return false;
        }
        int at = buffer.position();
        long seconds = buffer.getInt(at) & UNSIGNED;
        long fraction = buffer.getInt(at + 4) & UNSIGNED;
        long captured = buffer.getInt(at + 8) & UNSIGNED;
        if (captured > PcapFile.SNAPSHOT_BYTES) {
            throw new IOException("the record at byte " + recordOffset + " claims to hold " + captured + " bytes");
        }
        int whole = PcapRecord.HEADER_BYTES + (int) captured;
        if (!fill(whole)) {
            throw new IOException("the file ends within the record at byte " + recordOffset);
        }
        recordByteLength = whole;
        epochNanos = seconds * NANOS_A_SECOND + fraction * format.nanosAFraction();
        return true;
    }

    /** When the frame was seen, since 1970. */
    long epochNanos() {
        return epochNanos;
    }

    /** Bytes of the frame that the file has, all of it unless it was cut off when it was captured. */
    int frameByteLength() {
        return recordByteLength - PcapRecord.HEADER_BYTES;
    }

    /** Copies the first bytes of the frame. */
    void copyFrame(long to, int byteLength) {
        HostMemory.copy(PcapRecord.frameAddress(bufferAddress + buffer.position()), to, byteLength);
    }

    /** Sees to it that so many bytes are in the buffer, unless the file ends before. */
    private boolean fill(int byteLength) throws IOException {
        if (buffer.remaining() < byteLength) {
            buffer.compact();
            int read = 0;
            while (read >= 0 && buffer.position() < byteLength) {
                read = channel.read(buffer);
            }
            buffer.flip();
        }
        return buffer.remaining() >= byteLength;
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
