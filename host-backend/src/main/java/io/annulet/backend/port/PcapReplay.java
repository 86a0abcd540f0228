package io.annulet.backend.port;

import io.annulet.backend.data.FrameBurst;
import io.annulet.backend.data.FrameList;
import io.annulet.backend.data.Readiness;
import io.annulet.backend.stats.DropReason;
import io.annulet.backend.stats.PortCounters;
import org.jspecify.annotations.Nullable;

/**
 * Sends the frames of a pcap file into Annulet, once, from when the worker takes the port on; owned by its worker.
 *
 * <p>A frame that was cut off when it was captured comes as short as it is in the file. Frames sent to this port are
 * dropped.
 */
final class PcapReplay implements PcapPort {

    private final String name;
    private final PortCounters counters;
    private final PcapReader reader;
    private final FrameRing ring;
    private Readiness.@Nullable Watch watch;
    private boolean failureCounted;

    PcapReplay(String name, PcapReader reader, PortCounters counters) {
        this.name = name;
        this.counters = counters;
        this.reader = reader;
        this.ring = reader.ring();
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public PortCounters counters() {
        return counters;
    }

    @Override
    public void attached(Readiness readiness) {
        watch = readiness.watch(reader.wakeUp().fd(), () -> {});
        reader.start();
    }

    @Override
    public void detached() {
        Readiness.Watch watched = watch;
        if (watched != null) {
            watched.close();
            watch = null;
        }
    }

    @Override
    public void close() {
        reader.close();
    }

    @Override
    public int pull(FrameBurst burst) {
        if (!failureCounted && reader.hasFailed()) {
            failureCounted = true;
            counters.readFailed();
        }
        return ring.pull(burst);
    }

    @Override
    public void finish(FrameBurst burst) {
        ring.release();
    }

    @Override
    public void push(FrameBurst burst, FrameList frames) {
        burst.watch().lose(counters, frames, 0, DropReason.NOT_READY);
    }

    @Override
    public boolean awaitWork() {
        return reader.requestWakeUp();
    }

    @Override
    public void stopAwaiting() {
        reader.suppressWakeUp();
    }

    @Override
    public boolean recoverFromMemoryLoss() {
        ring.release();
        return true;
    }

    /** Its memory is this process's own, so it is not lost. */
    @Override
    public void memoryLost() {}
}
