package io.annulet.cli.study.batching;

import io.annulet.backend.data.FrameBurst;
import io.annulet.backend.data.FrameList;
import io.annulet.backend.data.NetHeader;
import io.annulet.backend.data.Readiness;
import io.annulet.backend.port.Port;
import io.annulet.backend.stats.PortCounters;
import io.annulet.linux.EventFd;
import io.annulet.memory.HostMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * The other end of the guest's link: takes frames, copying each out once, or makes them; owned by the worker. It makes
 * them as they are asked for by {@link #trigger}, as fast as the guest takes them, or at a rate.
 */
final class EndPort implements Port, AutoCloseable {

    /** Far below the ring's size, so that the guest's queue never overflows while it is a little behind. */
    private static final int CREDIT = RingLayout.RING_SIZE - FrameBurst.CAPACITY;

    private static final int MOST_FRAME_BYTES = 2048;
    private static final int ALIGNMENT = 64;

    private final PortCounters counters;
    private final Latency latency;
    private final int frameBytes;
    private final int batch;
    private final long stepNanos;
    private final boolean free;
    private final EventFd trigger = EventFd.create(true, 0);
    private final MemorySegment memory =
            Arena.ofAuto().allocate((long) FrameBurst.CAPACITY * MOST_FRAME_BYTES, ALIGNMENT);
    private final long address = HostMemory.addressOf(memory);
    private final AtomicLong received = new AtomicLong();
    private Readiness.@Nullable Watch watch;
    private long wanted;
    private long made;
    private long beganNanos;

    /** Written by the worker alone, read by others. */
    private final AtomicLong taken = new AtomicLong();

    /** @param free whether frames are made without being asked for */
    EndPort(PortCounters counters, Latency latency, int frameBytes, int batch, long stepNanos, boolean free) {
        this.counters = counters;
        this.latency = latency;
        this.frameBytes = frameBytes;
        this.batch = batch;
        this.stepNanos = stepNanos;
        this.free = free;
    }

    /** Signalled by so much as frames are wanted; one that makes frames by itself begins with the first signal. */
    EventFd trigger() {
        return trigger;
    }

    /** Whether it makes frames without being asked for each. */
    boolean isFree() {
        return free;
    }

    /** Told by the guest: how many frames it has received so far. */
    void received(long frames) {
        received.lazySet(frames);
    }

    /** Frames that came here. */
    long taken() {
        return taken.getAcquire();
    }

    @Override
    public String name() {
        return "end";
    }

    @Override
    public PortCounters counters() {
        return counters;
    }

    @Override
    public void attached(Readiness readiness) {
        watch = readiness.watch(trigger.fd(), () -> wanted += Math.max(0, trigger.drain()));
    }

    @Override
    public void detached() {
        if (watch != null) {
            watch.close();
            watch = null;
        }
    }

    @Override
    public int pull(FrameBurst burst) {
        int frames = (int) Math.min(FrameBurst.CAPACITY, free ? (wanted > 0 ? due() : 0) : wanted);
        long now = free ? beganNanos + made * stepNanos : 0;
        for (int i = 0; i < frames; i++) {
            long frame = address + (long) i * MOST_FRAME_BYTES;
            TestFrame.write(frame, now + i * stepNanos);
            burst.chains().addOwn(i, frame, frameBytes);
            burst.snapshot(i, 0);
        }
        made += frames;
        wanted -= free ? 0 : frames;
        return frames;
    }

    /** How many frames are to be made now: whole batches that are due, or what the guest has room for. */
    private long due() {
        long room = Math.max(0, CREDIT - (made - received.getAcquire()));
        if (stepNanos == 0) {
            return Math.min(room, batch - made % batch);
        }
        long now = System.nanoTime();
        if (beganNanos == 0) {
            beganNanos = now;
        }
        long whole = (now - beganNanos) / stepNanos / batch * batch;
        return Math.min(room, whole - made);
    }

    @Override
    public void finish(FrameBurst burst) {}

    @Override
    public void push(FrameBurst burst, FrameList frames) {
        long now = latency.isWanted() ? System.nanoTime() : 0;
        for (int i = 0; i < frames.count(); i++) {
            int frame = frames.frame(i);
            burst.copyFrame(frame, address + (long) i * MOST_FRAME_BYTES);
            if (now != 0) {
                latency.add(now - TestFrame.due(burst.snapshotAddress(frame) + NetHeader.BYTES));
            }
        }
        taken.setRelease(taken.getPlain() + frames.count());
    }

    /** One that makes frames by itself polls its clock, as a network card is polled. */
    @Override
    public boolean awaitWork() {
        return wanted > 0;
    }

    @Override
    public void stopAwaiting() {}

    @Override
    public boolean recoverFromMemoryLoss() {
        return true;
    }

    @Override
    public void memoryLost() {}

    @Override
    public void close() {
        trigger.close();
    }
}
