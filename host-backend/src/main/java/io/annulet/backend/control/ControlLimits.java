package io.annulet.backend.control;

import io.annulet.memory.GuestMemory;
import io.annulet.vhostuser.MessageLayout;
import java.util.concurrent.TimeUnit;

/**
 * What a front-end, and the driver behind its control queue, may ask of the control plane, and how long it may take for it.
 *
 * @param handshakeNanos until the first message after connecting is complete
 * @param messageNanos until a message that has begun is complete
 * @param replyNanos until the front-end has read a reply
 * @param workerNanos until the worker has acknowledged a change
 * @param descriptors file descriptors that one session may hold: memory, log, kicks, calls, errors and its back-end channel
 * @param regions of memory that one session may have, each of them a mapping
 * @param memoryBytes of all of these regions together: what may be charged to this process of files with holes
 * @param translations ranges of I/O addresses that are known at a time; if there are more, all but those of rings are
 *     forgotten and asked for again
 * @param messageHeapBytes that serving one message may allocate, garbage included
 * @param receiveAddresses of a driver's unicast, and of its group addresses, that are told apart; of more, all are let in
 * @param steeringEntries of the table by which a driver spreads flows, a power of two
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
        int regions,
        long memoryBytes,
        int translations,
        int messageHeapBytes,
        int receiveAddresses,
        int steeringEntries,
        int messagesATurn,
        long connectMinNanos,
        long connectMaxNanos,
        int logLinesASecond) {

    /** Of the 128 TiB that a process has on x86-64, so that one port leaves room for others. */
    private static final long MOST_MEMORY_BYTES = 32L << 40;

    private static final int MOST_STEERING_ENTRIES = 1 << 15;

    public static final ControlLimits DEFAULTS = new ControlLimits(
            TimeUnit.SECONDS.toNanos(10),
            TimeUnit.SECONDS.toNanos(5),
            TimeUnit.SECONDS.toNanos(5),
            TimeUnit.SECONDS.toNanos(10),
            PortBudget.mostDescriptors(2 * VhostUserOptions.MAX_QUEUE_PAIRS),
            GuestMemory.MAX_REGIONS,
            MOST_MEMORY_BYTES,
            2048,
            256 * 1024,
            512,
            128,
            64,
            TimeUnit.MILLISECONDS.toNanos(100),
            TimeUnit.SECONDS.toNanos(5),
            10);

    public ControlLimits {
        check("handshakeNanos", handshakeNanos, 1, Long.MAX_VALUE);
        check("messageNanos", messageNanos, 1, Long.MAX_VALUE);
        check("replyNanos", replyNanos, 1, Long.MAX_VALUE);
        check("workerNanos", workerNanos, 1, Long.MAX_VALUE);
        check("descriptors", descriptors, 1, PortBudget.mostDescriptors(2 * VhostUserOptions.MAX_QUEUE_PAIRS));
        check("regions", regions, 1, GuestMemory.MAX_REGIONS);
        check("memoryBytes", memoryBytes, 1, MOST_MEMORY_BYTES);
        check("translations", translations, 1, Short.MAX_VALUE);
        check("messageHeapBytes", messageHeapBytes, 1, Integer.MAX_VALUE);
        check("receiveAddresses", receiveAddresses, 0, Short.MAX_VALUE);
        check("steeringEntries", steeringEntries, 1, MOST_STEERING_ENTRIES);
        if (Integer.bitCount(steeringEntries) != 1) {
            throw new IllegalArgumentException("steeringEntries " + steeringEntries + ": a power of two");
        }
        check("messagesATurn", messagesATurn, 1, Integer.MAX_VALUE);
        check("connectMinNanos", connectMinNanos, 1, connectMaxNanos);
        check("logLinesASecond", logLinesASecond, 1, Integer.MAX_VALUE);
    }

    private static void check(String name, long value, long least, long most) {
        if (value < least || value > most) {
            throw new IllegalArgumentException(name + " " + value + ": " + least + " to " + most);
        }
    }

    /** Regions that one message may set all at once. */
    int regionsATable() {
        return Math.min(regions, MessageLayout.TABLE_MAX_REGIONS);
    }

    ControlLimits withDescriptors(int count) {
        return with(count, regions, memoryBytes, logLinesASecond);
    }

    ControlLimits withRegions(int count) {
        return with(descriptors, count, memoryBytes, logLinesASecond);
    }

    ControlLimits withMemoryBytes(long bytes) {
        return with(descriptors, regions, bytes, logLinesASecond);
    }

    ControlLimits withLogLinesASecond(int lines) {
        return with(descriptors, regions, memoryBytes, lines);
    }

    private ControlLimits with(int newDescriptors, int newRegions, long newMemoryBytes, int newLogLines) {
        return new ControlLimits(
                handshakeNanos,
                messageNanos,
                replyNanos,
                workerNanos,
                newDescriptors,
                newRegions,
                newMemoryBytes,
                translations,
                messageHeapBytes,
                receiveAddresses,
                steeringEntries,
                messagesATurn,
                connectMinNanos,
                connectMaxNanos,
                newLogLines);
    }

    /** The patience of a session: until its first message, the rest of one, its reply, and the worker's answer. */
    ControlLimits withPatience(long handshake, long message, long reply, long worker) {
        return new ControlLimits(
                handshake,
                message,
                reply,
                worker,
                descriptors,
                regions,
                memoryBytes,
                translations,
                messageHeapBytes,
                receiveAddresses,
                steeringEntries,
                messagesATurn,
                connectMinNanos,
                connectMaxNanos,
                logLinesASecond);
    }

    /** Pauses between attempts to connect. */
    ControlLimits withPauses(long min, long max) {
        return new ControlLimits(
                handshakeNanos,
                messageNanos,
                replyNanos,
                workerNanos,
                descriptors,
                regions,
                memoryBytes,
                translations,
                messageHeapBytes,
                receiveAddresses,
                steeringEntries,
                messagesATurn,
                min,
                max,
                logLinesASecond);
    }
}
