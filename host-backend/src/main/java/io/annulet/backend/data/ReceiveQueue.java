package io.annulet.backend.data;

import io.annulet.backend.port.PortListener;
import io.annulet.backend.stats.DropReason;
import io.annulet.backend.stats.PortCounters;
import io.annulet.linux.EventFd;
import io.annulet.memory.GuestMemory;
import io.annulet.vring.ChainBurst;
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

    private final @Nullable BurstLock lock;
    private final ScatteredFrame scattered;
    private ChainBurst stock;
    private int nextInStock;
    private long deliveredBytes;

    /** @param lendable whether other workers than the owner may deliver too */
    public ReceiveQueue(QueueSetup setup, PortCounters counters, PortListener listener, boolean lendable) {
        super(setup, counters, listener);
        this.lock = lendable ? new BurstLock() : null;
        this.stock = newStock(setup);
        this.scattered = new ScatteredFrame(headerByteLength, stock);
        suppressKicks();
        lookAhead();
    }

    private static ChainBurst newStock(QueueSetup of) {
        return new ChainBurst(of.ring().size(), 4 * of.ring().size() + STOCK);
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

    private void release() {
        if (lock != null) {
            lock.release();
        }
    }

    /** What headers say of the hashes of the next burst's frames, by their numbers, where headers have room for that. */
    public void reportHashes(int[] values, int[] kinds) {
        scattered.hashes(values, kinds);
    }

    /**
     * Copies frames of a burst into the guest's buffers and counts them; the driver sees them after {@link #flush}.
     *
     * @return how many were delivered
     */
    public int deliver(FrameBurst burst, FrameList frames) {
        int count = frames.count();
        int delivered = 0;
        int i = 0;
        deliveredBytes = 0;
        while (i < count) {
            if (nextInStock == stock.count() && !restock()) {
                burst.watch().lose(counters, frames, i, DropReason.NO_BUFFER);
                stats.drops += count - i;
                stats.specialDrops += count - i;
                break;
            }
            int whole = deliverWhole(burst, frames, i);
            delivered += whole;
            i += whole;
            if (whole == 0) {
                delivered += deliverAny(burst, frames.frame(i)) ? 1 : 0;
                i++;
            }
        }
        stats.frames += delivered;
        stats.bytes += deliveredBytes;
        counters.out(delivered, deliveredBytes);
        counters.copied(deliveredBytes);
        return delivered;
    }

    /** Delivers frames from {@code first} on as long as each goes into one piece of memory that is in stock. */
    private int deliverWhole(FrameBurst burst, FrameList frames, int first) {
        if (headerByteLength != NetHeader.BYTES) {
            return 0;
        }
        ChainBurst buffers = stock;
        int chain = nextInStock;
        int most = Math.min(frames.count() - first, buffers.count() - chain);
        long bytes = 0;
        int i = 0;
        while (i < most) {
            int frame = frames.frame(first + i);
            int needed = NetHeader.BYTES + burst.frameByteLength(frame);
            int segment = buffers.firstSegment(chain + i);
            if (!buffers.isSingleWritable(chain + i) || buffers.segmentByteLength(segment) < needed) {
                break;
            }
            burst.copyWithHeader(frame, buffers.segmentAddress(segment));
            buffers.written(chain + i, needed);
            bytes += needed;
            i++;
        }
        if (log != null) {
            log.written(buffers, chain, chain + i);
        }
        half.giveBack(buffers, chain, i);
        nextInStock = chain + i;
        deliveredBytes += bytes - (long) NetHeader.BYTES * i;
        return i;
    }

    private boolean deliverAny(FrameBurst burst, int frame) {
        DropReason why = deliver(burst, frame);
        if (why != null) {
            burst.watch().lose(counters, frame, why);
            stats.drops++;
            stats.specialDrops += why == DropReason.NO_BUFFER ? 1 : 0;
            return false;
        }
        deliveredBytes += burst.frameByteLength(frame);
        return true;
    }

    /**
     * Copies one frame into the guest's buffers, whatever they are like.
     *
     * @return null if that was done, else why not
     */
    public @Nullable DropReason deliver(FrameBurst burst, int frame) {
        if (nextInStock == stock.count() && !restock()) {
            return DropReason.NO_BUFFER;
        }
        return scatter(burst, frame, headerByteLength + burst.frameByteLength(frame));
    }

    private void giveBack(int chain, int byteLength) {
        if (log != null) {
            log.buffers(stock, chain, byteLength);
        }
        half.giveBack(stock.head(chain), byteLength);
        nextInStock = chain + 1;
    }

    /** Sees to it that there is a buffer in stock. */
    private boolean restock() {
        stock.clear();
        nextInStock = 0;
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
        scattered.write(burst, frame, stock, firstChain);
        if (chains > 1) {
            ScatteredFrame.storeNumBuffers(stock, firstChain, chains);
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
            if (scattered.fits(stock, nextInStock)) {
                return DELIVERED;
            }
            counters.badReceiveBuffer();
            giveBack(nextInStock, 0);
        }
        return DropReason.NO_BUFFER;
    }

    /** How many chains from {@link #nextInStock} on hold the frame; 0 if there are too few, -1 if none ever will. */
    private int chainsFor(int needed) {
        if (!setup().mergeable()) {
            return stock.writableByteLength(nextInStock) >= needed ? 1 : -1;
        }
        long room = 0;
        int chains = 0;
        while (room < needed) {
            int before = nextInStock;
            if (before + chains == stock.count() && !extendStock()) {
                return 0;
            }
            if (nextInStock != before) {
                return chainsFor(needed); // all were read anew, and may not be what they were when counted
            }
            int chain = nextInStock + chains;
            if (!scattered.fits(stock, chain)) {
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
        if (take(stock, STOCK) > 0) {
            return true;
        }
        if (nextInStock == 0 || half.fault() != RingFault.NONE || waitsForMemory()) {
            return false;
        }
        int kept = stock.count() - nextInStock;
        half.untake(kept);
        stock.clear();
        nextInStock = 0;
        return take(stock, kept + STOCK) > kept;
    }

    /**
     * Shows the driver all frames delivered since the last time, so many, all of one burst.
     *
     * @return whether {@link #callDriver} became due
     */
    public boolean flush(FrameBurst burst, int frames) {
        RingRecord source = burst.origin().record();
        if (source != null && frames > 0) {
            source.passTo(record, half.publishedPosition(), half.usedPosition());
        }
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

    // Changes, by the owner.

    /** Makes a change while nobody is in the queue. */
    private void alone(Runnable change) {
        if (lock != null) {
            lock.acquireForSure();
        }
        try {
            change.run();
        } finally {
            release();
        }
    }

    @Override
    public void enable(boolean on) {
        alone(() -> super.enable(on));
    }

    @Override
    public void replaceCall(@Nullable EventFd call) {
        alone(() -> super.replaceCall(call));
    }

    @Override
    public void replaceError(@Nullable EventFd error) {
        alone(() -> super.replaceError(error));
    }

    @Override
    public void changeCalls(CallPolicy policy) {
        alone(() -> super.changeCalls(policy));
    }

    @Override
    public long[] stats() {
        long[][] copy = new long[1][];
        alone(() -> copy[0] = super.stats());
        return copy[0];
    }

    @Override
    public void move(QueueSetup moved) {
        alone(() -> {
            putStockBack();
            super.move(moved);
            stock = newStock(moved);
            lookAhead();
        });
    }

    @Override
    public void translateBy(GuestMemory memory) {
        alone(() -> {
            putStockBack();
            super.translateBy(memory);
            lookAhead();
        });
    }

    @Override
    public int close() {
        int[] base = new int[1];
        alone(() -> {
            putStockBack();
            base[0] = super.close();
        });
        return base[0];
    }

    /** Where memory may be missing, that is found out before there is a frame, which would be lost. */
    private void lookAhead() {
        if (setup().memory().isPartial()) {
            restock();
        }
    }

    private void putStockBack() {
        half.untake(stock.count() - nextInStock);
        stock.clear();
        nextInStock = 0;
    }
}
