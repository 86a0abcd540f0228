package io.annulet.guest.traffic;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** The duties of one phase, made anew for each, and what they have to tell afterwards; used by one thread. */
final class PhaseDuties {

    private record Way(
            Direction direction,
            @Nullable Sender sender,
            @Nullable Receiver receiver,
            @Nullable RoundTrip trip) {}

    private final TrafficOptions options;
    private final List<Way> ways = new ArrayList<>();
    private final List<Sender> senders = new ArrayList<>();
    private final List<Echo> echoes = new ArrayList<>();
    private final Map<Station, List<Duty>> duties = new LinkedHashMap<>();
    private final Map<Station, TransmitProgress> progresses = new LinkedHashMap<>();

    PhaseDuties(TrafficOptions options, List<Station> stations, List<Direction> directions, Load load) {
        this.options = options;
        stations.forEach(station -> duties.put(station, new ArrayList<>()));
        switch (options.mode()) {
            case SEND, MEASURE -> {
                directions.forEach(direction -> addSender(direction, load));
                directions.forEach(this::addReceiver);
                stations.forEach(this::addDrain);
            }
            case RECEIVE -> directions.forEach(direction -> addLonelyReceiver(direction, load));
            case ECHO -> stations.forEach(station -> addEcho(station, timer(load, this::echoed)));
            case ROUND_TRIP -> directions.forEach(direction -> addRoundTrip(direction, load));
        }
    }

    private void addSender(Direction direction, Load load) {
        Station from = direction.from();
        FrameSource source = direction.source();
        if (from == null || source == null) {
            throw new IllegalStateException("a direction without a sender");
        }
        Station to = direction.to();
        int keptFree = to != null && options.placement().oneThread()
                ? Sender.keptFreeByOneThread(from.driver(), to.driver(), load.batching(), source.maxByteLength())
                : 0;
        Sender sender =
                new Sender(from.driver(), source, pacer(load, source), load.batching(), keptFree, load.durationNanos());
        senders.add(sender);
        duties(from).add(sender);
        progresses.put(from, sender.progress());
        if (to == null) {
            ways.add(new Way(direction, sender, null, null));
        }
    }

    private static Pacer pacer(Load load, FrameSource source) {
        return new Pacer(load.rate().inFrames(source.meanByteLength()), load.frames(), load.durationNanos());
    }

    private void addReceiver(Direction direction) {
        Station to = direction.to();
        FrameCheck check = direction.check();
        if (to != null && check != null) {
            Sender sender = senders.get(ways.size());
            check.begin();
            Receiver receiver = new Receiver(
                    to.driver(),
                    check,
                    () -> senders.stream().allMatch(Sender::isDone),
                    sender::publishedSent,
                    options.patience().quietNanos());
            duties(to).addFirst(receiver);
            ways.add(new Way(direction, sender, receiver, null));
        }
    }

    /** Who has no frames to check takes what comes all the same, or the back-end could not go on. */
    private void addDrain(Station station) {
        if (ways.stream().noneMatch(way -> way.receiver != null && way.direction.to() == station)) {
            duties(station).addFirst(new Drain(station.driver()));
        }
    }

    private void addLonelyReceiver(Direction direction, Load load) {
        Station to = direction.to();
        FrameCheck check = direction.check();
        if (to == null || check == null) {
            throw new IllegalStateException("a direction without a receiver");
        }
        check.begin();
        Receiver receiver = new Receiver(to.driver(), check, timer(load, this::received), () -> 0, 0);
        duties(to).add(receiver);
        ways.add(new Way(direction, null, receiver, null));
    }

    private void addEcho(Station station, BooleanSupplier isOver) {
        Echo echo = new Echo(station.driver(), isOver);
        echoes.add(echo);
        duties(station).add(echo);
        progresses.put(station, echo.progress());
    }

    private void addRoundTrip(Direction direction, Load load) {
        Station from = direction.from();
        Station to = direction.to();
        FrameSource source = direction.source();
        FrameCheck check = direction.check();
        if (from == null || to == null || source == null || check == null) {
            throw new IllegalStateException("a round trip needs two ends");
        }
        check.begin();
        RoundTrip trip = new RoundTrip(
                from.driver(),
                source,
                check,
                pacer(load, source),
                System::nanoTime,
                options.patience().quietNanos());
        duties(from).add(trip);
        progresses.put(from, trip.progress());
        if (to != from) {
            addEcho(to, trip::isDone);
        }
        ways.add(new Way(direction, null, null, trip));
    }

    /** Over after the time, or when so many frames have come. */
    private static BooleanSupplier timer(Load load, CountSupplier frames) {
        long startNanos = System.nanoTime();
        return () -> System.nanoTime() - startNanos >= load.durationNanos() || frames.count() >= load.frames();
    }

    @FunctionalInterface
    private interface CountSupplier {
        long count();
    }

    private List<Duty> duties(Station station) {
        List<Duty> list = duties.get(station);
        if (list == null) {
            throw new IllegalStateException("a guest of another run");
        }
        return list;
    }

    /** What each thread does. */
    List<List<Duty>> threads() {
        List<List<Duty>> all = duties.values().stream()
                .filter(list -> !list.isEmpty())
                .map(List::copyOf)
                .toList();
        return options.placement().oneThread()
                ? List.of(all.stream().flatMap(List::stream).toList())
                : all;
    }

    Map<Station, TransmitProgress> progresses() {
        return progresses;
    }

    // While the phase runs.

    long sent() {
        long trips = ways.stream()
                .map(Way::trip)
                .mapToLong(trip -> trip == null ? 0 : trip.publishedSent())
                .sum();
        return senders.stream().mapToLong(Sender::publishedSent).sum() + trips;
    }

    long received() {
        return ways.stream()
                .map(Way::receiver)
                .mapToLong(receiver -> receiver == null ? 0 : receiver.publishedFrames())
                .sum();
    }

    long echoed() {
        return echoes.stream().mapToLong(Echo::publishedFrames).sum();
    }

    // After the phase.

    long longestGapNanos() {
        return senders.stream().mapToLong(Sender::longestGapNanos).max().orElse(0);
    }

    long stalledNanos() {
        return senders.stream().mapToLong(Sender::stalledNanos).sum();
    }

    List<DirectionReport> reports(Load load) {
        List<DirectionReport> reports = new ArrayList<>();
        ways.forEach(way -> reports.add(report(way, load)));
        if (options.mode() == TrafficMode.ECHO) {
            int i = 0;
            for (Station station : duties.keySet()) {
                reports.add(echoReport(station, echoes.get(i++)));
            }
        }
        return reports;
    }

    private static DirectionReport report(Way way, Load load) {
        String from = Direction.name(way.direction.from());
        String to = Direction.name(way.direction.to());
        FrameCheck check = way.direction.check();
        if (check != null) {
            check.end();
        }
        boolean isPaced = !load.rate().isMax();
        return way.trip != null
                ? DirectionReport.ofTrip(from, to, way.trip, isPaced)
                : DirectionReport.of(from, to, way.sender, way.receiver, isPaced);
    }

    private static DirectionReport echoReport(Station station, Echo echo) {
        FrameCounts counts = new FrameCounts(echo.frames(), echo.bytes(), 0, 0, 0, 0, 0, 0, 0, echo.unfit());
        return new DirectionReport(
                station.name(), station.name(), echo.frames(), echo.frames(), echo.bytes(), counts, 0, 0, 0, null);
    }
}
