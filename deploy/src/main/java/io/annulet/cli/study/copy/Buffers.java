package io.annulet.cli.study.copy;

import io.annulet.guest.GuestRam;
import io.annulet.guest.RamOptions;

/** Equal, page-aligned buffers of a sender and a receiver, in the memory of two guests; owned by the measuring thread. */
final class Buffers implements AutoCloseable {

    static final int MOST_BYTES = 64 * 1024;

    private static final int PAGE = 4096;
    /** Not a power of two apart, or buffers of all guests would share few places of a cache. */
    private static final long STRIDE = MOST_BYTES + PAGE;

    private static final long HUGE = 2L << 20;

    private final GuestRam senders;
    private final GuestRam receivers;
    private final int count;
    private final long from;
    private final long to;
    private int next;

    Buffers(int count) {
        long needed = (count * STRIDE + MOST_BYTES + HUGE - 1) / HUGE * HUGE;
        this.count = count;
        senders = GuestRam.create(RamOptions.of(needed).withPopulate());
        receivers = GuestRam.create(RamOptions.of(needed).withPopulate());
        from = senders.allocate(count * STRIDE, PAGE);
        to = receivers.allocate(count * STRIDE, PAGE);
    }

    /** Goes on to the next pair of buffers. */
    void advance() {
        next = next + 1 == count ? 0 : next + 1;
    }

    long sender() {
        return from + next * STRIDE;
    }

    long receiver() {
        return to + next * STRIDE;
    }

    @Override
    public void close() {
        senders.close();
        receivers.close();
    }
}
