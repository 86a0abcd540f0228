package io.annulet.guest.conform;

import io.annulet.vhostuser.VirtioFeature;
import io.annulet.vring.PackedPosition;
import io.annulet.vring.SplitRing;
import java.util.List;

/** Rules on packed virtqueues: what split ones are asked too, and what only they have. */
final class PackedRules {

    private static final String SECTION = "Packed Virtqueues";
    private static final String WRAP = "Packed Virtqueues, Driver and Device Ring Wrap Counters";
    private static final String SCATTER = "Packed Virtqueues, Scatter-Gather Support";
    private static final String INDIRECT = "Packed Virtqueues, Indirect Flag: Scatter-Gather Support";
    private static final String EVENTS = "Packed Virtqueues, Driver and Device Event Suppression";

    private static final Setup PACKED = Setup.USUAL.with(VirtioFeature.RING_PACKED);
    private static final int ODD_SIZE = 100;
    private static final int FRAME_BYTES = 1000;
    private static final int SMALL_BUFFER_BYTES = 256;
    private static final int FRAMES = 20;
    private static final int TIMES = 4;
    private static final int PIECES = 3;

    private PackedRules() {}

    static List<Rule> all() {
        return List.of(
                rule("VQ-PACK-01", SECTION, "frames of 60 to 1,514 bytes go both ways", PackedRules::everyLength),
                rule(
                        "VQ-PACK-02",
                        WRAP,
                        "frames go both ways over several wraps of the ring",
                        trial -> severalWraps(trial, Setup.USUAL_RING_SIZE)),
                rule(
                        "VQ-PACK-03",
                        SECTION,
                        "a ring of " + ODD_SIZE + " descriptors works, though that is no power of two",
                        trial -> severalWraps(trial, ODD_SIZE)),
                rule("VQ-PACK-04", SCATTER, "a frame in several descriptors goes out", PackedRules::chains),
                rule(
                        "VQ-PACK-05",
                        SCATTER,
                        "a list of descriptors may begin at the end of the ring and go on at its beginning",
                        PackedRules::chainsOverTheEnd),
                rule("VQ-PACK-06", INDIRECT, "a frame in an indirect table goes out", PackedRules::indirect),
                rule("VQ-PACK-07", SECTION, "a frame is spread over small receive buffers", PackedRules::merged),
                rule(
                        "VQ-PACK-08",
                        EVENTS,
                        "no call is lost in rounds of random batches",
                        trial -> CallRules.noCallLost(trial, offered(trial, PACKED))),
                rule(
                        "VQ-PACK-09",
                        EVENTS,
                        "with EVENT_IDX no call is lost in rounds of random batches",
                        trial -> CallRules.noCallLost(trial, offered(trial, PACKED.with(VirtioFeature.EVENT_IDX)))),
                rule(
                                "VQ-PACK-10",
                                EVENTS,
                                "no call while the driver's event suppression says DISABLE",
                                trial -> CallRules.suppressedByFlag(trial, offered(trial, PACKED)))
                        .advised(),
                rule(
                        "VQ-PACK-11",
                        EVENTS,
                        "nothing is forgotten when the driver kicks only as it is asked to",
                        trial -> CallRules.kickedAsAsked(trial, offered(trial, PACKED.with(VirtioFeature.EVENT_IDX)))),
                Rule.must(
                                "VQ-PACK-12",
                                Document.VHOST_USER,
                                "Vring descriptor indices for packed virtqueues",
                                "the base has both positions with their wrap counters",
                                PackedRules::base)
                        .withTraffic(),
                Rule.must(
                                "VQ-PACK-13",
                                Document.VHOST_USER,
                                "Vring descriptor indices for packed virtqueues",
                                "a stopped device goes on from its bases",
                                PackedRules::goesOn)
                        .withTraffic());
    }

    private static Rule rule(String id, String section, String expectation, Rule.Check check) {
        return Rule.must(id, Document.VIRTIO, section, expectation, check).withTraffic();
    }

    /** The set-up, if packed rings are offered: a guest without them would set up split ones. */
    private static Setup offered(Trial trial, Setup setup) {
        trial.attached(0, PACKED).needs(VirtioFeature.RING_PACKED, "VIRTIO_F_RING_PACKED");
        trial.close();
        trial.pause();
        return setup;
    }

    private static Pair pair(Trial trial, Setup setup) {
        return trial.pair(offered(trial, setup));
    }

    private static void everyLength(Trial trial) {
        Pair pair = pair(trial, PACKED);
        for (int length = TestFrames.MIN_BYTE_LENGTH; length <= TestFrames.MAX_BYTE_LENGTH; length += 97) {
            pair.deliverToTested(length);
            pair.deliverFromTested(length);
        }
    }

