package io.annulet.backend.port;

import io.annulet.backend.data.FrameBurst;
import io.annulet.backend.data.FrameList;
import io.annulet.backend.data.NetHeader;
import io.annulet.backend.data.Readiness;
import io.annulet.backend.data.RingRecord;
import io.annulet.backend.offload.Offload;
import io.annulet.backend.stats.PortCounters;
import io.annulet.linux.Errno;
import io.annulet.linux.Fd;
import io.annulet.linux.LinuxException;
import io.annulet.linux.Tap;
import io.annulet.linux.TapOptions;
import io.annulet.memory.HostMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * A network interface of the host, or what one worker has of it; owned by that worker once attached. Opened and closed on
 * the control path.
 *
 * <p>Several workers share the interface's queues out among them for reading. A worker writes to its own queues, or if it
 * has none to any of them: each worker has lists of buffers of its own, and the kernel takes frames from several threads
 * at a time.
 *
 * <p>Toward the host a frame is one writev, or a burst one submission of them (io=uring): the kernel gathers it from the
 * snapshot and straight from the sender's buffers, so no byte of it is copied in user space, of a segment of 64 KiB neither.
 * From the host a frame is one read into memory of the port, where it stays until the burst is finished.
 *
 * <p>The interface may go down, or be removed, at any time. Frames to it are dropped then, reads stop until the kernel
 * reports an event, and an interface that comes up again goes on. One that was removed does not come back: the port has
 * to be opened anew.
 */
public final class TapPort implements Port, AutoCloseable {

    /** Bytes after which a visit ends, so that large frames do not keep the worker from other ports. */
    private static final int VISIT_BYTES = 64 * 1024;

    private static final int LONGEST_BYTES = NetHeader.BYTES + FrameBurst.MAX_FRAME_BYTES;
    private static final int CACHE_LINE = 64;

    private final String name;
    private final PortCounters counters;
    private final List<Tap> taps;
    private final int workers;
    private final TapQueue[] queues;
    private final TapQueue[] writeQueues;
    private final TapOffloads offloads;

    /** One burst from the host, frame behind frame. Few long frames or many short ones: always the same few pages. */
    private final MemorySegment incoming = Arena.ofAuto().allocate(VISIT_BYTES + LONGEST_BYTES, CACHE_LINE);

    private final long incomingAddress = HostMemory.addressOf(incoming);
    private int nextQueue;

    private TapPort(
            String name,
            List<Tap> taps,
            int workers,
            int first,
            PortCounters counters,
            TapOffloads offloads,
            TapPortOptions.Io io) {
        this.name = name;
        this.taps = taps;
        this.offloads = offloads;
        this.workers = workers;
        this.counters = counters;
        this.queues = IntStream.range(0, taps.size())
                .filter(queue -> queue % workers == first)
                .mapToObj(queue -> new TapQueue(taps.get(queue), queue, io))
                .toArray(TapQueue[]::new);
        this.writeQueues = queues.length > 0
                ? queues
                : IntStream.range(0, taps.size())
                        .mapToObj(queue -> new TapQueue(taps.get(queue), queue, io))
                        .toArray(TapQueue[]::new);
    }

    /** Opens a tap that one worker works; see {@link #openShared}. */
    public static TapPort open(String name, TapPortOptions options, PortCounters counters) {
        return openShared(name, options, 0, List.of(counters)).getFirst();
    }

    /**
     * Opens the tap or makes it, sets its MTU and brings it up.
     *
     * @param home the number of the worker that gets the first queue
     * @param counters a row for each worker
     * @return what each worker gets; closing one of them lets go of the tap
     * @throws LinuxException if that cannot be done; the message says what to check
     */
    public static List<TapPort> openShared(String name, TapPortOptions options, int home, List<PortCounters> counters) {
        return openShared(name, options, home, counters, HostAccess.DIRECT);
    }

    /** Likewise, with the rights of {@code access}. */
    public static List<TapPort> openShared(
            String name, TapPortOptions options, int home, List<PortCounters> counters, HostAccess access) {
        List<Tap> taps = new ArrayList<>();
        boolean opened = false;
        try {
            TapOptions how = TapOptions.withHeader(NetHeader.BYTES).multiQueue(options.queues() > 1);
            Tap first = access.tap(options.interfaceName(), how);
            taps.add(first);
            while (taps.size() < options.queues()) {
                taps.add(access.tap(first.name(), how.presence(TapOptions.Presence.ATTACH)));
            }
            access.setUp(first.networkInterface(), options.mtu());
            List<TapPort> ports = share(name, options, taps, home, counters);
            opened = true;
            return ports;
        } finally {
            if (!opened) {
                taps.forEach(Tap::close);
            }
        }
    }

