package io.annulet.backend.stats;

import java.util.stream.Stream;
import org.agrona.concurrent.status.AtomicCounter;
import org.agrona.concurrent.status.CountersManager;

/**
 * What one port counts at one worker; written by that worker, once a burst where it can, and read by anyone from the mapped
 * file. A port that several workers work has one of these for each, with the same labels: readers add them up.
 *
 * <p>"In" is what the port brought in, "out" what was to leave through it. They balance: every frame in was either
 * dropped by the port that brought it, with a reason, or sent to one or more ports; every frame out was delivered or
 * dropped there, with a reason. A large frame that had to be cut is one frame in and as many out as it was cut into.
 */
public final class PortCounters implements AutoCloseable {

    /** What is counted beside drops. */
    private enum Id {
        IN_FRAMES("in.frames"),
        IN_BYTES("in.bytes"),
        IN_FORWARDED("in.forwarded"),
        OUT_FRAMES("out.frames"),
        OUT_BYTES("out.bytes"),
        COPIED_BYTES("copied.bytes"),
        OFFLOADS_CROSSED("offload.crossed"),
        OFFLOADS_CHECKSUMMED("offload.checksummed"),
        OFFLOADS_SEGMENTED("offload.segmented"),
        OFFLOAD_SEGMENTS("offload.segments"),
        VERIFIED_RIGHT("verified.right"),
        VERIFIED_WRONG("verified.wrong"),
        CALLS_SENT("calls.sent"),
        CALLS_SUPPRESSED("calls.suppressed"),
        CALLS_FAILED("calls.failed"),
        CALLS_COALESCED("calls.coalesced"),
        BAD_RECEIVE_BUFFERS("receive.bad-buffers"),
        RINGS_BROKEN("rings.broken"),
        READS_FAILED("reads.failed"),
        SESSIONS("sessions");

        private final String label;

        Id(String label) {
            this.label = label;
        }
    }

    /** How many counters one port has. */
    public static final int COUNT = Id.values().length + 2 * DropReason.count();

    private final AtomicCounter[] counters = new AtomicCounter[Id.values().length];
    private final AtomicCounter[] inDropped = new AtomicCounter[DropReason.count()];
    private final AtomicCounter[] outDropped = new AtomicCounter[DropReason.count()];

    /** Makes the counters of a port; on the thread that owns {@code manager}. Each is labelled "port name". */
    public PortCounters(CountersManager manager, String port) {
        for (Id id : Id.values()) {
            counters[id.ordinal()] = newCounter(manager, port, id.label);
        }
        for (DropReason reason : DropReason.values()) {
            inDropped[reason.ordinal()] = newCounter(manager, port, "in.dropped." + reason.label());
            outDropped[reason.ordinal()] = newCounter(manager, port, "out.dropped." + reason.label());
        }
    }

    private static AtomicCounter newCounter(CountersManager manager, String port, String name) {
        return manager.newCounter(CounterOwner.PORT.label(port, name), CounterOwner.PORT.typeId());
    }

    private void add(Id id, long count) {
        counters[id.ordinal()].getAndAddPlain(count);
    }

    public void in(int frames, long bytes, int forwarded) {
        add(Id.IN_FRAMES, frames);
        add(Id.IN_BYTES, bytes);
        add(Id.IN_FORWARDED, forwarded);
    }

    public void inDropped(DropReason why) {
        inDropped[why.ordinal()].incrementPlain();
    }

    public void out(int frames, long bytes) {
        add(Id.OUT_FRAMES, frames);
        add(Id.OUT_BYTES, bytes);
    }

    public void outDropped(DropReason why) {
        outDropped[why.ordinal()].incrementPlain();
    }

    /** Payload bytes that the CPU copied in user space to deliver to this port. */
    public void copied(long bytes) {
        add(Id.COPIED_BYTES, bytes);
    }

    /** Frames that needed something of their receiver, and left through this port as they were. */
    public void crossed(int frames) {
        add(Id.OFFLOADS_CROSSED, frames);
    }

    /** Frames whose checksum was completed in software, because this port does not take them without. */
    public void checksummed(int frames) {
        add(Id.OFFLOADS_CHECKSUMMED, frames);
    }

    /** Large frames that were cut in software, because this port does not take them, and into how many. */
    public void segmented(int frames, int segments) {
        add(Id.OFFLOADS_SEGMENTED, frames);
        add(Id.OFFLOAD_SEGMENTS, segments);
    }

    /** A frame that came with a checked checksum, as its device says, was checked again. */
    public void verified(boolean right) {
        add(right ? Id.VERIFIED_RIGHT : Id.VERIFIED_WRONG, 1);
    }

    public void callSent() {
        add(Id.CALLS_SENT, 1);
    }

    public void callSuppressed() {
        add(Id.CALLS_SUPPRESSED, 1);
    }

    /** A publication whose call went out, or will, together with an earlier one's. */
    public void callCoalesced() {
        add(Id.CALLS_COALESCED, 1);
    }

    public void callFailed() {
        add(Id.CALLS_FAILED, 1);
    }

    public void badReceiveBuffer() {
        add(Id.BAD_RECEIVE_BUFFERS, 1);
    }

    public void ringBroken() {
        add(Id.RINGS_BROKEN, 1);
    }

    /** The host's side could not be read: a tap whose interface is gone, a file that ends in the middle of a frame. */
    public void readFailed() {
        add(Id.READS_FAILED, 1);
    }

    /** Front-ends that have attached so far. */
    public void session() {
        add(Id.SESSIONS, 1);
    }

    /** Gives the counters' places back; on the thread that owns them, after the worker has left the port. */
    @Override
    public void close() {
        Stream.of(counters, inDropped, outDropped).flatMap(Stream::of).forEach(AtomicCounter::close);
    }
}
