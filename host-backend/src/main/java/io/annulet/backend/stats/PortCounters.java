package io.annulet.backend.stats;

import io.annulet.linux.XdpStatistic;
import io.annulet.vfio.NicStatistic;
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
        COMMANDS_OK("commands.ok"),
        COMMANDS_REFUSED("commands.refused"),
        COMMANDS_BAD("commands.bad"),
        RINGS_BROKEN("rings.broken"),
        READS_FAILED("reads.failed"),
        HOST_MISSED("host.missed"),
        HOST_CALLS("host.calls"),
        CAPTURE_MISSED("capture.missed"),
        SESSIONS("sessions"),
        NIC_ZERO_COPY("nic.zero-copy"),
        NIC_RESTARTS("nic.restarts"),
        NIC_STOPPED("nic.stopped"),
        NIC_FILTERED("nic.filter.set"),
        NIC_FILTER_REFUSED("nic.filter.refused"),
        NIC_UNSHARED_GUESTS("nic.unshared-guests");

        private final String label;

        Id(String label) {
            this.label = label;
        }
    }

    /** Bursts of 1, 2 to 3, 4 to 7 frames, and on, up to those of 64. */
    private static final int BATCH_SIZES = 7;

    /** How many counters one port has. */
    public static final int COUNT = Id.values().length
            + BATCH_SIZES
            + 2 * DropReason.count()
            + FrontEndFault.count()
            + CopyReason.count()
            + NicStatistic.count()
            + XdpStatistic.count();

    private final AtomicCounter[] counters = new AtomicCounter[Id.values().length];
    private final AtomicCounter[] batches = new AtomicCounter[BATCH_SIZES];
    /** Frames of the delivery under way that were not counted yet; of this row's writer. */
    private int owed;

    private final AtomicCounter[] inDropped = new AtomicCounter[DropReason.count()];
    private final AtomicCounter[] outDropped = new AtomicCounter[DropReason.count()];
    private final AtomicCounter[] frontEndFaults = new AtomicCounter[FrontEndFault.count()];
    private final AtomicCounter[] nicCopied = new AtomicCounter[CopyReason.count()];
    private final AtomicCounter[] nic = new AtomicCounter[NicStatistic.count()];
    private final AtomicCounter[] xdp = new AtomicCounter[XdpStatistic.count()];

    /** Makes the counters of a port; on the thread that owns {@code manager}. Each is labelled "port name". */
    public PortCounters(CountersManager manager, String port) {
        for (Id id : Id.values()) {
            counters[id.ordinal()] = newCounter(manager, port, id.label);
        }
        for (int i = 0; i < BATCH_SIZES; i++) {
            batches[i] = newCounter(manager, port, "in.batches." + (1 << i));
        }
        for (DropReason reason : DropReason.values()) {
            inDropped[reason.ordinal()] = newCounter(manager, port, "in.dropped." + reason.label());
            outDropped[reason.ordinal()] = newCounter(manager, port, "out.dropped." + reason.label());
        }
        for (FrontEndFault fault : FrontEndFault.values()) {
            frontEndFaults[fault.ordinal()] = newCounter(manager, port, "front-end." + fault.label());
        }
        for (CopyReason reason : CopyReason.values()) {
            nicCopied[reason.ordinal()] = newCounter(manager, port, "nic.copied." + reason.label());
        }
        for (NicStatistic statistic : NicStatistic.values()) {
            nic[statistic.ordinal()] = newCounter(manager, port, "nic." + statistic.label());
        }
        for (XdpStatistic statistic : XdpStatistic.values()) {
            xdp[statistic.ordinal()] = newCounter(manager, port, "xdp." + statistic.label());
        }
    }

    private static AtomicCounter newCounter(CountersManager manager, String port, String name) {
        return manager.newCounter(CounterOwner.PORT.label(port, name), CounterOwner.PORT.typeId());
    }

    private void add(Id id, long count) {
        counters[id.ordinal()].getAndAddPlain(count);
    }

    /** A burst that came in; its size is counted by powers of two. */
    public void in(int frames, long bytes, int forwarded) {
        add(Id.IN_FRAMES, frames);
        add(Id.IN_BYTES, bytes);
        add(Id.IN_FORWARDED, forwarded);
        if (frames > 0) {
            int size = Integer.SIZE - 1 - Integer.numberOfLeadingZeros(frames);
            batches[Math.min(size, BATCH_SIZES - 1)].incrementPlain();
        }
    }

    public void inDropped(DropReason why) {
        inDropped[why.ordinal()].incrementPlain();
    }

    /** So many frames are about to be delivered: each will be counted as out, or as dropped, before the next ones are. */
    public void owes(int frames) {
        owed = frames;
    }

    /** A frame stays with the port until it has left, and is counted then. */
    public void queued() {
        owed--;
    }

    /** An error of memory broke the delivery off: what was not counted of it is lost. */
    public void settle() {
        if (owed > 0) {
            outDropped(DropReason.MEMORY_LOST, owed);
        }
        owed = 0;
    }

    public void out(int frames, long bytes) {
        owed -= frames;
        add(Id.OUT_FRAMES, frames);
        add(Id.OUT_BYTES, bytes);
    }

    public void outDropped(DropReason why) {
        owed--;
        outDropped[why.ordinal()].incrementPlain();
    }

    public void outDropped(DropReason why, int frames) {
        owed -= frames;
        outDropped[why.ordinal()].getAndAddPlain(frames);
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
        owed += segments - frames;
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

    /** A command of the control queue that was answered. */
    public void command(boolean accepted) {
        add(accepted ? Id.COMMANDS_OK : Id.COMMANDS_REFUSED, 1);
    }

    /** A command that could not even be read or answered: cut, too long, or without a place for the ack. */
    public void badCommand() {
        add(Id.COMMANDS_BAD, 1);
    }

    public void ringBroken() {
        add(Id.RINGS_BROKEN, 1);
    }

    /** The host's side could not be read: a tap whose interface is gone, a file that ends in the middle of a frame. */
    public void readFailed() {
        add(Id.READS_FAILED, 1);
    }

    /**
     * Frames that came to the host's side of this port and that the kernel dropped before we saw them, and system calls
     * that were made to move frames.
     */
    public void host(long missed, long calls) {
        add(Id.HOST_MISSED, missed);
        add(Id.HOST_CALLS, calls);
    }

    /** A frame that a capture wanted and found no room for; it went on its way all the same. */
    public void captureMissed() {
        add(Id.CAPTURE_MISSED, 1);
    }

    /** Front-ends that have attached so far. */
    public void session() {
        add(Id.SESSIONS, 1);
    }

    /** What the port's front-end did wrong; counted by the control plane. */
    public void frontEndFault(FrontEndFault fault) {
        frontEndFaults[fault.ordinal()].incrementPlain();
    }

    /** What the kernel counted for an XDP socket since the last time. */
    public void xdp(XdpStatistic which, long count) {
        xdp[which.ordinal()].getAndAddPlain(count);
    }

    /** A frame whose payload a NIC, or the kernel for an XDP socket, reads from its sender's own buffers. */
    public void nicZeroCopy() {
        add(Id.NIC_ZERO_COPY, 1);
    }

    /** A frame whose payload was copied for a NIC, or an XDP socket that could read it elsewhere. */
    public void nicCopied(CopyReason why) {
        nicCopied[why.ordinal()].incrementPlain();
    }

    /** What a NIC had begun was broken off, and it began anew. */
    public void nicRestarted() {
        add(Id.NIC_RESTARTS, 1);
    }

    /** A NIC failed or was taken away: nothing goes through its port any more. */
    public void nicStopped() {
        add(Id.NIC_STOPPED, 1);
    }

    /** What a NIC counted by itself since the last time. */
    public void nic(NicStatistic which, long count) {
        nic[which.ordinal()].getAndAddPlain(count);
    }

    /** A NIC was told to receive frames for some addresses only, or for others than before. */
    public void nicFiltered() {
        add(Id.NIC_FILTERED, 1);
    }

    /** A NIC could not do that, so that it was told to receive everything. */
    public void nicFilterRefused() {
        add(Id.NIC_FILTER_REFUSED, 1);
    }

    /** A guest whose memory a NIC, or an XDP socket, may not read, or not any more. By the control thread. */
    public void nicUnsharedGuest() {
        add(Id.NIC_UNSHARED_GUESTS, 1);
    }

    /** Gives the counters' places back; on the thread that owns them, after the worker has left the port. */
    @Override
    public void close() {
        Stream.of(counters, batches, inDropped, outDropped, frontEndFaults, nicCopied, nic, xdp)
                .flatMap(Stream::of)
                .forEach(AtomicCounter::close);
    }
}
