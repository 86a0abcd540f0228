package io.annulet.backend.port;

import io.annulet.backend.data.BurstLock;
import io.annulet.backend.data.FrameBurst;
import io.annulet.backend.data.FrameList;
import io.annulet.backend.data.Readiness;
import io.annulet.backend.data.RingRecord;
import io.annulet.backend.data.WorkerProxy;
import io.annulet.backend.stats.DropReason;
import io.annulet.backend.stats.PortCounters;
import java.util.ArrayList;
import java.util.List;

/**
 * What one worker has of a port that cannot be divided, such as a file; owned by that worker. One worker owns the port: it
 * pulls, and sleeps on its behalf. All push, one at a time.
 *
 * <p>So pushing may touch nothing that pulling touches as well, but for what is made for two threads ({@link FrameRing}),
 * and of the counters only those of frames out.
 */
public final class SharedPort implements Port {

    private final Port port;
    private final BurstLock lock;
    private final boolean isOwner;
    private final WorkerProxy owner;
    private final PortCounters counters;

    private SharedPort(Port port, BurstLock lock, boolean isOwner, WorkerProxy owner, PortCounters counters) {
        this.port = port;
        this.lock = lock;
        this.isOwner = isOwner;
        this.owner = owner;
        this.counters = counters;
    }

    /**
     * Shares a port among the workers of its domain.
     *
     * @param home the number of the worker that owns it
     * @param counters a row for each worker; that of the owner is the port's own
     */
    public static List<Port> of(Port port, int home, List<WorkerProxy> workers, List<PortCounters> counters) {
        if (workers.size() == 1) {
            return List.of(port);
        }
        BurstLock lock = new BurstLock();
        List<Port> shards = new ArrayList<>();
        for (int worker = 0; worker < workers.size(); worker++) {
            shards.add(new SharedPort(port, lock, worker == home, workers.get(home), counters.get(worker)));
        }
        return shards;
    }

    @Override
    public String name() {
        return port.name();
    }

    @Override
    public PortCounters counters() {
        return counters;
    }

    @Override
    public void attached(Readiness readiness) {
        if (isOwner) {
            port.attached(readiness);
        }
    }

    @Override
    public void detached() {
        if (isOwner) {
            port.detached();
        }
    }

    @Override
    public int pull(FrameBurst burst) {
        return isOwner ? port.pull(burst) : 0;
    }

    @Override
    public void finish(FrameBurst burst) {
        port.finish(burst);
    }

    @Override
    public int accepts() {
        return port.accepts();
    }

    @Override
    public void push(FrameBurst burst, FrameList frames) {
        if (!lock.acquire()) {
            burst.watch().lose(counters, frames, 0, DropReason.QUEUE_BUSY);
            return;
        }
        try {
            RingRecord.leaving(burst);
            port.push(burst, frames);
        } finally {
            lock.release();
        }
        if (!isOwner && port instanceof LoopbackPort) {
            owner.wakeIfAsleep();
        }
    }

    @Override
    public boolean awaitWork() {
        return isOwner && port.awaitWork();
    }

    @Override
    public long sleepNanos() {
        return isOwner ? port.sleepNanos() : Port.super.sleepNanos();
    }

    @Override
    public void stopAwaiting() {
        if (isOwner) {
            port.stopAwaiting();
        }
    }

    @Override
    public boolean recoverFromMemoryLoss() {
        if (lock.isMine()) {
            lock.release();
        }
        return !isOwner || port.recoverFromMemoryLoss();
    }

    @Override
    public void memoryLost() {
        if (isOwner) {
            port.memoryLost();
        }
    }
}
