package io.annulet.cli.study.batching;

import io.annulet.linux.EventFd;

/** An eventfd with which one thread wakes another; each side counts its calls itself. */
final class Bell implements AutoCloseable {

    private final EventFd event = EventFd.create(false, 0);
    private long rings;
    private long waits;

    /** By the thread that notifies. */
    void ring() {
        rings++;
        event.signal();
    }

    /** By the thread that is notified: sleeps unless it was rung since the last time. */
    void await() {
        waits++;
        event.drain();
    }

    /** By anyone: ends a sleep without being counted. */
    void wake() {
        event.signal();
    }

    long rings() {
        return rings;
    }

    long waits() {
        return waits;
    }

    @Override
    public void close() {
        event.close();
    }
}
