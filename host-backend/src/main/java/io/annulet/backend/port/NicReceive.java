package io.annulet.backend.port;

import io.annulet.backend.data.FrameBurst;
import io.annulet.vfio.DmaArea;
import io.annulet.vfio.Nic;
import io.annulet.vfio.NicLimits;

/**
 * Frames that come in through a NIC, into buffers of ours that the NIC may only write; owned by the port's worker. A buffer
 * is offered again when the burst that it was pulled with is finished.
 */
final class NicReceive {

    /** Bytes after which a visit ends, so that large frames do not keep the worker from other ports. */
    private static final int VISIT_BYTES = 64 * 1024;

    private final Nic nic;
    private final int headerBytes;
    private final int bufferBytes;
    private final int buffers;
    private final DmaArea.Piece pool;
    private final boolean[] offered;
    private final int[] pulled = new int[FrameBurst.CAPACITY];
    private int pulledCount;
    private long received;

    /** A buffer that was taken when the worker looked whether it may sleep, and its frame. */
    private int waiting = Nic.NOTHING;

    private int waitingBytes;

    NicReceive(Nic nic, DmaArea write, int bufferBytes) {
        NicLimits limits = nic.limits();
        this.nic = nic;
        this.bufferBytes = bufferBytes;
        this.headerBytes = limits.headerBytes();
        this.buffers = limits.receiveBuffers();
        this.offered = new boolean[buffers];
        this.pool = write.take((long) buffers * bufferBytes, 64);
    }

    static long byteLength(int buffers, int bufferBytes) {
        return (long) buffers * bufferBytes + 64;
    }

    /** The NIC was started: it has no buffers yet. */
    void offerAll() {
        waiting = Nic.NOTHING;
        for (int i = 0; i < buffers; i++) {
            offered[i] = false;
        }
        for (int i = 0; i < buffers; i++) {
            if (!isPulled(i)) {
                offer(i);
            }
        }
        nic.publishReceive();
    }

    private boolean isPulled(int buffer) {
        for (int i = 0; i < pulledCount; i++) {
            if (pulled[i] == buffer) {
                return true;
            }
        }
        return false;
    }

    private void offer(int buffer) {
        nic.offer(pool.iova() + (long) buffer * bufferBytes, bufferBytes, buffer);
        offered[buffer] = true;
    }

    /**
     * Takes frames into an empty burst.
     *
     * @return how many, or {@link Nic#BROKEN}
     */
    int pull(FrameBurst burst) {
        int frames = 0;
        long bytes = 0;
        while (frames < FrameBurst.CAPACITY && bytes < VISIT_BYTES && await()) {
            int buffer = waiting;
            waiting = Nic.NOTHING;
            burst.chains().addOwn(frames, pool.address() + (long) buffer * bufferBytes + headerBytes, waitingBytes);
            burst.snapshot(frames, 0);
            pulled[frames++] = buffer;
            bytes += waitingBytes;
        }
        pulledCount = frames;
        received += frames;
        burst.flow(1);
        return waiting == Nic.BROKEN ? Nic.BROKEN : frames;
    }

    /** Whether a frame waits. A buffer that was not offered, or a length that cannot be, is none of the NIC's to tell. */
    boolean await() {
        if (waiting == Nic.NOTHING) {
            int buffer = nic.takeReceived();
            if (buffer == Nic.NOTHING) {
                return false;
            }
            boolean known = buffer >= 0 && buffer < buffers && offered[buffer];
            waiting = known ? buffer : Nic.BROKEN;
            waitingBytes = known ? Math.clamp(nic.receivedBytes(), 0, bufferBytes - headerBytes) : 0;
            if (known) {
                offered[buffer] = false;
            }
        }
        return waiting >= 0;
    }

    /** Frames that have come in so far. */
    long received() {
        return received;
    }

    boolean isBroken() {
        return waiting == Nic.BROKEN;
    }

    /** The burst is finished: its buffers are offered again. */
    void finish() {
        if (pulledCount > 0) {
            for (int i = 0; i < pulledCount; i++) {
                offer(pulled[i]);
            }
            pulledCount = 0;
            nic.publishReceive();
        }
    }
}
