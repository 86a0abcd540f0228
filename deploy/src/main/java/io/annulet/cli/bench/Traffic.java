package io.annulet.cli.bench;

import io.annulet.guest.traffic.FrameSizes;
import io.annulet.guest.traffic.Proof;
import java.util.List;

/**
 * What a front-end sends through a back-end.
 *
 * @param mode what is done with frames
 * @param sizes of frames, as {@code annulet sim} reads them
 * @param isPacked the layout of the rings
 * @param proof how much of each frame is written and checked
 */
record Traffic(Mode mode, String sizes, boolean isPacked, Proof proof) {

    /** 65,535 bytes of IP packet with Ethernet header. */
    static final String LARGEST = Integer.toString(FrameSizes.MAX);

    /** What is done with frames. */
    enum Mode {
        /** Both ways, as fast as it goes. */
        FORWARD,
        /** One frame at a time, there and back. */
        TRIP,
        /** One way, as fast as it goes, TCP segments that the receiver takes uncut. */
        SEGMENTS
    }

    static Traffic forward(String sizes) {
        return new Traffic(Mode.FORWARD, sizes, false, Proof.FULL);
    }

    static Traffic forwardPacked(String sizes) {
        return new Traffic(Mode.FORWARD, sizes, true, Proof.FULL);
    }

    static Traffic trip(String sizes) {
        return new Traffic(Mode.TRIP, sizes, false, Proof.FULL);
    }

    /** The longest segments there are, their payload left as it is. */
    static Traffic segments() {
        return new Traffic(Mode.SEGMENTS, LARGEST, false, Proof.NONE);
    }

    Traffic withProof(Proof other) {
        return new Traffic(mode, sizes, isPacked, other);
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
                "--proof",
                proof.name(),
                "--cpu",
                Integer.toString(cpu));
    }
}