    private static void severalWraps(Trial trial, int size) {
        Pair pair = pair(trial, PACKED.withRingSize(size));
        for (int i = 0; i < 3 * size; i++) {
            pair.deliverToTested(TestFrames.MIN_BYTE_LENGTH);
            pair.deliverFromTested(TestFrames.MIN_BYTE_LENGTH);
        }
    }

    private static void chains(Trial trial) {
        Pair pair = pair(trial, PACKED);
        FramePath frames = pair.tested().frames();
        for (int i = 0; i < FRAMES; i++) {
            pair.deliverFromTested(FRAME_BYTES, frame -> frames.offerCut(frame, 12, 1, 100));
        }
    }

    /**
     * Chains of 3 in a ring of 100: in two of three rounds one lies over the end. Sending a frame again would move it, so
     * each is sent once; a network may lose some, a device that cannot do it loses all of them.
     */
    private static void chainsOverTheEnd(Trial trial) {
        Pair pair = pair(trial, PACKED.withRingSize(ODD_SIZE));
        FramePath frames = pair.tested().frames();
        int descriptors = pair.fromTestedSoFar();
        int overTheEnd = 0;
        int arrived = 0;
        for (int i = 0; i < 4 * ODD_SIZE / PIECES; i++) {
            boolean over = descriptors % ODD_SIZE + PIECES > ODD_SIZE;
            boolean arrives = pair.arrivesAtOnce(FRAME_BYTES, frame -> frames.offerCut(frame, 12, 100));
            overTheEnd += over ? 1 : 0;
            arrived += over && arrives ? 1 : 0;
            descriptors += PIECES;
        }
        Stop.unless(arrived > 0, "frames that lie over the end of the ring arrive", "none of " + overTheEnd + " did");
    }

    private static void indirect(Trial trial) {
        Setup setup = offered(trial, PACKED.with(VirtioFeature.INDIRECT_DESC));
        ProbeGuest tested = trial.attached(0, setup).needs(VirtioFeature.INDIRECT_DESC, "VIRTIO_F_INDIRECT_DESC");
        Pair pair = trial.flowing(tested, trial.guest(1, Setup.USUAL));
        FramePath frames = tested.frames();
        long table = tested.buffers().allocate((int) SplitRing.descriptorTableBytes(PIECES));
        for (int i = 0; i < FRAMES; i++) {
            pair.deliverFromTested(
                    FRAME_BYTES, frame -> frames.transmit().offerIndirect(table, frames.cut(frame, 12, 100)));
        }
    }

    private static void merged(Trial trial) {
        Setup setup = offered(trial, PACKED.withReceiveBuffers(200, SMALL_BUFFER_BYTES));
        ProbeGuest tested = trial.attached(0, setup).needs(VirtioFeature.NET_MRG_RXBUF, "VIRTIO_NET_F_MRG_RXBUF");
        Pair pair = trial.flowing(tested, trial.guest(1, Setup.USUAL));
        for (int i = 0; i < 4 * FRAMES; i++) {
            Received received = pair.deliverToTested(TestFrames.MAX_BYTE_LENGTH);
            int expected = (received.headerByteLength() + TestFrames.MAX_BYTE_LENGTH + SMALL_BUFFER_BYTES - 1)
                    / SMALL_BUFFER_BYTES;
            Stop.unless(
                    received.numBuffers() == expected,
                    "num_buffers " + expected,
                    "num_buffers " + received.numBuffers());
        }
    }

    /** Everything is used when the ring stops, so both positions are where the driver offers next. */
    private static void base(Trial trial) {
        Pair pair = pair(trial, PACKED);
        int offered = pair.fromTestedSoFar();
        for (int i = offered; i < Setup.USUAL_RING_SIZE + FRAMES; i++) {
            pair.deliverFromTested(TestFrames.MIN_BYTE_LENGTH);
        }
        int base = BaseRules.stop(trial, pair.tested())[1];
        int position = position(pair.fromTestedSoFar());
        int expected = position | position << 16;
        Stop.unless(base == expected, "base 0x" + Integer.toHexString(expected), "base 0x" + Integer.toHexString(base));
    }

    private static int position(int descriptors) {
        int position = PackedPosition.START;
        for (int left = descriptors; left > 0; left -= Setup.USUAL_RING_SIZE) {
            position = PackedPosition.plus(position, Math.min(left, Setup.USUAL_RING_SIZE), Setup.USUAL_RING_SIZE);
        }
        return position;
    }

    private static void goesOn(Trial trial) {
        Pair pair = pair(trial, PACKED);
        for (int i = 0; i < TIMES; i++) {
            BaseRules.resume(pair.tested(), BaseRules.stop(trial, pair.tested()));
            for (int j = 0; j < FRAMES; j++) {
                pair.deliverToTested(TestFrames.MIN_BYTE_LENGTH);
                pair.deliverFromTested(TestFrames.MIN_BYTE_LENGTH);
            }
        }
    }
}
