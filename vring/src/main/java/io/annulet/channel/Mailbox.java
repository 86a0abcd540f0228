package io.annulet.channel;

import io.annulet.memory.HostMemory;
import org.jspecify.annotations.Nullable;

/**
 * A page of shared memory in which an end leaves one handshake message for the other; used by the end's thread. The word
 * before it holds its length and a number, which changes with each message.
 */
final class Mailbox {
    static final int MAX_BYTES = ChannelLayout.PAGE_BYTES - 64;

    private static final int BYTES = 64;
    private static final long LENGTH_MASK = 0xffff_ffffL;

    private final long mine;
    private final long theirs;
    private long seen;

    Mailbox(ChannelLayout layout, int end) {
        this.mine = layout.mailAddress(end);
        this.theirs = layout.mailAddress(1 - end);
    }

    /** Leaves a message in the place of the one before. */
    void post(byte[] message) {
        long number = HostMemory.loadLong(mine) >>> 32;
        HostMemory.storeLong(mine, (number + 1) << 32);
        HostMemory.releaseFence();
        HostMemory.copyIn(message, 0, message.length, mine + BYTES);
        HostMemory.releaseFence(); // D
        HostMemory.storeLong(mine, (number + 2) << 32 | message.length);
    }

    /** A copy of the other end's message, if it is one that was not seen yet and has a length that it can have. */
    byte @Nullable [] poll() {
        long word = HostMemory.loadLong(theirs);
        HostMemory.acquireFence(); // D
        long byteLength = word & LENGTH_MASK;
        if (word == seen || byteLength == 0 || byteLength > MAX_BYTES) {
            return null;
        }
        seen = word;
        return HostMemory.copyOut(theirs + BYTES, (int) byteLength);
    }

    boolean hasNew() {
        return HostMemory.loadLong(theirs) != seen;
    }

    /** Takes what lies there for seen. */
    void skip() {
        seen = HostMemory.loadLong(theirs);
    }
}
