package io.annulet.guest.traffic;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One way that frames go in a run, phase after phase: whose they are, where they come from and what proves them.
 *
 * @param from who sends them; null if someone else does
 * @param to who receives them; null if someone else does
 * @param source what is sent; null if someone else sends
 * @param check what proves what is received; null if someone else receives
 */
record Direction(
        @Nullable Station from,
        @Nullable Station to,
        @Nullable FrameSource source,
        @Nullable FrameCheck check) {

    /** What each mode makes of the guests. */
    static List<Direction> of(TrafficOptions options, List<Station> stations) {
        return switch (options.mode()) {
            case SEND -> senders(options, stations);
            case RECEIVE -> receivers(options, stations);
            case ECHO -> List.of();
            case MEASURE, ROUND_TRIP -> pairs(options, stations);
        };
    }

    private static List<Direction> senders(TrafficOptions options, List<Station> stations) {
        List<Direction> directions = new ArrayList<>();
        for (Station from : stations) {
            int to = options.to() == TrafficOptions.NOBODY ? MacAddresses.EVERYBODY : options.to();
            directions.add(new Direction(from, null, source(options, from, to, directions.size()), null));
        }
        return directions;
    }

    private static List<Direction> receivers(TrafficOptions options, List<Station> stations) {
        List<Direction> directions = new ArrayList<>();
        for (Station to : stations) {
            FrameCheck check = FrameCheck.of(options.load(), to.number(), List.of(), Load.MAX_FLOWS);
            directions.add(new Direction(null, to, null, check));
        }
        return directions;
    }

    private static List<Direction> pairs(TrafficOptions options, List<Station> stations) {
        if (stations.size() == 1) {
            return List.of(alone(options, stations.getFirst()));
        }
        if (stations.size() % 2 != 0) {
            throw new IllegalArgumentException("guests are measured by two, and there are " + stations.size());
        }
        List<Direction> directions = new ArrayList<>();
        for (int i = 0; i < stations.size(); i += 2) {
            directions.add(between(options, stations.get(i), stations.get(i + 1), directions.size()));
            if (options.bothWays() && options.mode() == TrafficMode.MEASURE) {
                directions.add(between(options, stations.get(i + 1), stations.get(i), directions.size()));
            }
        }
        return directions;
    }

    private static Direction between(TrafficOptions options, Station from, Station to, int number) {
        Station checked = options.mode() == TrafficMode.ROUND_TRIP ? from : to;
        return proven(options, from, to, source(options, from, to.number(), number), checked);
    }

    /** A guest whose frames come back to it, by the back-end or by the guest that they are for. */
    private static Direction alone(TrafficOptions options, Station guest) {
        int to = options.to() == TrafficOptions.NOBODY ? guest.number() : options.to();
        return proven(options, guest, guest, source(options, guest, to, 0), guest);
    }

    private static Direction proven(
            TrafficOptions options, Station from, Station to, FrameSource source, Station checked) {
        FrameCheck check = switch (source) {
            case CaptureSource capture -> new CaptureCheck(capture);
            case TestFrameSource test -> {
                int flows = test.firstFlow() + test.flows();
                yield FrameCheck.of(options.load(), checked.number(), List.of(test), flows);
            }
        };
        return new Direction(from, to, source, check);
    }

    private static FrameSource source(TrafficOptions options, Station from, int toNumber, int number) {
        Load load = options.load();
        if (load.capture() != null) {
            return new CaptureSource(load.capture());
        }
        int firstFlow = number * load.flows();
        if (firstFlow + load.flows() > Load.MAX_FLOWS) {
            throw new IllegalArgumentException("more than " + Load.MAX_FLOWS + " flows together");
        }
        return TestFrameSource.of(load, firstFlow, from.number(), toNumber);
    }

    static String name(@Nullable Station station) {
        return station == null ? "" : station.name();
    }
}
