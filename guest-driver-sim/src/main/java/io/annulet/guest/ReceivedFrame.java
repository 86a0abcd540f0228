package io.annulet.guest;

import io.annulet.memory.HostMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * One frame that a device wrote into receive buffers: its header, and the pieces that hold it; one object for all frames
 * of a queue, owned by the queue's thread.
 */
public final class ReceivedFrame {

    /** Longer than any frame: 65,535 bytes of IP packet with Ethernet header and two VLAN tags. */
    static final int MAX_BYTE_LENGTH = 65_535 + 14 + 8;

    private final long[] pieceAddresses;
    private final int[] pieceByteLengths;
    private final MemorySegment joined;
    private long headerAddress;
    private int pieceCount;
    private int bufferCount;
    private int byteLength;

    ReceivedFrame(int pieceCapacity) {
        pieceAddresses = new long[pieceCapacity];
        pieceByteLengths = new int[pieceCapacity];
        joined = Arena.ofAuto().allocate(MAX_BYTE_LENGTH, 8);
    }

    void begin(long header) {
        headerAddress = header;
        pieceCount = 0;
        bufferCount = 1;
        byteLength = 0;
    }

    void addPiece(long address, int length) {
        pieceAddresses[pieceCount] = address;
        pieceByteLengths[pieceCount++] = length;
        byteLength += length;
    }

    void addBuffer() {
        bufferCount++;
    }

    /** Host address of its virtio-net header, whole in one piece; {@link NetHeaderLayout} draws it. */
    public long headerAddress() {
        return headerAddress;
    }

    /** Length of the frame, the header not counted. */
    public int byteLength() {
        return byteLength;
    }

    /** Receive buffers it took: num_buffers. */
    public int bufferCount() {
        return bufferCount;
    }

    public int pieceCount() {
        return pieceCount;
    }

    public long pieceAddress(int piece) {
        return pieceAddresses[piece];
    }

    public int pieceByteLength(int piece) {
        return pieceByteLengths[piece];
    }

    /** Host address of the whole frame in one piece: where it was received, or a copy if that was several pieces. */
    public long address() {
        return pieceCount == 1 ? pieceAddresses[0] : join();
    }

    private long join() {
        long at = HostMemory.addressOf(joined);
        for (int i = 0; i < pieceCount; i++) {
            HostMemory.copy(pieceAddresses[i], at, pieceByteLengths[i]);
            at += pieceByteLengths[i];
        }
        return HostMemory.addressOf(joined);
    }

    /** A copy of its bytes. */
    public byte[] toByteArray() {
        return HostMemory.copyOut(address(), byteLength);
    }
}
