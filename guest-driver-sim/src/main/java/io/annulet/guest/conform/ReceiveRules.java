package io.annulet.guest.conform;

import io.annulet.guest.NetHeaderLayout;
import io.annulet.vhostuser.VirtioFeature;
import java.util.List;

/** Rules on frames that come in: header, merged buffers, nothing lost of a frame. */
final class ReceiveRules {

    private static final String HEADER = "Device Operation";
    private static final String INCOMING = "Processing of Incoming Packets";
    private static final String BUFFERS = "Setting Up Receive Buffers";

    private static final int SMALL_BUFFER_BYTES = 256;
    private static final int ODD_BUFFER_BYTES = 131;

    /** Tried before all rules that need traffic. */
    static final Rule TRAFFIC = rule("VN-RX-01", HEADER, "frames go from port to port, both ways", trial -> {
        Pair pair = trial.pair(Setup.USUAL);
        pair.deliverToTested(TestFrames.MIN_BYTE_LENGTH);
        pair.deliverFromTested(TestFrames.MIN_BYTE_LENGTH);
    });

    private ReceiveRules() {}

    static List<Rule> all() {
        return List.of(
                TRAFFIC,
                rule(
                        "VN-RX-02",
                        HEADER,
                        "frames of 60 to 1,514 bytes come in as they were sent",
                        ReceiveRules::everyLength),
                rule(
                        "VN-RX-03",
                        INCOMING,
                        "without GUEST_CSUM the header's flags are 0, without GUEST_TSO4, TSO6 or UFO its gso_type is 0",
                        ReceiveRules::plainHeader),
                rule(
                        "VN-HDR-01",
                        HEADER,
                        "with VERSION_1 and without MRG_RXBUF the header has 12 bytes, both ways",
                        ReceiveRules::headerWithoutMerging),
                rule(
                        "VN-HDR-02",
                        "Legacy Interface: Device Operation",
                        "without VERSION_1 and MRG_RXBUF the header has 10 bytes, both ways",
                        trial -> legacyHeader(trial, 0, NetHeaderLayout.LEGACY_BYTES)),
                rule(
                        "VN-HDR-03",
                        "Legacy Interface: Device Operation",
                        "without VERSION_1 and with MRG_RXBUF the header has 12 bytes, both ways",
                        trial -> legacyHeader(trial, VirtioFeature.NET_MRG_RXBUF, NetHeaderLayout.BYTES)),
                rule(
                        "VN-MRG-01",
                        INCOMING,
                        "without MRG_RXBUF num_buffers is 1",
                        ReceiveRules::numBuffersWithoutMerging),
                rule(
                        "VN-MRG-02",
                        INCOMING,
                        "num_buffers is 1 for a frame that fits in one buffer",
                        ReceiveRules::numBuffersOfOne),
                rule(
                        "VN-MRG-03",
                        INCOMING,
                        "a frame longer than a buffer is spread over as many as it takes, and arrives whole",
                        trial -> spread(trial, SMALL_BUFFER_BYTES)),
                rule(
                        "VN-MRG-04",
                        INCOMING,
                        "all buffers of a frame but the last are filled up",
                        ReceiveRules::filledUp),
                rule("VN-MRG-05", INCOMING, "the buffers of a frame are used together", ReceiveRules::usedTogether),
                rule(
                        "VN-MRG-06",
                        BUFFERS,
                        "a frame is spread over buffers of an odd length",
                        trial -> spread(trial, ODD_BUFFER_BYTES)),
                rule(
                        "VN-MRG-07",
                        INCOMING,
                        "a frame too long for the buffers that are available is not cut; the next ones come in",
                        ReceiveRules::neverCut),
                rule(
                        "VN-MRG-08",
                        INCOMING,
                        "buffers of several descriptors are merged like others",
                        ReceiveRules::mergedChains));
    }

    private static Rule rule(String id, String section, String expectation, Rule.Check check) {
        return Rule.must(id, Document.VIRTIO, section, expectation, check).withTraffic();
    }

    private static void everyLength(Trial trial) {
        Pair pair = trial.pair(Setup.USUAL);
        for (int length = TestFrames.MIN_BYTE_LENGTH; length <= TestFrames.MAX_BYTE_LENGTH; length += 29) {
            pair.deliverToTested(length);
        }
        pair.deliverToTested(TestFrames.MAX_BYTE_LENGTH);
    }

    private static void plainHeader(Trial trial) {
        Pair pair = trial.pair(Setup.USUAL);
        for (int i = 0; i < 8; i++) {
            Received received = pair.deliverToTested(TestFrames.MAX_BYTE_LENGTH);
            Stop.unless(
                    received.flags() == 0 && received.gsoType() == 0,
                    "flags 0, gso_type 0",
                    "flags " + received.flags() + ", gso_type " + received.gsoType());
        }
    }

    private static void bothWays(Pair pair) {
        pair.deliverToTested(TestFrames.MIN_BYTE_LENGTH);
        pair.deliverToTested(TestFrames.MAX_BYTE_LENGTH);
        pair.deliverFromTested(TestFrames.MIN_BYTE_LENGTH);
        pair.deliverFromTested(TestFrames.MAX_BYTE_LENGTH);
    }

