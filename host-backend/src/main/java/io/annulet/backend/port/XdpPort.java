package io.annulet.backend.port;

import io.annulet.backend.data.CompletionWindow;
import io.annulet.backend.data.FrameBurst;
import io.annulet.backend.data.FrameList;
import io.annulet.backend.data.Readiness;
import io.annulet.backend.data.RingRecord;
import io.annulet.backend.data.WorkerProxy;
import io.annulet.backend.offload.Offload;
import io.annulet.backend.stats.DropReason;
import io.annulet.backend.stats.PortCounters;
import io.annulet.linux.LinuxException;
import io.annulet.linux.NetworkInterface;
import io.annulet.linux.XdpProgram;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One queue of a network interface of the host, past the kernel's network stack, by AF_XDP; owned by its worker. Opened and
 * closed on the control path.
 *
 * <p>Frames lie in memory that is registered with the kernel, see {@link XdpLane}. A frame that comes is read where the
 * kernel (or the device) put it, and copied once, to its destination. A frame that goes is copied once, from its sender's
 * buffers; or not at all, if those are registered as well ({@link XdpGuestMemory}).
 *
 * <p>The interface may go down, or be removed, at any time: frames to it are dropped then. One that comes up again goes on;
 * one that was removed does not come back, and the port has to be opened anew.
 */
public final class XdpPort implements Port, CompletionWindow.Borrower, AutoCloseable {

    /** So often frames that did not leave at once are tried again, and those that are lent are looked after. */
    private static final long RETRY_NANOS = TimeUnit.MICROSECONDS.toNanos(100);

    /** How long frames that are nearly sent are waited for before they are broken off. The worker stands still meanwhile. */
    private static final long RECALL_NANOS = TimeUnit.MILLISECONDS.toNanos(5);

    /** So many bursts, either way, go by before the kernel is asked what it dropped. */
    private static final int VISITS_A_QUESTION = 4096;

    private final String name;
    private final PortCounters counters;
    private final XdpLane.Making making;
    private final XdpProgram program;
    private final @Nullable XdpGuard guard;
    private final String how;
    private final @Nullable XdpGuestMemory guestMemory;
    private @Nullable XdpLane lane;
    private @Nullable Readiness readiness;
    private Readiness.@Nullable Watch watch;
    private int visits;

    private XdpPort(
            String name,
            XdpPortOptions options,
            NetworkInterface networkInterface,
            @Nullable WorkerProxy worker,
            PortCounters counters,
            HostAccess access) {
        this.name = name;
        this.counters = counters;
        making = new XdpLane.Making(
                networkInterface,
                options,
                hasOpenChecksums(networkInterface, options.openChecksums()),
                new MemoryRanges(),
                this,
                counters,
                access);
        XdpLane first = XdpLane.open(making, List.of());
        XdpProgram attached = null;
        XdpGuard watching = null;
        boolean opened = false;
        try {
            if (options.program() == XdpPortOptions.Program.LIBXDP) {
                watching = XdpGuard.start(networkInterface.index());
                attached = XdpProgram.attachByLibxdp(networkInterface);
                attached.name(options.queue(), first.socket().fd());
            } else {
                attached = access.xdpProgram(networkInterface, options.queue(), first.socket());
            }
            opened = true;
        } finally {
            if (!opened) {
                close(attached, watching);
                first.close();
            }
        }
        program = attached;
        guard = watching;
        lane = first;
        how = how(first, program);
        guestMemory = making.sharesGuests() && worker != null
                ? new XdpGuestMemory(this, worker, making, program, first)
                : null;
    }

    /**
     * Takes the queue's frames away from the host, and brings the interface up.
     *
     * @throws LinuxException if that cannot be done; the message says what to check
     */
    public static XdpPort open(String name, XdpPortOptions options, PortCounters counters) {
        return open(name, options, null, counters, HostAccess.DIRECT);
    }

    /**
     * As {@link #open(String, XdpPortOptions, PortCounters)}, for a port that may read frames in a guest's memory.
     *
     * @param worker that is to work the port; null if frames are to be copied
     * @param access opens what needs rights
     */
    public static XdpPort open(
            String name,
            XdpPortOptions options,
            @Nullable WorkerProxy worker,
            PortCounters counters,
            HostAccess access) {
        boolean needsOwnRights =
                options.umem() == XdpPortOptions.Umem.GUEST || options.program() == XdpPortOptions.Program.LIBXDP;
        if (needsOwnRights && access != HostAccess.DIRECT) {
            throw new PortException(
                    "open the interface",
                    "a sandbox has no rights for umem=guest and program=libxdp",
                    "leave that out");
        }
        NetworkInterface networkInterface = NetworkInterface.named(options.interfaceName());
        access.setUp(networkInterface, 0);
        return new XdpPort(name, options, networkInterface, worker, counters, access);
    }

    private static boolean hasOpenChecksums(
            NetworkInterface networkInterface, XdpPortOptions.OpenChecksums openChecksums) {
        return switch (openChecksums) {
            case ON -> true;
            case OFF -> false;
            case AUTO -> networkInterface.driver().equals("veth");
        };
    }

    private static void close(@Nullable XdpProgram program, @Nullable XdpGuard guard) {
        if (program != null) {
            program.close();
        }
        if (guard != null) {
            guard.close();
        }
    }

