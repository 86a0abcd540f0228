package io.annulet.guest.traffic;

import io.annulet.guest.DriverReceiveQueue;
import io.annulet.guest.DriverTransmitQueue;
import io.annulet.guest.FrontEndException;
import io.annulet.guest.SimulatedGuest;
import io.annulet.guest.VhostUserFrontEnd;
import io.annulet.linux.Cpus;
import io.annulet.memory.HostMemory;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Guests that are connected, and phases of traffic through them; used by one thread, which starts those that do the
 * traffic and waits for them.
 *
 * <p>No phase lasts longer than its load, the waiting for missing frames and the back-end's stall time together.
 */
public final class TrafficRun implements AutoCloseable {

    /** How a guest gets its connection. */
    @FunctionalInterface
    public interface Connector {
        VhostUserFrontEnd connect();
    }

    private static final long ENDLESS_NANOS = 1_000_000_000_000_000L;

    private final TrafficOptions options;
    private final List<Station> stations = new ArrayList<>();
    private final Interruption interruption;
    private final TrafficProgress.Listener listener;
    private List<Direction> directions = List.of();
    private boolean hasStragglers;
    private @Nullable String end;

    private TrafficRun(TrafficOptions options, Interruption interruption, TrafficProgress.Listener listener) {
        this.options = options;
        this.interruption = interruption;
        this.listener = listener;
    }

    /**
     * Brings a guest up on each connection.
     *
     * @param names of the guests, one for each connector
     * @throws FrontEndException if a back-end cannot be reached, or does not do what a front-end has a right to expect
     * @throws IllegalArgumentException if so many guests don't make sense in the mode
     */
    public static TrafficRun connect(
            List<String> names,
            List<Connector> connectors,
            TrafficOptions options,
            Interruption interruption,
            TrafficProgress.Listener listener) {
        TrafficRun run = new TrafficRun(options, interruption, listener);
        boolean complete = false;
        try {
            for (int i = 0; i < names.size(); i++) {
                SimulatedGuest guest = SimulatedGuest.attach(connectors.get(i).connect(), options.fittedGuest());
                run.stations.add(new Station(options.firstStation() + i, names.get(i), guest));
                checkFeatures(options.load().offloading().kind(), names.get(i), guest.features());
            }
            run.directions = Direction.of(options, run.stations);
            complete = true;
            return run;
        } finally {
            if (!complete) {
                run.close();
            }
        }
    }

    private static void checkFeatures(Offload offload, String name, long acknowledged) {
        List<String> missing = offload.missing(acknowledged);
        if (!missing.isEmpty()) {
            throw new FrontEndException(
                    FrontEndException.Reason.NOT_OFFERED,
                    "the back-end at " + name + " does not offer " + String.join(", ", missing));
        }
    }

    /** Warms up if that is asked for, then runs the load; a back-end that fails while warming up ends it there. */
    public PhaseReport run() {
        PhaseReport warmup = warmUp();
        if (warmup != null && warmup.end() != null) {
            return warmup;
        }
        return phase(options.mode().name().toLowerCase(Locale.ROOT).replace('_', ' '), options.load());
    }

    /** Makes the guests known to a switch, then runs the load for its warm-up time; null if there is none. */
    public @Nullable PhaseReport warmUp() {
        Load load = options.load();
        stations.forEach(station -> station.announce(load.macs()));
        return load.warmupNanos() > 0 && options.mode().sends() ? phase("warm-up", warmupLoad()) : null;
    }

    private Load warmupLoad() {
        return options.load()
                .withFrames(Long.MAX_VALUE)
                .withDurations(options.load().warmupNanos(), 0);
    }

    /** Runs one phase. */
    public PhaseReport phase(String name, Load load) {
        PhaseDuties duties = new PhaseDuties(options, stations, directions, load);
        Phase phase = new Phase(stations, options.patience());
        List<List<Duty>> threads = duties.threads();
        for (int i = 0; i < threads.size(); i++) {
            phase.add(threads.get(i), options.placement().cpuOf(i));
        }
        long kicks = kicks();
        long calls = calls();
        long startNanos = System.nanoTime();
        end = phase.run(duties.progresses(), interruption, () -> tell(name, load, duties, startNanos));
        hasStragglers |= phase.hasStragglers();
        return new PhaseReport(
                duties.reports(load),
                System.nanoTime() - startNanos,
                phase.cpuNanos(),
                phase.idleShare(),
                kicks() - kicks,
                calls() - calls,
                duties.longestGapNanos(),
                duties.stalledNanos(),
                end);
    }

    /**
     * Copies frames as the back-end would, but by itself: from the transmit buffers of the first guest to the receive
     * buffers of the second one. Between phases, with two guests whose receive buffers hold a frame each.
     *
     * @return bytes a second
     */
    public double copyBuffers(long nanos) {
        int cpu = options.placement().cpuOf(0);
        if (cpu >= 0) {
            Cpus.pinCurrentThread(cpu);
        }
        DriverTransmitQueue from = stations.get(0).driver().transmitQueue(0);
        DriverReceiveQueue to = stations.get(1).driver().receiveQueue(0);
        int byteLength = options.load().maxByteLength();
        int buffers = Math.min(from.capacity(), to.capacity(byteLength));
        long startNanos = System.nanoTime();
        long copied = 0;
        long elapsedNanos = 0;
        while (elapsedNanos < nanos) {
            for (int i = 0; i < buffers; i++) {
                HostMemory.copy(from.bufferAddress(i), to.bufferAddress(i), byteLength);
            }
            copied += (long) buffers * byteLength;
            elapsedNanos = System.nanoTime() - startNanos;
        }
        return copied * 1e9 / elapsedNanos;
    }

    private void tell(String name, Load load, PhaseDuties duties, long startNanos) {
        double byTime = (double) (System.nanoTime() - startNanos) / load.durationNanos();
        double bySent = (double) duties.sent() / load.frames() / Math.max(1, directions.size());
        boolean isEndless = load.frames() == Long.MAX_VALUE && load.durationNanos() >= ENDLESS_NANOS;
        double share = isEndless ? -1 : Math.min(1, Math.max(byTime, bySent));
        long received = options.mode() == TrafficMode.ECHO ? duties.echoed() : duties.received();
        listener.onProgress(new TrafficProgress(name, share, duties.sent(), received));
    }

    private long kicks() {
        return stations.stream().mapToLong(Station::kicks).sum();
    }

    private long calls() {
        return hasStragglers ? 0 : stations.stream().mapToLong(Station::calls).sum();
    }

    public TrafficOptions options() {
        return options;
    }

    public List<StationReport> stations() {
        return stations.stream().map(StationReport::of).toList();
    }

    /** Stops every guest's device in good order; returns what went wrong, unless the last phase failed already. */
    public List<String> shutdown() {
        return end != null
                ? List.of()
                : stations.stream().flatMap(TrafficRun::shutdown).toList();
    }

    private static Stream<String> shutdown(Station station) {
        try {
            station.guest().shutdown();
            return Stream.empty();
        } catch (FrontEndException e) {
            return Stream.of(station.name() + " could not be stopped: " + e.getMessage());
        }
    }

    /** Cuts the connections and gives the memory back, unless a thread that a kick holds may still touch it. */
    @Override
    public void close() {
        if (!hasStragglers) {
            stations.forEach(station -> station.guest().close());
        }
    }
}
