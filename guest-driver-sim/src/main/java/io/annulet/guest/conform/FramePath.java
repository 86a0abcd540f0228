package io.annulet.guest.conform;

import io.annulet.guest.NetHeaderLayout;
import io.annulet.memory.HostMemory;
import io.annulet.vhostuser.VirtioFeature;
import java.io.ByteArrayOutputStream;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Frames in and out through one pair of queues, in whatever descriptors a rule wants; used by one thread. */
final class FramePath {

    private static final int SEND_BUFFERS = 256;
    private static final int SEND_BUFFER_BYTES = NetHeaderLayout.MAX_BYTES + TestFrames.MAX_BYTE_LENGTH + 6;

    private final ProbeBuffers buffers;
    private final ProbeQueue receive;
    private final ProbeQueue transmit;
    private final int headerByteLength;
    private final boolean mergeable;
    private final long[] sendBuffers;
    private final Deque<Used> waiting = new ArrayDeque<>();
    private int nextSendBuffer;
    private boolean reposts = true;

    FramePath(ProbeBuffers buffers, ProbeQueue receive, ProbeQueue transmit, long features) {
        this.buffers = buffers;
        this.receive = receive;
        this.transmit = transmit;
        this.headerByteLength = NetHeaderLayout.byteLength(features);
        this.mergeable = (features & VirtioFeature.NET_MRG_RXBUF) != 0;
        this.sendBuffers = new long[Math.min(SEND_BUFFERS, transmit.size())];
        for (int i = 0; i < sendBuffers.length; i++) {
            sendBuffers[i] = buffers.allocate(SEND_BUFFER_BYTES);
        }
    }

    ProbeQueue receive() {
        return receive;
    }

    ProbeQueue transmit() {
        return transmit;
    }

    int headerByteLength() {
        return headerByteLength;
    }

    // Transmit.

    /** The host address of header and frame in a buffer; the oldest buffer must be back. */
    long write(byte[] header, byte[] frame) {
        long buffer = sendBuffers[nextSendBuffer];
        nextSendBuffer = (nextSendBuffer + 1) % sendBuffers.length;
        HostMemory.copyIn(MemorySegment.ofArray(header), buffer);
        HostMemory.copyIn(MemorySegment.ofArray(frame), buffer + header.length);
        return buffer;
    }

    byte[] plainHeader() {
        return new byte[headerByteLength];
    }

    /** Offers a frame in one descriptor; the device may see it after {@link #flush}. */
    Chain offer(byte[] frame) {
        return offer(plainHeader(), frame);
    }

    Chain offer(byte[] header, byte[] frame) {
        return transmit.offer(cut(write(header, frame), header.length + frame.length, false));
    }

    /** Writes a plain header and a frame. */
    void writeAt(long hostAddress, byte[] frame) {
        HostMemory.copyIn(MemorySegment.ofArray(plainHeader()), hostAddress);
        HostMemory.copyIn(MemorySegment.ofArray(frame), hostAddress + headerByteLength);
    }

    /** Offers a frame in one descriptor, at an address that the rule chose. */
    Chain offerAt(long hostAddress, byte[] frame) {
        writeAt(hostAddress, frame);
        return transmit.offer(List.of(Piece.readable(hostAddress, headerByteLength + frame.length)));
    }

    /** Offers a frame in descriptors of these lengths, counted from the header on, and one for the rest. */
    Chain offerCut(byte[] frame, int... byteLengths) {
        return transmit.offer(cut(frame, byteLengths));
    }

    /** Header and frame in a buffer, cut into pieces. */
    List<Piece> cut(byte[] frame, int... byteLengths) {
        return cut(write(plainHeader(), frame), headerByteLength + frame.length, false, byteLengths);
    }

    /** Memory as pieces of these lengths, and one for the rest. */
    static List<Piece> cut(long hostAddress, int byteLength, boolean writable, int... byteLengths) {
        List<Piece> pieces = new ArrayList<>();
        int at = 0;
        for (int length : byteLengths) {
            pieces.add(new Piece(hostAddress + at, length, writable));
            at += length;
        }
        if (at < byteLength) {
            pieces.add(new Piece(hostAddress + at, byteLength - at, writable));
        }
        return pieces;
    }

    /** Shows the device the frames offered so far and kicks it, whether it asked for that or not. */
    void flush() {
        transmit.publish();
        transmit.kick();
    }

    /** Takes back what the device is done with; returns how many. */
    int reclaim() {
        int count = 0;
        while (transmit.takeUsed() != null) {
            count++;
        }
        return count;
    }

    /** Whether another frame can be offered. */
    boolean hasRoom() {
        reclaim();
        return transmit.freeDescriptors() > 0 && transmit.outstanding() < sendBuffers.length;
    }

    // Receive.

    /** Posts receive buffers, each in one descriptor, and kicks. */
    void post(int count, int byteLength) {
        for (int i = 0; i < count; i++) {
            receive.offer(List.of(Piece.writable(buffers.allocate(byteLength), byteLength)));
        }
        flushReceive();
    }

    /** Offers one receive buffer in descriptors of these lengths, not next to each other in memory. */
    Chain offerReceive(int... byteLengths) {
        return receive.offer(scattered(byteLengths));
    }

    /** Writable pieces of these lengths, each with guards around it. */
    List<Piece> scattered(int... byteLengths) {
        return Arrays.stream(byteLengths)
                .mapToObj(length -> Piece.writable(buffers.allocate(length), length))
                .toList();
    }

    void flushReceive() {
        receive.publish();
        receive.kick();
    }

    /** Leaves used receive buffers to the rule from now on. */
    void keepUsedBuffers() {
        reposts = false;
    }

    /** The next frame that arrived, or null if none did; its buffers are posted again unless the rule keeps them. */
    @Nullable
    Received poll() {
        takeAll();
        Used first = waiting.poll();
        if (first == null) {
            return null;
        }
        Received received = assemble(first);
        if (reposts) {
            received.buffers().forEach(used -> receive.offer(used.chain().pieces()));
            flushReceive();
        }
        return received;
    }

    private void takeAll() {
        for (Used used = receive.takeUsed(); used != null; used = receive.takeUsed()) {
            waiting.add(used);
        }
    }

    private Received assemble(Used first) {
        byte[] start = bytesOf(first);
        Stop.unless(
                start.length >= headerByteLength,
                "a used receive buffer holds a virtio-net header of " + headerByteLength + " bytes",
                "a used length of " + start.length);
        byte[] header = Arrays.copyOf(start, headerByteLength);
        ByteArrayOutputStream frame = new ByteArrayOutputStream();
        frame.write(start, headerByteLength, start.length - headerByteLength);
        List<Used> taken = new ArrayList<>(List.of(first));
        int numBuffers = mergeable ? Received.numBuffers(header) : 1;
        Stop.unless(
                numBuffers >= 1 && numBuffers <= 1 + waiting.size(),
                "num_buffers counts buffers that are used together",
                "num_buffers " + numBuffers + " with " + (1 + waiting.size()) + " used buffers");
        while (taken.size() < numBuffers) {
            Used next = waiting.remove();
            frame.writeBytes(bytesOf(next));
            taken.add(next);
        }
        return new Received(header, frame.toByteArray(), taken);
    }

    private static byte[] bytesOf(Used used) {
        long written = used.writtenByteLength();
        int room = used.chain().writableByteLength();
        Stop.unless(
                written <= room,
                "a used length of at most the buffer's " + room + " bytes",
                "a used length of " + written);
        return used.chain().written((int) written);
    }
}
