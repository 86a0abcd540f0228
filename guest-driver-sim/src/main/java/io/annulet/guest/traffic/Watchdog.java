package io.annulet.guest.traffic;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Finds out that a back-end died or hangs while a phase runs; owned by the thread that runs the phases. */
final class Watchdog {

    private final List<Station> stations;
    private final Map<Station, TransmitProgress> progresses;
    private final List<DutyThread> threads;
    private final long stallNanos;
    private final Map<Station, Long> lastUsed = new HashMap<>();
    private final Map<Station, Long> lastChangeNanos = new HashMap<>();

    Watchdog(
            List<Station> stations,
            Map<Station, TransmitProgress> progresses,
            List<DutyThread> threads,
            long stallNanos) {
        this.stations = stations;
        this.progresses = progresses;
        this.threads = threads;
        this.stallNanos = stallNanos;
    }

    /** Why the phase has to end now, as a sentence; null if it may go on. */
    @Nullable
    String look(long nowNanos) {
        for (DutyThread thread : threads) {
            if (thread.isAlive() && nowNanos - thread.beatNanos() > stallNanos) {
                return "the back-end keeps a kick from returning: its eventfd is full and blocks";
            }
        }
        for (Station station : stations) {
            String end = station.whatEndsIt();
            if (end != null) {
                return end;
            }
        }
        for (Map.Entry<Station, TransmitProgress> entry : progresses.entrySet()) {
            if (hangs(entry.getKey(), entry.getValue(), nowNanos)) {
                return "the back-end hangs: it gave back no frame of "
                        + entry.getKey().name() + " for "
                        + Quantities.nanos(stallNanos) + " although it has "
                        + entry.getValue().outstanding();
            }
        }
        return null;
    }

    private boolean hangs(Station station, TransmitProgress progress, long nowNanos) {
        long used = progress.used();
        boolean moves = !lastUsed.containsKey(station) || lastUsed.get(station) != used || progress.outstanding() == 0;
        if (moves) {
            lastUsed.put(station, used);
            lastChangeNanos.put(station, nowNanos);
        }
        return nowNanos - lastChangeNanos.getOrDefault(station, nowNanos) > stallNanos;
    }
}
