package io.annulet.guest.traffic;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Finds out that a back-end died or hangs while a phase runs; owned by the thread that runs the phases. */
final class Watchdog {

    private record Seen(long value, long sinceNanos) {}

    private final List<Station> stations;
    private final Map<Station, TransmitProgress> progresses;
    private final List<DutyThread> threads;
    private final long stallNanos;
    private final WakingTime time = new WakingTime();
    private final Map<Object, Seen> lastSeen = new HashMap<>();

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
        long passedNanos = time.at(nowNanos);
        for (Station station : stations) {
            String end = station.whatEndsIt();
            if (end != null) {
                return end;
            }
        }
        for (Map.Entry<Station, TransmitProgress> entry : progresses.entrySet()) {
            TransmitProgress progress = entry.getValue();
            boolean waits = progress.outstanding() > 0;
            if (standsStill(entry.getKey(), progress.used(), waits, passedNanos)) {
                return "the back-end hangs: it gave back no frame of "
                        + entry.getKey().name() + " for " + Quantities.nanos(stallNanos) + " although it has "
                        + progress.outstanding();
            }
        }
        for (DutyThread thread : threads) {
            if (standsStill(thread, thread.beats(), thread.isAlive(), passedNanos)) {
                return "the back-end keeps a kick from returning: its eventfd is full and blocks";
            }
        }
        return null;
    }

    /** Whether a value that ought to change has not done so for too long. */
    private boolean standsStill(Object whose, long value, boolean ought, long passedNanos) {
        Seen seen = lastSeen.get(whose);
        if (seen == null || seen.value != value || !ought) {
            lastSeen.put(whose, new Seen(value, passedNanos));
            return false;
        }
        return passedNanos - seen.sinceNanos > stallNanos;
    }
}
