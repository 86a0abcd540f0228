package io.annulet.guest.traffic;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/**
 * The lengths of frames, again and again in this order; in bytes as virtio carries them, without a frame check sequence.
 *
 * @param cycle at least one length
 */
public record FrameSizes(List<Integer> cycle) {

    /** Seven frames of 64 bytes, four of 570 and one of 1,518, well mixed. */
    public static final FrameSizes IMIX = of(64, 570, 64, 64, 570, 64, 1518, 64, 570, 64, 570, 64);

    public static final int MIN = 14;

    /** 65,535 bytes of IP packet with Ethernet header. */
    public static final int MAX = 65_535 + 14;

    public FrameSizes {
        cycle = List.copyOf(cycle);
        if (cycle.isEmpty() || cycle.stream().anyMatch(size -> size < MIN || size > MAX)) {
            throw new IllegalArgumentException("frames have " + MIN + " to " + MAX + " bytes");
        }
    }

    public static FrameSizes of(Integer... cycle) {
        return new FrameSizes(List.of(cycle));
    }

    /**
     * Reads {@code 64}, {@code 64,570,1518} or {@code imix}.
     *
     * @throws IllegalArgumentException if it is none of these; the message says what is
     */
    public static FrameSizes parse(String text) {
        if (text.equalsIgnoreCase("imix")) {
            return IMIX;
        }
        if (!text.matches("[0-9]{1,6}(,[0-9]{1,6}){0,1023}")) {
            throw new IllegalArgumentException(
                    "'" + text + "' is no frame size; write it like 64 or 64,570,1518 or imix");
        }
        return new FrameSizes(
                Arrays.stream(text.split(",")).map(Integer::valueOf).toList());
    }

    int[] toArray() {
        return cycle.stream().mapToInt(Integer::intValue).toArray();
    }

    public int max() {
        return cycle.stream().mapToInt(Integer::intValue).max().orElseThrow();
    }

    public int min() {
        return cycle.stream().mapToInt(Integer::intValue).min().orElseThrow();
    }

    /** Mean length in bytes. */
    public double mean() {
        return cycle.stream().mapToInt(Integer::intValue).average().orElseThrow();
    }

    /** In the form that {@link #parse} reads. */
    @Override
    public String toString() {
        return equals(IMIX) ? "imix" : cycle.stream().map(String::valueOf).collect(Collectors.joining(","));
    }
}
