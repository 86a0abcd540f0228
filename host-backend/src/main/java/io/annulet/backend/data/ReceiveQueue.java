package io.annulet.backend.data;

import io.annulet.backend.port.PortListener;
import io.annulet.backend.stats.DropReason;
import io.annulet.backend.stats.PortCounters;
import io.annulet.linux.EventFd;
import io.annulet.memory.HostMemory;
import io.annulet.vring.ChainBurst;
import io.annulet.vring.ChainFault;
import io.annulet.vring.RingFault;
import org.jspecify.annotations.Nullable;

/**
 * A queue on which a guest receives: a destination of frames; owned by its worker, and lent to others where the guest's
 * port is worked by several.
 *
 * <p>Whoever wants to deliver enters, delivers one burst, and leaves. A queue that can be lent has a lock, which its owner
 * takes as well as those who borrow it, for deliveries and for every change; what is in force while a worker is in the
 * queue, memory above all, stays so until it has left.
 *
 * <p>It keeps a stock of buffers taken ahead of need, so that their descriptors are read a burst at a time. A buffer in
 * stock is untouched, and is put back before the ring stops. A frame goes into the buffers in one copy: the snapshot's
 * bytes first, then the rest straight from the sender's buffers.
 */
public final class ReceiveQueue extends GuestQueue {

    /** Buffers that are taken ahead at a time. */
    private static final int STOCK = 64;

    private static final @Nullable DropReason DELIVERED = null;

    private final boolean mergeable;
    private final @Nullable BurstLock lock;
    private ChainBurst stock;
    private int nextInStock;

    // The place that is written next while one frame is scattered over buffers.
    private int segment;
    private int endSegment;
    private int offset;

    /** @param lendable whether other workers than the owner may deliver too */
    public ReceiveQueue(QueueSetup setup, PortCounters counters, PortListener listener, boolean lendable) {
        super(setup, counters, listener);
        this.lock = lendable ? new BurstLock() : null;
        this.mergeable = setup.mergeable();
        this.stock = newStock(setup);
        half.suppressKicks();
    }

    private static ChainBurst newStock(QueueSetup setup) {
        int size = setup.ring().size();
        return new ChainBurst(size, 4 * size + STOCK);
    }

    /**
     * The calling worker begins to deliver a burst, and counts in counters of its own.
     *
     * @return null if it may, else why its frames are dropped
     */
    public @Nullable DropReason enter(PortCounters mine) {
        if (lock != null) {
            if (!lock.acquire()) {
                return DropReason.QUEUE_BUSY;
            }
            if (!isEnabled()) {
                lock.release();
                return DropReason.NOT_READY;
            }
        }
        counters = mine;
        return DELIVERED;
    }

    /** It has delivered its burst and flushed it; or it has not, and what the driver has not seen has not happened. */
    public void leave(boolean flushed) {
        if (!flushed) {
            abandon();
        }
        release();
    }

    /** The worker that entered last has caught an error of memory, perhaps late: if it had not left, it does now. */
    public void leaveAfterFault() {
        if (lock == null || lock.isMine()) {
            abandon();
            release();
        }
    }

    private void acquire() {
        if (lock != null) {
            lock.acquireForSure();
        }
    }

    private void release() {
        if (lock != null) {
            lock.release();
        }
    }

    /**
     * Copies a frame into the guest's buffers; the driver sees it after {@link #flush}.
     *
     * @return null if that was done, else why not
     */
    public @Nullable DropReason deliver(FrameBurst burst, int frame) {
        if (nextInStock == stock.count() && !restock()) {
            return DropReason.NO_BUFFER;
        }
        int chain = nextInStock;
        int needed = headerByteLength + burst.frameByteLength(frame);
        int first = stock.firstSegment(chain);
        if (stock.writableByteLength(chain) >= needed
                && stock.firstWritable(chain) == first
                && stock.segmentByteLength(first) >= needed
                && headerByteLength == NetHeader.BYTES) {
            place(burst, frame, stock.segmentAddress(first));
            giveBack(chain, needed);
            return DELIVERED;
        }
        return scatter(burst, frame, needed);
    }