    private static Pair withoutMerging(Trial trial) {
        ProbeGuest tested = trial.attached(0, Setup.USUAL.without(VirtioFeature.NET_MRG_RXBUF));
        tested.needs(VirtioFeature.VERSION_1, "VIRTIO_F_VERSION_1");
        return trial.flowing(tested, trial.guest(1, Setup.USUAL));
    }

    private static void headerWithoutMerging(Trial trial) {
        bothWays(withoutMerging(trial));
    }

    /** A device may insist on VERSION_1, so a refusal of SET_FEATURES means that there is no legacy interface. */
    private static void legacyHeader(Trial trial, long features, int headerByteLength) {
        Setup setup = Setup.USUAL
                .without(VirtioFeature.VERSION_1 | VirtioFeature.NET_MRG_RXBUF)
                .with(features);
        ProbeGuest tested = trial.attached(0, setup);
        if (features != 0) {
            tested.needs(features, "VIRTIO_NET_F_MRG_RXBUF");
        }
        Stop.unless(
                tested.frames().headerByteLength() == headerByteLength,
                "a header of " + headerByteLength + " bytes",
                "the kit is wrong");
        if (!Acceptance.ofFeatures(tested)) {
            throw Stop.notOffered("legacy devices: SET_FEATURES without VERSION_1 is refused");
        }
        bothWays(trial.flowing(tested, trial.guest(1, Setup.USUAL)));
    }

    private static void numBuffersWithoutMerging(Trial trial) {
        numBuffers(withoutMerging(trial).deliverToTested(TestFrames.MAX_BYTE_LENGTH), 1);
    }

    private static void numBuffers(Received received, int expected) {
        Stop.unless(
                received.numBuffers() == expected, "num_buffers " + expected, "num_buffers " + received.numBuffers());
    }

    private static Pair merging(Trial trial, Setup setup) {
        ProbeGuest tested = trial.attached(0, setup).needs(VirtioFeature.NET_MRG_RXBUF, "VIRTIO_NET_F_MRG_RXBUF");
        return trial.flowing(tested, trial.guest(1, Setup.USUAL));
    }

    private static void numBuffersOfOne(Trial trial) {
        numBuffers(merging(trial, Setup.USUAL).deliverToTested(TestFrames.MAX_BYTE_LENGTH), 1);
    }

    private static void spread(Trial trial, int bufferByteLength) {
        Pair pair = merging(trial, Setup.USUAL.withReceiveBuffers(200, bufferByteLength));
        for (int length = TestFrames.MIN_BYTE_LENGTH; length <= TestFrames.MAX_BYTE_LENGTH; length += 97) {
            Received received = pair.deliverToTested(length);
            int all = received.headerByteLength() + length;
            numBuffers(received, (all + bufferByteLength - 1) / bufferByteLength);
        }
    }

    private static void filledUp(Trial trial) {
        Pair pair = merging(trial, Setup.USUAL.withReceiveBuffers(200, SMALL_BUFFER_BYTES));
        for (int i = 0; i < 8; i++) {
            List<Used> buffers =
                    pair.deliverToTested(TestFrames.MAX_BYTE_LENGTH).buffers();
            for (Used used : buffers.subList(0, buffers.size() - 1)) {
                Stop.unless(
                        used.writtenByteLength() == SMALL_BUFFER_BYTES,
                        "length " + SMALL_BUFFER_BYTES + " for all but the last",
                        "length " + used.writtenByteLength());
            }
        }
    }

    /** Whoever takes used buffers checks this each time, so it takes frames that come while buffers are being taken. */
    private static void usedTogether(Trial trial) {
        Pair pair = merging(trial, Setup.USUAL.withReceiveBuffers(200, ODD_BUFFER_BYTES));
        for (int i = 0; i < 100; i++) {
            pair.deliverToTested(TestFrames.MAX_BYTE_LENGTH);
        }
    }

    private static void neverCut(Trial trial) {
        Pair pair = merging(trial, Setup.USUAL.withoutReceiveBuffers());
        FramePath frames = pair.tested().frames();
        frames.keepUsedBuffers();
        frames.post(2, SMALL_BUFFER_BYTES);
        for (int i = 0; i < 4; i++) {
            byte[] tooLong = pair.frameToTested(TestFrames.MAX_BYTE_LENGTH);
            pair.peer().frames().offer(tooLong);
            pair.peer().frames().flush();
            pair.neverArrives(pair.tested(), tooLong, "a frame that does not fit does not come in");
        }
        frames.post(64, SMALL_BUFFER_BYTES);
        pair.deliverToTested(TestFrames.MAX_BYTE_LENGTH);
    }

    private static void mergedChains(Trial trial) {
        Pair pair = merging(trial, Setup.USUAL.withoutReceiveBuffers());
        FramePath frames = pair.tested().frames();
        for (int i = 0; i < 60; i++) {
            frames.offerReceive(12, 100, 1, 87);
        }
        frames.flushReceive();
        for (int length = TestFrames.MIN_BYTE_LENGTH; length <= TestFrames.MAX_BYTE_LENGTH; length += 97) {
            Received received = pair.deliverToTested(length);
            numBuffers(received, (received.headerByteLength() + length + 199) / 200);
        }
    }
}
