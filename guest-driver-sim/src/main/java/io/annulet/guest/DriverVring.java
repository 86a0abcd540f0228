package io.annulet.guest;

import io.annulet.linux.EventFd;
import io.annulet.linux.FileDescriptors;

/**
 * One virtqueue of the guest: its ring, and the eventfds through which both sides notify; owned by the thread that plays
 * the driver.
 */
public final class DriverVring implements AutoCloseable {

    private final int index;
    private final RawRing ring;
    private final EventFd kick = EventFd.create(true, 0);
    private final EventFd call = EventFd.create(true, 0);
    private final EventFd err = EventFd.create(true, 0);
    private long kicks;
    private long calls;

    DriverVring(int index, RawRing ring) {
        this.index = index;
        this.ring = ring;
    }

    /** Its number in messages: even for receive queues, odd for transmit queues. */
    public int index() {
        return index;
    }

    public RawRing ring() {
        return ring;
    }

    public EventFd kickFd() {
        return kick;
    }

    public EventFd callFd() {
        return call;
    }

    public EventFd errFd() {
        return err;
    }

    /** Kicks the device. */
    public void kick() {
        kicks++;
        kick.signal();
    }

    public long kicks() {
        return kicks;
    }

    /** How often the device called so far. */
    public long calls() {
        takeCalls();
        return calls;
    }

    private void takeCalls() {
        long drained = call.drain();
        calls += Math.max(0, drained);
    }

    /** Waits for a call; true if one came in time. */
    boolean awaitCall(long timeoutNanos) {
        boolean came = FileDescriptors.awaitReadable(call.fd(), timeoutNanos);
        takeCalls();
        return came;
    }

    /** Whether the device said that this queue is broken. */
    public boolean awaitError(long timeoutNanos) {
        return FileDescriptors.awaitReadable(err.fd(), timeoutNanos);
    }

    @Override
    public void close() {
        kick.close();
        call.close();
        err.close();
    }
}