    private static String how(XdpLane lane, XdpProgram program) {
        return (lane.isZeroCopy() ? "zero copy" : "copied by the kernel") + ", program in "
                + switch (program.mode()) {
                    case DRIVER -> "the driver";
                    case GENERIC -> "the kernel's common code";
                    case BY_LIBXDP -> "the care of libxdp";
                }
                + (lane.socket().hasMetadata() ? ", checksums left to the kernel" : "")
                + (lane.socket().hasSeveralBuffers() ? "" : ", no frames over " + XdpLane.CHUNK_FRAME_BYTES + " bytes");
    }

    @Override
    public String name() {
        return name;
    }

    public String interfaceName() {
        return making.networkInterface().name();
    }

    @Override
    public PortCounters counters() {
        return counters;
    }

    /** How the kernel serves this port, in a few words for people. */
    public String how() {
        return how;
    }

    /** What of a guest's memory is registered; null if frames are copied into ours. */
    public @Nullable XdpGuestMemory guestMemory() {
        return guestMemory;
    }

    @Override
    public void attached(Readiness toTell) {
        readiness = toTell;
        watch();
    }

    private void watch() {
        XdpLane now = lane;
        Readiness by = readiness;
        if (now != null && by != null) {
            // An event has only to end the worker's sleep: what there is to do is seen in the rings.
            watch = by.watch(now.socket().fd(), () -> {});
        }
    }

    private void stopWatching() {
        Readiness.Watch watched = watch;
        if (watched != null) {
            watched.close();
            watch = null;
        }
    }

    @Override
    public void detached() {
        stopWatching();
        readiness = null;
        count();
    }

    /**
     * From now on the port works another socket, or none for a while: nothing of the one before is touched any more, nor
     * does the kernel read what was lent through it.
     */
    public void onReplaceLane(@Nullable XdpLane next) {
        XdpLane before = lane;
        if (before != null) {
            stopWatching();
            awaitSent(before, null);
            before.transmit.breakOff();
            count();
        }
        lane = next;
        watch();
    }

    /** Gives the queue back to the host, after the worker has left the port. */
    @Override
    public void close() {
        XdpGuestMemory shared = guestMemory;
        close(program, guard);
        if (shared != null) {
            shared.close();
        } else if (lane != null) {
            lane.close();
        }
    }

    // Frames from the interface.

    @Override
    public int pull(FrameBurst burst) {
        XdpLane now = lane;
        if (now == null) {
            return 0;
        }
        if (now.transmit.hasLent()) {
            now.transmit.reap();
        }
        now.transmit.retry();
        int frames = now.receive.pull(burst);
        if (frames > 0 && ++visits >= VISITS_A_QUESTION) {
            count();
        }
        return frames;
    }

    @Override
    public void finish(FrameBurst burst) {
        if (lane != null) {
            lane.receive.finish();
        }
    }

    private void count() {
        visits = 0;
        if (lane != null) {
            lane.count(counters);
        }
    }

    // Frames to the interface.

    @Override
    public int accepts() {
        return lane == null ? Offload.NONE : lane.transmit.accepts();
    }

    @Override
    public void push(FrameBurst burst, FrameList frames) {
        RingRecord.leaving(burst);
        XdpLane now = lane;
        int count = frames.count();
        if (now == null) {
            burst.watch().lose(counters, frames, 0, DropReason.NOT_READY);
            return;
        }
        now.transmit.begin();
        for (int i = 0; i < count; i++) {
            DropReason why = now.transmit.add(burst, frames.frame(i));
            if (why != null) {
                burst.watch().lose(counters, frames.frame(i), why);
            }
        }
        now.transmit.send();
        now.transmit.count();
        if (++visits >= VISITS_A_QUESTION) {
            count();
        }
    }

    /** What is nearly sent is waited for; what is not then is broken off. */
    @Override
    public void recall(CompletionWindow window) {
        XdpLane now = lane;
        if (now == null || awaitSent(now, window)) {
            return;
        }
        if (now.isZeroCopy() && guestMemory != null) {
            // The device may be reading the ring: only without its socket it leaves the guest's memory alone.
            stopWatching();
            lane = null;
            now.socket().close();
            now.transmit.giveUp();
            guestMemory.renew();
        } else {
            now.transmit.breakOff();
        }
    }

    /** Whether all that was lent, of one window or at all, has been sent in a short while. */
    private static boolean awaitSent(XdpLane lane, @Nullable CompletionWindow window) {
        long end = System.nanoTime() + RECALL_NANOS;
        while (isLent(lane, window) && System.nanoTime() - end < 0) {
            lane.transmit.retry();
            lane.transmit.reap();
            Thread.onSpinWait();
        }
        return !isLent(lane, window);
    }

    private static boolean isLent(XdpLane lane, @Nullable CompletionWindow window) {
        return window == null ? lane.transmit.hasLent() : lane.transmit.hasAnyOf(window);
    }

    // Sleeping.

    @Override
    public boolean awaitWork() {
        XdpLane now = lane;
        if (now == null) {
            return false;
        }
        if (visits > 0) {
            count();
        }
        return now.receive.hasFrames();
    }

    @Override
    public long sleepNanos() {
        XdpLane now = lane;
        return now != null && (now.transmit.retry() || now.transmit.hasLent()) ? RETRY_NANOS : Long.MAX_VALUE;
    }

    @Override
    public void stopAwaiting() {
        // Events cost nothing while nobody sleeps on them.
    }

    // Faults: the memory of this port is this process's own, so it is never lost; what was half copied into it is.

    @Override
    public boolean recoverFromMemoryLoss() {
        if (lane != null) {
            lane.receive.finish();
            lane.transmit.forget();
        }
        return true;
    }

    @Override
    public void memoryLost() {}
}
