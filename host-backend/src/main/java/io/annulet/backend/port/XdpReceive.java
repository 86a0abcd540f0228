package io.annulet.backend.port;

import io.annulet.backend.data.FrameBurst;
import io.annulet.backend.data.NetHeader;
import io.annulet.backend.offload.Offload;
import io.annulet.backend.offload.OpenChecksum;
import io.annulet.linux.XdpRing;
import io.annulet.linux.XdpSetup;
import io.annulet.linux.XdpSocket;
import io.annulet.memory.HostMemory;
import io.annulet.vring.ChainBurst;

/**
 * The receiving half of an XDP port; owned by the worker that pulls from it. Its chunks go round: fill ring, kernel,
 * receive ring, burst, fill ring.
 *
 * <p>A frame stays where the kernel put it until its burst is finished. The bytes before it are ours as well: there it gets
 * the virtio-net header that all other sources bring along.
 */
final class XdpReceive {

    private static final int MOST_DESCRIPTORS = 4 * FrameBurst.CAPACITY;

    /** A frame's headers, as far as they are looked at. */
    private static final int MOST_HEADER_BYTES = 256;

    private final XdpSocket socket;
    private final XdpRing ring;
    private final long memory;
    private final OpenChecksum openChecksum = new OpenChecksum();
    private final boolean hasOpenChecksums;
    private final boolean isUnaligned;
    private int pulled;
    private long calls;

    /** @param memory the address of the registered memory, whose first chunks are for receiving, so many */
    XdpReceive(
            XdpSocket socket, long memory, int chunks, int chunkBytes, boolean hasOpenChecksums, boolean isUnaligned) {
        this.isUnaligned = isUnaligned;
        this.socket = socket;
        this.ring = socket.receiveRing();
        this.memory = memory;
        this.hasOpenChecksums = hasOpenChecksums;
        XdpRing fill = socket.fillRing();
        for (int i = fill.free(chunks); i > 0; i--) {
            fill.put((long) (i - 1) * chunkBytes);
        }
        fill.publish();
    }

    boolean hasFrames() {
        return ring.available(1) > 0;
    }

    /** System calls made so far. */
    long calls() {
        return calls;
    }

    int pull(FrameBurst burst) {
        int available = ring.available(MOST_DESCRIPTORS);
        int frames = 0;
        int next = 0;
        while (next < available && frames < FrameBurst.CAPACITY) {
            int end = endOfFrame(next, available);
            if (end == next) {
                break; // the rest of it has not come yet
            }
            add(burst, frames++, next, end);
            next = end;
        }
        pulled = next;
        return frames;
    }

    /** The descriptor behind the frame's last one; the first one if that is not there. */
    private int endOfFrame(int first, int available) {
        for (int i = first; i < available; i++) {
            if ((ring.options(i) & XdpRing.CONTINUES) == 0) {
                return i + 1;
            }
        }
        return first;
    }

    private void add(FrameBurst burst, int frame, int first, int end) {
        ChainBurst chains = burst.chains();
        long start = memory + offset(first);
        int firstBytes = ring.byteLength(first);
        long header = start - NetHeader.BYTES;
        HostMemory.storeLong(header, 0);
        HostMemory.storeShortUnaligned(header + 8, 0);
        HostMemory.storeShortUnaligned(header + 10, 1);
        chains.addOwn(frame, header, NetHeader.BYTES + firstBytes);
        int byteLength = firstBytes;
        for (int i = first + 1; i < end; i++) {
            chains.extendOwn(memory + offset(i), ring.byteLength(i));
            byteLength += ring.byteLength(i);
        }
        boolean isOpen = hasOpenChecksums
                && openChecksum.mark(header, start, Math.min(firstBytes, MOST_HEADER_BYTES), byteLength);
        burst.snapshot(frame, NetHeader.BYTES, isOpen ? Offload.CHECKSUM : Offload.NONE);
    }

    private long offset(int i) {
        long address = ring.address(i);
        return isUnaligned ? XdpSetup.offset(address) : address;
    }

    /** The address of the chunk that a frame lies in: where nothing is aligned, the kernel does not find it by itself. */
    private long chunk(int i) {
        long address = ring.address(i);
        return isUnaligned ? XdpSetup.base(address) : address;
    }

    /** The frames that were pulled have been copied: their chunks are the kernel's again. */
    void finish() {
        if (pulled == 0) {
            return;
        }
        XdpRing fill = socket.fillRing();
        // There is room: the ring is as large as there are chunks.
        for (int i = 0; i < pulled; i++) {
            fill.put(chunk(i));
        }
        ring.release(pulled);
        pulled = 0;
        fill.publish();
        if (fill.needsWakeUp()) {
            calls++;
            socket.wakeFill();
        }
    }
}
