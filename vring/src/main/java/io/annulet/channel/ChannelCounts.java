package io.annulet.channel;

/** What an end has done so far; written by its thread. */
public final class ChannelCounts {
    long recordsSent;
    long recordsReceived;
    long itemsReceived;
    long bytesReceived;
    long doorbells;
    long sessions;
    long faults;
    long handshakeFailures;

    /** Records sealed. */
    public long recordsSent() {
        return recordsSent;
    }

    /** Records opened. */
    public long recordsReceived() {
        return recordsReceived;
    }

    /** Messages, pieces of streams and placements in them. */
    public long itemsReceived() {
        return itemsReceived;
    }

    public long bytesReceived() {
        return bytesReceived;
    }

    /** How often the other end was rung. */
    public long doorbells() {
        return doorbells;
    }

    /** Handshakes that led to a session. */
    public long sessions() {
        return sessions;
    }

    /** Sessions that ended because something was wrong. */
    public long faults() {
        return faults;
    }

    /** Handshake messages that led to nothing. */
    public long handshakeFailures() {
        return handshakeFailures;
    }
}
