package io.annulet.vring;

import io.annulet.memory.Access;
import io.annulet.memory.GuestMemory;
import io.annulet.memory.HostMemory;
import io.annulet.memory.Translator;

/**
 * Turns the buffers of one chain after another into segments of a burst, whatever the layout of the ring they come from;
 * owned by the worker of its queue.
 */
final class ChainAssembler {

    /** Memory comes in pieces of that at least. */
    private static final long PAGE_BYTES = 4096;

    private final Translator buffers;
    private final Translator tables;
    private final AwaitedMemory awaited = new AwaitedMemory();
    private boolean wordMissing;

    // The chain being assembled.
    private long readableByteLength;
    private long writableByteLength;
    private int firstWritable;
    private ChainFault fault = ChainFault.NONE;

    ChainAssembler(GuestMemory memory) {
        this.buffers = new Translator(memory);
        this.tables = new Translator(memory);
    }

    /** Goes by another memory table from now on. */
    void goBy(GuestMemory memory) {
        buffers.goBy(memory);
        tables.goBy(memory);
        awaited.clear();
    }

    /** What the chain that could not be taken last waits for. */
    AwaitedMemory awaited() {
        return awaited;
    }

    /** Begins a chain of several buffers. */
    void begin(ChainBurst burst, int head) {
        burst.begin(head);
        readableByteLength = 0;
        writableByteLength = 0;
        firstWritable = -1;
        fault = ChainFault.NONE;
        awaited.clear();
    }

    /** Ends the chain. False if it waits for memory, or the burst has no room left for it, but an empty one may have. */
    boolean end(ChainBurst burst) {
        if (fault == ChainFault.TOO_MANY_SEGMENTS && burst.count() > 0) {
            return false;
        }
        if (fault != ChainFault.NONE) {
            awaited.clear();
            burst.endFaulty(fault);
        } else if (awaited.isAny()) {
            return false;
        } else {
            burst.end(readableByteLength, writableByteLength, firstWritable < 0 ? burst.segmentCount() : firstWritable);
        }
        return true;
    }

    /**
     * The host address of a buffer in the region that served last, or {@link GuestMemory#UNMAPPED}: the short way of those
     * whose chains are one sound buffer, {@link #alone} being the long one.
     */
    long atHand(long guestAddress, int byteLength) {
        return byteLength <= 0 ? GuestMemory.UNMAPPED : buffers.atHand(guestAddress, byteLength);
    }

    /** A whole chain of one buffer. False as for {@link #end}. */
    boolean alone(ChainBurst burst, int head, long guestAddress, long byteLength, boolean writable) {
        begin(burst, head);
        buffer(burst, guestAddress, byteLength, writable);
        return end(burst);
    }

    /** Adds one buffer. What is wrong with it is kept; the walk goes on to the chain's end. */
    void buffer(ChainBurst burst, long guestAddress, long byteLength, boolean writable) {
        if (writable && firstWritable < 0) {
            firstWritable = burst.segmentCount();
        } else if (!writable && firstWritable >= 0) {
            faulty(ChainFault.READABLE_AFTER_WRITABLE);
        }
        if (byteLength == 0 || fault != ChainFault.NONE) {
            return;
        }
        if (byteLength > Integer.MAX_VALUE) {
            faulty(ChainFault.BUFFER_TOO_LONG);
            return;
        }
        if (wraps(guestAddress, byteLength)) {
            faulty(ChainFault.UNMAPPED_ADDRESS);
            return;
        }
        pieces(burst, guestAddress, byteLength, writable ? Access.WRITE : Access.READ);
        if (writable) {
            writableByteLength += byteLength;
        } else {
            readableByteLength += byteLength;
        }
    }

    /** The segments of one buffer: one, or more if it crosses from region to region. */
    private void pieces(ChainBurst burst, long guestAddress, long byteLength, int access) {
        long at = guestAddress;
        long left = byteLength;
        long hostAddress = buffers.translate(at, left);
        while (hostAddress == GuestMemory.UNMAPPED) {
            long reach = buffers.reach(at);
            if (reach == 0) {
                rest(burst, at, left, access);
                return;
            }
            if (!burst.segment(buffers.translate(at, reach), (int) reach)) {
                faulty(ChainFault.TOO_MANY_SEGMENTS);
                return;
            }
            at += reach;
            left -= reach;
            hostAddress = buffers.translate(at, left);
        }
        if (!burst.segment(hostAddress, (int) left)) {
            faulty(ChainFault.TOO_MANY_SEGMENTS);
        }
    }

    /** What is left of a buffer where not everything is known, or may not be both read and written. */
    private void rest(ChainBurst burst, long guestAddress, long byteLength, int access) {
        if (!buffers.isPartial()) {
            faulty(ChainFault.UNMAPPED_ADDRESS);
            return;
        }
        long at = guestAddress;
        long left = byteLength;
        while (left > 0) {
            long here = Math.min(left, buffers.reach(at, access));
            if (here == 0) {
                if (!awaited.add(at, access)) {
                    return;
                }
                here = Math.min(left, PAGE_BYTES - (at & (PAGE_BYTES - 1)));
            } else if (!burst.segment(buffers.translate(at, here, access), (int) here)) {
                faulty(ChainFault.TOO_MANY_SEGMENTS);
                return;
            }
            at += here;
            left -= here;
        }
    }

    private void faulty(ChainFault why) {
        if (fault == ChainFault.NONE) {
            fault = why;
        }
    }

    /** Whether the last of {@code byteLength} (more than 0) bytes lies below the first: no range goes past 2^64. */
    private static boolean wraps(long guestAddress, long byteLength) {
        return Long.compareUnsigned(guestAddress + (byteLength - 1), guestAddress) < 0;
    }

    // Indirect tables.

    /**
     * How many descriptors an indirect table of {@code byteLength} has, or 0 if it is empty, cut, longer than {@code
     * most} or goes past the end of the address space.
     */
    static int tableEntries(long guestAddress, long byteLength, int most) {
        long entries = byteLength / SplitRing.DESCRIPTOR_BYTES;
        return byteLength % SplitRing.DESCRIPTOR_BYTES != 0
                        || entries == 0
                        || entries > most
                        || wraps(guestAddress, byteLength)
                ? 0
                : (int) entries;
    }

    /** Eight bytes of an indirect table, which may lie anywhere, across a region border too. */
    long tableWord(long guestAddress) {
        long hostAddress = tables.translate(guestAddress, 8);
        if (hostAddress != GuestMemory.UNMAPPED) {
            return HostMemory.loadLong(hostAddress);
        }
        long readable = tables.translate(guestAddress, 8, Access.READ);
        return readable == GuestMemory.UNMAPPED ? scatteredWord(guestAddress) : HostMemory.loadLong(readable);
    }

    private long scatteredWord(long guestAddress) {
        long word = 0;
        for (int i = 0; i < 8; i++) {
            long byteAddress = tables.translate(guestAddress + i, 1, Access.READ);
            if (byteAddress == GuestMemory.UNMAPPED) {
                if (tables.isPartial()) {
                    awaited.add(guestAddress + i, Access.READ);
                }
                wordMissing = true;
                return 0;
            }
            word |= (long) HostMemory.loadByte(byteAddress) << (8 * i);
        }
        return word;
    }

    /** Whether a word of a table was not in guest memory since this was asked last. */
    boolean missedWord() {
        boolean missed = wordMissing;
        wordMissing = false;
        return missed;
    }

    /** Whether the chain waits for its table, of which a word is missing. */
    boolean awaitsTable() {
        return awaited.isAny();
    }
}