    private void giveBack(int chain, int byteLength) {
        half.giveBack(stock.head(chain), byteLength);
        nextInStock = chain + 1;
    }

    /** Header and frame into one piece of memory that is long enough. */
    private static void place(FrameBurst burst, int frame, long to) {
        int snapshotBytes = NetHeader.BYTES + burst.snapshotFrameBytes(frame);
        if (snapshotBytes == HostMemory.LINE_BYTES) {
            HostMemory.copyLine(burst.snapshotAddress(frame), to);
        } else {
            HostMemory.copy(burst.snapshotAddress(frame), to, snapshotBytes);
        }
        burst.copyRest(frame, to + snapshotBytes, burst.restByteLength(frame));
    }

    /** Sees to it that there is a buffer in stock. */
    private boolean restock() {
        stock.clear();
        nextInStock = 0;
        return takeMore();
    }

    private boolean takeMore() {
        return take(stock, STOCK) > 0;
    }

    /** The general way: the frame goes into one chain of several segments, or into several chains. */
    private @Nullable DropReason scatter(FrameBurst burst, int frame, int needed) {
        DropReason unfit = skipUnusable();
        if (unfit != DELIVERED) {
            return unfit;
        }
        int chains = chainsFor(needed);
        if (chains <= 0) {
            return chains == 0 ? DropReason.NO_BUFFER : DropReason.BUFFER_TOO_SMALL;
        }
        int firstChain = nextInStock;
        writeFrame(burst, frame, firstChain);
        if (chains > 1) {
            storeNumBuffers(firstChain, chains);
        }
        int left = needed;
        for (int i = 0; i < chains; i++) {
            int here = (int) Math.min(left, stock.writableByteLength(firstChain + i));
            giveBack(firstChain + i, here);
            left -= here;
        }
        return DELIVERED;
    }

    /** Gives back chains that cannot hold even a header or that are not receive buffers; they are the guest's fault. */
    private @Nullable DropReason skipUnusable() {
        for (int tries = 0; tries <= setup().ring().size(); tries++) {
            if (nextInStock == stock.count() && !restock()) {
                return DropReason.NO_BUFFER;
            }
            if (isUsable(nextInStock)) {
                return DELIVERED;
            }
            counters.badReceiveBuffer();
            giveBack(nextInStock, 0);
        }
        return DropReason.NO_BUFFER;
    }

    private boolean isUsable(int chain) {
        return stock.fault(chain) == ChainFault.NONE
                && stock.readableByteLength(chain) == 0
                && stock.writableByteLength(chain) > headerByteLength;
    }

    /** How many chains from {@link #nextInStock} on hold the frame; 0 if there are too few, -1 if none ever will. */
    private int chainsFor(int needed) {
        if (!mergeable) {
            return stock.writableByteLength(nextInStock) >= needed ? 1 : -1;
        }
        long room = 0;
        int chains = 0;
        while (room < needed) {
            if (nextInStock + chains == stock.count() && !extendStock()) {
                return 0;
            }
            int chain = nextInStock + chains;
            if (!isUsable(chain)) {
                giveBackUnused(chains + 1);
                return 0;
            }
            room += stock.writableByteLength(chain);
            chains++;
        }
        return chains;
    }

    /** A bad buffer in the middle takes those before it along: left in stock, it would stop every long frame. */
    private void giveBackUnused(int chains) {
        counters.badReceiveBuffer();
        for (int i = 0; i < chains; i++) {
            giveBack(nextInStock, 0);
        }
    }

    /** Takes more buffers behind those in stock; if the stock has no room left for them, takes it anew first. */
    private boolean extendStock() {
        if (takeMore()) {
            return true;
        }
        if (nextInStock == 0 || half.fault() != RingFault.NONE) {
            return false;
        }
        int kept = stock.count() - nextInStock;
        half.untake(kept);
        stock.clear();
        nextInStock = 0;
        return take(stock, kept + STOCK) > kept;
    }

