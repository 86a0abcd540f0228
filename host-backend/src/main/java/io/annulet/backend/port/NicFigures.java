package io.annulet.backend.port;

import io.annulet.backend.stats.PortCounters;
import io.annulet.vfio.Nic;
import io.annulet.vfio.NicStatistic;
import java.util.concurrent.TimeUnit;

/**
 * What a NIC counts by itself, carried over to the port's counters; owned by the port's worker. Reading a register takes
 * longer than a frame does, so this is done a few times a second at most, and not at all while nothing moves.
 */
final class NicFigures {

    static final long INTERVAL_NANOS = TimeUnit.MILLISECONDS.toNanos(250);

    private final Nic nic;
    private final PortCounters counters;
    private final NicStatistic[] kinds;
    private long readNanos = System.nanoTime();
    private long movedAtRead;

    NicFigures(Nic nic, PortCounters counters) {
        this.nic = nic;
        this.counters = counters;
        this.kinds = nic.statistics().toArray(NicStatistic[]::new);
    }

    /** @param moved frames that this port has moved so far */
    void readIfDue(long nowNanos, long moved) {
        if (kinds.length > 0 && nowNanos - readNanos >= INTERVAL_NANOS) {
            readNanos = nowNanos;
            movedAtRead = moved;
            read();
        }
    }

    /** Whether frames have moved that may not be in the figures. */
    boolean areStale(long moved) {
        return kinds.length > 0 && moved != movedAtRead;
    }

    void read() {
        for (NicStatistic kind : kinds) {
            long counted = nic.take(kind);
            if (counted != 0) {
                counters.nic(kind, counted);
            }
        }
    }
}
