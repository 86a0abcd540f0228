package io.annulet.fuzz;

import io.annulet.backend.data.FrameBurst;
import io.annulet.backend.data.Link;
import io.annulet.backend.offload.Offload;
import io.annulet.memory.HostMemory;
import io.annulet.vring.DriverHalf;
import java.nio.ByteBuffer;
import org.agrona.concurrent.UnsafeBuffer;
import org.agrona.concurrent.status.CountersManager;

/**
 * Frames with hostile headers from one guest into hostile buffers of another, through the whole data path: nothing but
 * offered buffers is written, the receiver is told nothing that it did not acknowledge, plain frames come as they were
 * sent, and the counters balance. Owned by one thread.
 */
public final class ForwardTarget implements Target {

    private static final int MOST_FRAMES = 4;
    private static final int BUFFERS = 10;
    private static final int BUFFER_STRIDE = 2304;
    private static final int HEADERS_AT = 1024;
    private static final int NEEDS_CSUM = 1;
    private static final int DATA_VALID = 2;
    private static final int NUM_BUFFERS = 10;

    private final CountersManager counters = new CountersManager(
            new UnsafeBuffer(ByteBuffer.allocateDirect(1 << 18)), new UnsafeBuffer(ByteBuffer.allocateDirect(1 << 16)));
    private final PortGuest sender = new PortGuest("sender", counters);
    private final PortGuest receiver = new PortGuest("receiver", counters);
    private final Link link = new Link();
    private final FrameBurst burst = new FrameBurst(PortGuest.RING_SIZE);
    private final HostileFrames frames = new HostileFrames();
    private final long[] addresses = new long[PortGuest.RING_SIZE];
    private final int[] byteLengths = new int[PortGuest.RING_SIZE];
    private int pieces;

    // Frames that were sent, by number.
    private final boolean[] isPlain = new boolean[MOST_FRAMES];
    private final int[] headerLengths = new int[MOST_FRAMES];
    private final int[] payloadOffsets = new int[MOST_FRAMES];
    private final int[] payloadLengths = new int[MOST_FRAMES];
    private int senderHeader;

    // Buffers that were offered, by head.
    private final int[] bufferOffsets = new int[PortGuest.RING_SIZE];
    private final int[] bufferLengths = new int[PortGuest.RING_SIZE];
    private final byte[] received = new byte[BUFFERS * BUFFER_STRIDE];
    private int receiverHeader;
    private boolean mergeable;
    private int accepted;
    private long shape;

    public ForwardTarget() {
        link.add(sender.port);
        link.add(receiver.port);
    }

    @Override
    public long run(Input input) {
        int kind = input.octet();
        senderHeader = (kind & 7) == 0 ? 10 : 12;
        receiverHeader = (kind & 0x38) == 0 ? 10 : 12;
        mergeable = receiverHeader == 12 && (kind & 0xc0) != 0;
        accepted = input.octet();
        int layouts = input.octet();
        DriverHalf from = sender.open(1, (layouts & 1) != 0, senderHeader, true, input.octet() | Offload.CHECKSUM);
        DriverHalf to = receiver.open(0, (layouts & 2) != 0, receiverHeader, mergeable, accepted);
        send(from, input, 1 + input.below(MOST_FRAMES));
        offer(to, input, input.below(BUFFERS + 1));
        sender.seal();
        receiver.seal();
        sender.counts().mark();
        receiver.counts().mark();
        shape = faults();
        forward();
        shape = faults() - shape;
        take(to);
        sender.assertUnchanged();
        receiver.assertUnchanged();
        assertBalance();
        return shape << 50 ^ sender.counts().reasons() ^ receiver.counts().reasons();
    }

    private long faults() {
        return (long) sender.faults() + receiver.faults();
    }

    private void send(DriverHalf driver, Input input, int count) {
        int at = HEADERS_AT;
        for (int i = 0; i < count; i++) {
            int kind = input.octet();
            int payload = kind < 128 ? kind : kind < 224 ? input.below(2048) : input.below(16_384);
            frames.write(input, sender.hostAddress(at), senderHeader, i, payload);
            headerLengths[i] = frames.length();
            payloadOffsets[i] = PortGuest.PATTERN + input.below(256);
            payloadLengths[i] = payload;
            isPlain[i] = HostMemory.loadShort(sender.hostAddress(at)) == 0;
            pieces = 0;
            cut(input, at, headerLengths[i]);
            cut(input, payloadOffsets[i], payload);
            driver.offerChain(addresses, byteLengths, pieces, pieces);
            at += HostileFrames.MOST_HEADER_BYTES;
        }
        driver.publishAvail();
    }

    /** Adds a range in up to three pieces, some of them empty. */
    private void cut(Input input, int offset, int byteLength) {
        int done = 0;
        for (int cuts = input.octet() >>> 6; cuts > 1 && done < byteLength; cuts--) {
            int piece = input.below(byteLength - done + 1);
            add(offset + done, piece);
            done += piece;
        }
        add(offset + done, byteLength - done);
    }

    private void add(int offset, int byteLength) {
        addresses[pieces] = PortGuest.guestAddress(offset);
        byteLengths[pieces] = byteLength;
        pieces++;
    }

