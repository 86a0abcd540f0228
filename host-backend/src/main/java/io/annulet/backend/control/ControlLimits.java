package io.annulet.backend.control;

import java.util.concurrent.TimeUnit;

/**
 * What a front-end may ask of the control plane, and how long it may take for it.
 *
 * @param handshakeNanos until the first message after connecting is complete
 * @param messageNanos until a message that has begun is complete
 * @param replyNanos until the front-end has read a reply
 * @param workerNanos until the worker has acknowledged a change
 * @param descriptors file descriptors that one session may hold: memory, kicks, calls, errors and its back-end channel
 * @param messagesATurn messages of one session before others have their turn
 * @param connectMinNanos pause after the first failed attempt to connect; it doubles with each further one
 * @param connectMaxNanos the longest such pause
 * @param logLinesASecond lines about one port
 */
public record ControlLimits(
        long handshakeNanos,
        long messageNanos,
        long replyNanos,
        long workerNanos,
        int descriptors,
        int messagesATurn,
        long connectMinNanos,
        long connectMaxNanos,
        int logLinesASecond) {

    public static final ControlLimits DEFAULTS = new ControlLimits(
            TimeUnit.SECONDS.toNanos(10),
            TimeUnit.SECONDS.toNanos(5),
            TimeUnit.SECONDS.toNanos(5),
            TimeUnit.SECONDS.toNanos(10),
            1300,
            64,
            TimeUnit.MILLISECONDS.toNanos(100),
            TimeUnit.SECONDS.toNanos(5),
            10);
}
