package io.annulet.backend.capture;

import io.annulet.backend.stats.DropReason;
import java.time.Duration;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * What a capture takes, and where it puts it. As a string it is what {@code --capture} takes.
 *
 * @param file path of the pcapng file, or a word that says where frames go if it is no file
 * @param ports by name; empty for all
 * @param drops only frames that were dropped for one of these reasons; empty for all frames, dropped or not
 * @param snapByteLength the most that is kept of a frame
 */
public record CaptureOptions(
        String file,
        Set<String> ports,
        Direction direction,
        Set<DropReason> drops,
        FrameFilter filter,
        int snapByteLength,
        Rotation rotation,
        Limits limits) {

    /** Longer than any frame. */
    public static final int WHOLE_FRAMES = 262_144;

    private static final int LEAST_SNAPSHOT_BYTES = 14;

    /** Frames that come from a port into the switch or link, those that go to it, or both. */
    public enum Direction {
        IN,
        OUT,
        BOTH
    }

    /**
     * When another file is begun. Files are then numbered.
     *
     * @param byteLength of a file, 0 for any
     * @param time that a file covers, zero for any
     * @param files that are kept, the newest ones; 0 for all
     */
    public record Rotation(long byteLength, Duration time, int files) {
        public static final Rotation NONE = new Rotation(0, Duration.ZERO, 0);

        public Rotation {
            if (byteLength != 0 && byteLength < 4096) {
                throw new IllegalArgumentException("rotate-size=" + byteLength + ": 4k or more");
            }
            if (files != 0 && byteLength == 0 && time.isZero()) {
                throw new IllegalArgumentException("files is for captures with rotate-size or rotate-time: add one");
            }
        }

        public boolean isNone() {
            return byteLength == 0 && time.isZero();
        }
    }

    /**
     * When the capture ends by itself.
     *
     * @param frames 0 for any number
     * @param byteLength of all files together, 0 for any
     * @param time zero for any
     */
    public record Limits(long frames, long byteLength, Duration time) {
        public static final Limits NONE = new Limits(0, 0, Duration.ZERO);
    }

    public CaptureOptions {
        if (file.isEmpty()) {
            throw new IllegalArgumentException("a capture needs a file: write --capture /tmp/frames.pcapng");
        }
        ports = Set.copyOf(ports);
        drops = Set.copyOf(drops);
        if (snapByteLength < LEAST_SNAPSHOT_BYTES || snapByteLength > WHOLE_FRAMES) {
            throw new IllegalArgumentException(
                    "snaplen=" + snapByteLength + ": " + LEAST_SNAPSHOT_BYTES + " to " + WHOLE_FRAMES);
        }
    }

    /** Everything, for as long as it runs. */
    public static CaptureOptions of(String file) {
        return new CaptureOptions(
                file, Set.of(), Direction.BOTH, Set.of(), FrameFilter.ALL, WHOLE_FRAMES, Rotation.NONE, Limits.NONE);
    }

    public CaptureOptions withPorts(Set<String> names) {
        return new CaptureOptions(file, names, direction, drops, filter, snapByteLength, rotation, limits);
    }

    public CaptureOptions withDirection(Direction which) {
        return new CaptureOptions(file, ports, which, drops, filter, snapByteLength, rotation, limits);
    }

    public CaptureOptions withDrops(Set<DropReason> reasons) {
        return new CaptureOptions(file, ports, direction, reasons, filter, snapByteLength, rotation, limits);
    }

    public CaptureOptions withFilter(FrameFilter wanted) {
        return new CaptureOptions(file, ports, direction, drops, wanted, snapByteLength, rotation, limits);
    }

    public CaptureOptions withSnapshot(int byteLength) {
        return new CaptureOptions(file, ports, direction, drops, filter, byteLength, rotation, limits);
    }

    public CaptureOptions withRotation(Rotation when) {
        return new CaptureOptions(file, ports, direction, drops, filter, snapByteLength, when, limits);
    }

    public CaptureOptions withLimits(Limits most) {
        return new CaptureOptions(file, ports, direction, drops, filter, snapByteLength, rotation, most);
    }

    /**
     * Reads reasons by their labels with + between them, or {@code any}.
     *
     * @throws IllegalArgumentException with one line that lists what there is
     */
    public static Set<DropReason> parseDrops(String text) {
        if (text.equals("any")) {
            return EnumSet.allOf(DropReason.class);
        }
        Set<DropReason> reasons = EnumSet.noneOf(DropReason.class);
        for (String label : text.split("\\+", -1)) {
            reasons.add(EnumSet.allOf(DropReason.class).stream()
                    .filter(reason -> reason.label().equals(label))
                    .findFirst()
                    .orElseThrow(() -> new IllegalArgumentException("drop=" + label + ": use any, or "
                            + EnumSet.allOf(DropReason.class).stream()
                                    .map(DropReason::label)
                                    .collect(Collectors.joining(", ")))));
        }
        return reasons;
    }

    @Override
    public String toString() {
        boolean anyDrop = drops.size() == DropReason.count();
        return file
                + (ports.isEmpty() ? "" : ",port=" + String.join("+", new TreeSet<>(ports)))
                + (direction == Direction.BOTH ? "" : ",dir=" + direction.name().toLowerCase(Locale.ROOT))
                + (drops.isEmpty() ? "" : ",drop=" + (anyDrop ? "any" : labels()))
                + (filter.isAll() ? "" : ",filter=" + filter)
                + (snapByteLength == WHOLE_FRAMES ? "" : ",snaplen=" + snapByteLength);
    }

    private String labels() {
        return drops.stream().sorted().map(DropReason::label).collect(Collectors.joining("+"));
    }
}
