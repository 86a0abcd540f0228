package io.annulet.guest.conform;

import io.annulet.guest.RamOptions;
import java.util.List;

/** Rules on the sizes of rings, and on what happens after very many buffers. */
final class SizeRules {

    private static final String SPLIT = "Split Virtqueues";
    private static final long LARGE_RAM_BYTES = 16L << 20;
    private static final int LARGEST = 32_768;
    private static final int MORE_THAN_INDEXES = 66_000;
    private static final int BATCH = 128;

    private SizeRules() {}

    static List<Rule> all() {
        return List.of(
                size("VQ-SIZE-01", 1),
                size("VQ-SIZE-02", 2),
                size("VQ-SIZE-03", 8),
                size("VQ-SIZE-04", 1024),
                size("VQ-SIZE-05", LARGEST),
                rule(
                        "VQ-SIZE-06",
                        "all buffers of a transmit queue of 1,024 may be available at a time",
                        trial -> allAtOnce(trial, 1024)),
                rule(
                        "VQ-SIZE-07",
                        "all buffers of a transmit queue of 32,768 may be available at a time",
                        trial -> allAtOnce(trial, LARGEST)),
                rule("VQ-IDX-01", "more than 65,536 frames go out, each index used again", SizeRules::manySent),
                rule(
                        "VQ-IDX-02",
                        "frames come in over the wrap of a receive queue's indexes",
                        SizeRules::receivedOverWrap));
    }

    private static Rule rule(String id, String expectation, Rule.Check check) {
        return Rule.must(id, Document.VIRTIO, SPLIT, expectation, check).withTraffic();
    }

    private static Rule size(String id, int size) {
        return rule(id, "a ring of " + size + (size == 1 ? " descriptor works" : " descriptors works"), trial -> {
            Pair pair = trial.pair(sized(size));
            // Past the end of a small ring and of nothing else.
            for (int i = 0; i < 20; i++) {
                pair.deliverToTested(TestFrames.MIN_BYTE_LENGTH);
                pair.deliverFromTested(TestFrames.MIN_BYTE_LENGTH);
            }
        });
    }

    private static Setup sized(int size) {
        return Setup.USUAL.withRam(RamOptions.of(LARGE_RAM_BYTES)).withRingSize(size);
    }

    private static void awaitAllBack(Trial trial, FramePath frames) {
        trial.await("every buffer comes back", () -> {
            frames.reclaim();
            return frames.transmit().outstanding() == 0;
        });
    }

    /** All descriptors refer to the same frame: the device only reads it. */
    private static void allAtOnce(Trial trial, int size) {
        Pair pair = trial.pair(sized(size));
        FramePath frames = pair.tested().frames();
        awaitAllBack(trial, frames);
        List<Piece> frame = frames.cut(pair.frameFromTested(TestFrames.MIN_BYTE_LENGTH));
        for (int i = 0; i < size; i++) {
            frames.transmit().offer(frame);
        }
        frames.flush();
        awaitAllBack(trial, frames);
        pair.deliverFromTested(TestFrames.MIN_BYTE_LENGTH);
    }

    private static void manySent(Trial trial) {
        Pair pair = trial.pair(Setup.USUAL);
        FramePath frames = pair.tested().frames();
        List<Piece> frame = frames.cut(pair.frameFromTested(TestFrames.MIN_BYTE_LENGTH));
        for (int sent = 0; sent < MORE_THAN_INDEXES; sent += BATCH) {
            trial.await("transmit buffers come back", () -> {
                frames.reclaim();
                return frames.transmit().freeDescriptors() >= BATCH;
            });
            for (int i = 0; i < BATCH; i++) {
                frames.transmit().offer(frame);
            }
            frames.flush();
        }
        awaitAllBack(trial, frames);
        pair.deliverFromTested(TestFrames.MIN_BYTE_LENGTH);
    }

    private static void receivedOverWrap(Trial trial) {
        int base = 65_536 - Setup.USUAL_RING_SIZE;
        Pair pair = trial.pair(Setup.USUAL.withBaseIndex(base));
        for (int i = 0; i < 2 * Setup.USUAL_RING_SIZE; i++) {
            pair.deliverToTested(TestFrames.MIN_BYTE_LENGTH);
        }
    }
}