    private void writeFrame(FrameBurst burst, int frame, int firstChain) {
        segment = stock.firstSegment(firstChain);
        endSegment = stock.endSegment(stock.count() - 1);
        offset = 0;
        long snapshot = burst.snapshotAddress(frame);
        int frameBytes = burst.snapshotFrameBytes(frame);
        scatterOwn(snapshot, headerByteLength);
        scatterOwn(snapshot + NetHeader.BYTES, frameBytes);
        scatterRest(burst, frame);
    }

    /** Bytes of our own memory to where writing stands. */
    private void scatterOwn(long from, int byteLength) {
        long at = from;
        int left = byteLength;
        while (left > 0) {
            int piece = Math.min(left, roomInSegment());
            HostMemory.copy(at, stock.segmentAddress(segment) + offset, piece);
            offset += piece;
            at += piece;
            left -= piece;
        }
    }

    /** Both sides are walked once, into however many pieces they cut each other. */
    private void scatterRest(FrameBurst burst, int frame) {
        ChainBurst source = burst.chains();
        int from = burst.restSegment(frame);
        int fromOffset = burst.restOffset(frame);
        int left = burst.restByteLength(frame);
        while (left > 0) {
            int there = source.segmentByteLength(from) - fromOffset;
            if (there == 0) {
                from++;
                fromOffset = 0;
                continue;
            }
            int piece = Math.min(Math.min(there, left), roomInSegment());
            HostMemory.copy(source.segmentAddress(from) + fromOffset, stock.segmentAddress(segment) + offset, piece);
            fromOffset += piece;
            offset += piece;
            left -= piece;
        }
    }

    /** Bytes left in the segment that is written; goes on to the next one when it is full. */
    private int roomInSegment() {
        while (offset == stock.segmentByteLength(segment)) {
            segment++;
            offset = 0;
            if (segment >= endSegment) {
                throw new AssertionError("a frame is longer than the buffers counted for it");
            }
        }
        return stock.segmentByteLength(segment) - offset;
    }

    private void storeNumBuffers(int firstChain, int chains) {
        // Two bytes that may lie in two segments.
        for (int i = 0; i < 2; i++) {
            int at = NetHeader.BYTES - 2 + i;
            int in = stock.firstSegment(firstChain);
            while (at >= stock.segmentByteLength(in)) {
                at -= stock.segmentByteLength(in);
                in++;
            }
            HostMemory.storeByte(stock.segmentAddress(in) + at, chains >> (8 * i));
        }
    }

    /**
     * Shows the driver all frames delivered since the last time, so many.
     *
     * @return whether {@link #callDriver} became due
     */
    public boolean flush(int frames) {
        return showUsed(frames);
    }

    @Override
    boolean callIfDue(long nowNanos, PortCounters mine) {
        if (lock != null && !lock.tryAcquire()) {
            return false;
        }
        super.callIfDue(nowNanos, mine);
        release();
        return true;
    }

    @Override
    public void abandon() {
        super.abandon();
        stock.clear();
        nextInStock = 0;
    }

    // Changes, by the owner: nobody is in the queue while they are made.

    @Override
    public void enable(boolean on) {
        acquire();
        super.enable(on);
        release();
    }

    @Override
    public void replaceCall(@Nullable EventFd call) {
        acquire();
        super.replaceCall(call);
        release();
    }

    @Override
    public void replaceError(@Nullable EventFd error) {
        acquire();
        super.replaceError(error);
        release();
    }

    @Override
    public void move(QueueSetup moved) {
        acquire();
        try {
            putStockBack();
            super.move(moved);
            stock = newStock(moved);
        } finally {
            release();
        }
    }

    @Override
    public int close() {
        acquire();
        putStockBack();
        int base = super.close();
        release();
        return base;
    }

    private void putStockBack() {
        half.untake(stock.count() - nextInStock);
        stock.clear();
        nextInStock = 0;
    }
}
