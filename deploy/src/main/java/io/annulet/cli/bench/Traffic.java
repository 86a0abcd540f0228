package io.annulet.cli.bench;

import java.util.List;

/**
 * What a front-end sends through a back-end.
 *
 * @param mode forward: both ways, as fast as it goes; or trip: one frame at a time, there and back
 * @param sizes of frames, as {@code annulet sim} reads them
 * @param isPacked the layout of the rings
 */
record Traffic(Mode mode, String sizes, boolean isPacked) {

    /** What is done with frames. */
    enum Mode {
        FORWARD,
        TRIP
    }

    static Traffic forward(String sizes) {
        return new Traffic(Mode.FORWARD, sizes, false);
    }

    static Traffic forwardPacked(String sizes) {
        return new Traffic(Mode.FORWARD, sizes, true);
    }

    List<String> arguments(int cpu) {
        return List.of(
                "bench",
                "front-end",
                "--mode",
                mode.name(),
                "--sizes",
                sizes,
                "--ring",
                isPacked ? "packed" : "split",
                "--cpu",
                Integer.toString(cpu));
    }
}
