package io.annulet.guest.traffic;

import io.annulet.guest.DeviceViolation;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Names what a run found that should not be, each in a line. */
public final class Problems {

    private Problems() {}

    /**
     * What is wrong, the most telling first; empty if nothing is.
     *
     * @param allowedLoss the share of the offered frames that may be lost, 0 for none
     */
    public static List<String> of(PhaseReport phase, List<StationReport> stations, double allowedLoss) {
        List<String> problems = new ArrayList<>();
        if (phase.end() != null && !phase.isInterrupted()) {
            problems.add(phase.end());
        }
        problems.addAll(ofStations(stations));
        phase.directions().forEach(direction -> addFrames(problems, direction, allowedLoss));
        return problems;
    }

    /** The rules that back-ends broke. */
    static List<String> ofStations(List<StationReport> stations) {
        List<String> problems = new ArrayList<>();
        stations.forEach(station -> addViolations(problems, station));
        return problems;
    }

    private static void addViolations(List<String> problems, StationReport station) {
        for (Map.Entry<DeviceViolation, Long> entry : station.violations().entrySet()) {
            problems.add("the back-end broke a rule in a ring of " + station.name() + ": " + sentence(entry.getKey())
                    + " (" + entry.getValue() + " times)");
        }
    }

    private static String sentence(DeviceViolation violation) {
        return switch (violation) {
            case NOT_OFFERED -> "it gave back a buffer that it did not have";
            case WRITTEN_BEYOND_BUFFER -> "it says that it wrote more than the buffer holds";
            case SHORTER_THAN_HEADER -> "it delivered less than a virtio-net header";
            case NUM_BUFFERS_ZERO -> "it delivered a header whose num_buffers is 0";
            case BUFFERS_MISSING -> "it used fewer buffers than num_buffers says";
            case FRAME_TOO_LONG -> "it delivered more than an Ethernet frame can have";
            case OFFLOAD_NOT_ACKNOWLEDGED -> "it delivered a header with an offload that was not acknowledged";
            case CHECKSUM_OUTSIDE_FRAME -> "it delivered a header whose checksum lies outside of the frame";
            case SEGMENTATION_INCOMPLETE -> "it delivered a gso_type without gso_size or without NEEDS_CSUM";
        };
    }

    private static void addFrames(List<String> problems, DirectionReport direction, double allowedLoss) {
        FrameCounts counts = direction.counts();
        boolean mayLose = direction.lossRatio() <= allowedLoss;
        if (!direction.to().isEmpty() && !mayLose) {
            add(problems, direction, counts.lost(), "lost");
            add(problems, direction, direction.notSent(), "due and not taken by the back-end in time");
        }
        add(problems, direction, counts.corrupted(), "corrupted");
        add(problems, direction, counts.duplicated(), "duplicated");
        add(problems, direction, counts.reordered(), "reordered");
        add(problems, direction, counts.stale(), "far out of order");
        add(problems, direction, counts.misdelivered(), "delivered to the wrong guest");
        add(problems, direction, counts.misdescribed(), "delivered with another virtio-net header than was sent");
    }

    private static void add(List<String> problems, DirectionReport direction, long count, String what) {
        if (count > 0) {
            long all = Math.max(direction.offered(), direction.counts().frames());
            problems.add(count + " of " + all + " frames " + what + " (" + Quantities.percent((double) count / all)
                    + ")" + way(direction));
        }
    }

    private static String way(DirectionReport direction) {
        String from = direction.from().isEmpty() ? "" : " from " + direction.from();
        return from
                + (direction.to().isEmpty() || direction.to().equals(direction.from()) ? "" : " to " + direction.to());
    }
}