    /**
     * Goes on with the queues of a tap that another process opened.
     *
     * @param queues taken over; closed if this throws
     */
    public static List<TapPort> inherit(
            String name,
            TapPortOptions options,
            String interfaceName,
            List<Fd> queues,
            int home,
            List<PortCounters> counters) {
        TapOptions how = TapOptions.withHeader(NetHeader.BYTES).multiQueue(options.queues() > 1);
        List<Tap> taps = queues.stream()
                .map(fd -> Tap.adopt(fd, interfaceName, how, false))
                .toList();
        boolean opened = false;
        try {
            List<TapPort> ports = share(name, options, taps, home, counters);
            opened = true;
            return ports;
        } finally {
            if (!opened) {
                taps.forEach(Tap::close);
            }
        }
    }

    private static List<TapPort> share(
            String name, TapPortOptions options, List<Tap> taps, int home, List<PortCounters> counters) {
        int accepts = TapOffloads.agree(taps.getLast());
        int workers = counters.size();
        return IntStream.range(0, workers)
                .mapToObj(worker -> new TapPort(
                        name,
                        taps,
                        workers,
                        Math.floorMod(worker - home, workers),
                        counters.get(worker),
                        new TapOffloads(accepts, options.verify()),
                        options.io()))
                .toList();
    }

    /** The descriptors of its queues. */
    public List<Fd> descriptors() {
        return taps.stream().map(Tap::fd).toList();
    }

    @Override
    public String name() {
        return name;
    }

    /** The name of the host's interface, as the kernel completed it. */
    public String interfaceName() {
        return taps.getFirst().name();
    }

    @Override
    public PortCounters counters() {
        return counters;
    }

    @Override
    public void attached(Readiness readiness) {
        for (TapQueue queue : queues) {
            queue.attached(readiness);
        }
    }

    @Override
    public void detached() {
        for (TapQueue queue : queues) {
            queue.detached();
        }
    }

    /** Lets go of the tap, after all workers have left the port. An interface that {@link #open} made is gone then. */
    @Override
    public void close() {
        for (TapQueue queue : writeQueues) {
            queue.close();
        }
        taps.forEach(Tap::close);
    }

    // Frames from the host.

    @Override
    public int pull(FrameBurst burst) {
        for (int i = 0; i < queues.length; i++) {
            TapQueue queue = queues[nextQueue];
            nextQueue = nextQueue + 1 == queues.length ? 0 : nextQueue + 1;
            if (queue.isReadable()) {
                int frames = read(queue, burst);
                if (frames > 0) {
                    burst.flow(2 * queue.index() + 1);
                    return frames;
                }
            }
        }
        return 0;
    }

    private int read(TapQueue queue, FrameBurst burst) {
        int frames = readFrames(queue, burst);
        counters.host(0, frames + (queue.isReadable() ? 0 : 1));
        return frames;
    }

    /** Each read is a call, and so is the one that found nothing. */
    private int readFrames(TapQueue queue, FrameBurst burst) {
        long at = incomingAddress;
        int frames = 0;
        while (frames < FrameBurst.CAPACITY && at < incomingAddress + VISIT_BYTES) {
            long result = queue.read(at, LONGEST_BYTES);
            if (result <= 0) {
                if (result != -Errno.EAGAIN) {
                    counters.readFailed();
                }
                return frames;
            }
            burst.chains().addOwn(frames, at, (int) result);
            burst.snapshot(frames, NetHeader.BYTES, Offload.ALL);
            if (burst.offloads(frames) == Offload.VALID) {
                offloads.verify(burst, frames, counters);
            }
            frames++;
            at += (result + CACHE_LINE - 1) & -CACHE_LINE;
        }
        return frames;
    }

    @Override
    public void finish(FrameBurst burst) {
        // The next pull reads over what this burst had.
    }

    // Frames to the host.

    @Override
    public int accepts() {
        return offloads.accepts();
    }

    @Override
    public void push(FrameBurst burst, FrameList frames) {
        RingRecord.leaving(burst);
        // One flow stays on one queue, so its order holds.
        TapQueue queue = writeQueues[writeQueues.length == 1 ? 0 : (burst.flow() >>> 1) / workers % writeQueues.length];
        queue.write(burst, frames, counters);
    }

    // Sleeping.

    @Override
    public boolean awaitWork() {
        for (TapQueue queue : queues) {
            if (queue.isReadable()) {
                return true;
            }
        }
        return false;
    }

    @Override
    public void stopAwaiting() {
        // Events cost nothing while nobody sleeps on them.
    }

    // Faults: the memory of this port is this process's own, so it is never lost.

    @Override
    public boolean recoverFromMemoryLoss() {
        return true;
    }

    @Override
    public void memoryLost() {}
}