    private void offer(DriverHalf driver, Input input, int count) {
        for (int i = 0; i < count; i++) {
            int kind = input.octet();
            int length = kind < 160 ? 2048 : kind < 240 ? input.below(2048) : input.below(32);
            int offset = PortGuest.PATTERN + 128 + i * BUFFER_STRIDE + (kind & 7);
            pieces = 0;
            cut(input, offset, length);
            int head = driver.offerChain(addresses, byteLengths, pieces, kind == 250 ? 1 : 0);
            if (head >= 0) {
                bufferOffsets[head] = offset;
                bufferLengths[head] = length;
            }
        }
        driver.publishAvail();
    }

    private void forward() {
        int visits = 0;
        burst.clear();
        while (sender.port.pull(burst) > 0) {
            link.forward(sender.port, burst);
            sender.port.finish(burst);
            burst.clear();
            if (++visits > PortGuest.RING_SIZE) {
                throw new AssertionError("more bursts than there are descriptors");
            }
        }
        sender.port.callDrivers();
        receiver.port.callDrivers();
    }

    private void take(DriverHalf driver) {
        int length = 0;
        int buffersLeft = 0;
        int head = driver.takeUsed();
        while (head != DriverHalf.NOTHING) {
            if (head < 0) {
                throw new AssertionError("a buffer was used that was not offered");
            }
            int written = (int) driver.writtenByteLength();
            if (written < 0 || written > bufferLengths[head]) {
                throw new AssertionError(written + " bytes written into " + bufferLengths[head]);
            }
            if (written > 0) {
                long from = receiver.hostAddress(bufferOffsets[head]);
                for (int i = 0; i < written; i++) {
                    received[length + i] = (byte) HostMemory.loadByte(from + i);
                }
                length += written;
                buffersLeft = buffersLeft == 0 ? buffers() - 1 : buffersLeft - 1;
                if (buffersLeft == 0) {
                    check(length);
                    length = 0;
                }
            }
            receiver.restore(bufferOffsets[head], bufferLengths[head]);
            head = driver.takeUsed();
        }
        BurstCheck.same("buffers that were announced and did not come", 0, buffersLeft);
    }

    private int buffers() {
        int count = receiverHeader == 12 ? at(NUM_BUFFERS) | at(NUM_BUFFERS + 1) << 8 : 1;
        if (count < 1 || (!mergeable && count != 1)) {
            throw new AssertionError("num_buffers is " + count);
        }
        return count;
    }

    private int at(int offset) {
        return received[offset] & 0xff;
    }

    /** One received frame: {@code length} bytes with its header. */
    private void check(int length) {
        int frameBytes = length - receiverHeader;
        if (frameBytes < 14) {
            throw new AssertionError("a frame of " + frameBytes + " bytes");
        }
        int flags = at(0);
        int type = at(1);
        int mayFlags = ((accepted & Offload.CHECKSUM) != 0 ? NEEDS_CSUM : 0)
                | ((accepted & Offload.VALID) != 0 ? DATA_VALID : 0);
        if ((flags & ~mayFlags) != 0 || !mayType(type)) {
            throw new AssertionError("flags " + flags + " and type " + type + " were not acknowledged");
        }
        int checksumAt = (at(6) | at(7) << 8) + (at(8) | at(9) << 8);
        if ((flags & NEEDS_CSUM) != 0 && checksumAt + 2 > frameBytes) {
            throw new AssertionError("a checksum at " + checksumAt + " in a frame of " + frameBytes + " bytes");
        }
        shape += 1L << (4 * Math.min(3, flags | type)) & 0x7fff;
        int number = at(receiverHeader + 11);
        if (number < MOST_FRAMES && isPlain[number]) {
            BurstCheck.same("flags of a plain frame", 0, flags | type);
            checkPlain(number, frameBytes);
        }
    }

    private boolean mayType(int type) {
        int needed = switch (type & 0x7f) {
            case 0 -> 0;
            case 1 -> Offload.TSO4;
            case 3 -> Offload.UFO;
            case 4 -> Offload.TSO6;
            case 5 -> Offload.USO4 | Offload.USO6;
            default -> 1 << 30;
        };
        boolean mayMark = (type & 0x80) == 0 || (accepted & Offload.ECN) != 0;
        return mayMark && (needed == 0 || (needed & accepted) != 0);
    }

    /** It came as it was sent: its headers from where they were written, the rest from the pattern. */
    private void checkPlain(int number, int frameBytes) {
        int own = headerLengths[number] - senderHeader;
        BurstCheck.same("length of a frame", own + payloadLengths[number], frameBytes);
        long headers = sender.hostAddress(HEADERS_AT + number * HostileFrames.MOST_HEADER_BYTES + senderHeader);
        long payload = sender.hostAddress(payloadOffsets[number]);
        for (int i = 0; i < frameBytes; i++) {
            int sent = HostMemory.loadByte(i < own ? headers + i : payload + (i - own));
            if (sent != at(receiverHeader + i)) {
                throw new AssertionError("byte " + i + " of a frame was changed on its way");
            }
        }
    }

    private void assertBalance() {
        Counts in = sender.counts();
        Counts out = receiver.counts();
        long forwarded = in.gained(in.id("in.forwarded"));
        BurstCheck.same("frames in", in.gained(in.id("in.frames")), forwarded + in.inDropped());
        long cut = out.gained(out.id("offload.segments")) - out.gained(out.id("offload.segmented"));
        BurstCheck.same("frames out", forwarded + cut, out.gained(out.id("out.frames")) + out.outDropped());
    }
}
