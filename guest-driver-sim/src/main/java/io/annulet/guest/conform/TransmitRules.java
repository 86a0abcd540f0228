package io.annulet.guest.conform;

import io.annulet.guest.NetHeaderLayout;
import io.annulet.vhostuser.VirtioFeature;
import java.util.List;

/** Rules on frames that go out. */
final class TransmitRules {

    private static final String SECTION = "Packet Transmission";
    private static final int UNKNOWN_FLAG = 0x80;

    private TransmitRules() {}

    static List<Rule> all() {
        return List.of(
                rule("VN-TX-01", "frames of 60 to 1,514 bytes go out as they were offered", TransmitRules::everyLength),
                rule(
                        "VN-TX-02",
                        "csum_start and csum_offset are not used unless flags has NEEDS_CSUM",
                        trial -> header(trial, NetHeaderLayout.CSUM_START, 14, NetHeaderLayout.CSUM_OFFSET, 6)),
                rule(
                        "VN-TX-03",
                        "flags that the device does not know are ignored",
                        trial -> header(trial, NetHeaderLayout.FLAGS, UNKNOWN_FLAG)),
                rule("VN-TX-04", "hdr_len is not relied on", trial -> header(trial, NetHeaderLayout.HDR_LEN, 0xffff)));
    }

    private static Rule rule(String id, String expectation, Rule.Check check) {
        return Rule.must(id, Document.VIRTIO, SECTION, expectation, check).withTraffic();
    }

    private static void everyLength(Trial trial) {
        Pair pair = trial.pair(Setup.USUAL);
        for (int length = TestFrames.MIN_BYTE_LENGTH; length <= TestFrames.MAX_BYTE_LENGTH; length += 29) {
            pair.deliverFromTested(length);
        }
        pair.deliverFromTested(TestFrames.MAX_BYTE_LENGTH);
    }

    /** Sends with values at offsets of the header, and sees the frame arrive as if they were 0. */
    private static void header(Trial trial, int... offsetsAndValues) {
        Pair pair = trial.pair(Setup.USUAL.with(VirtioFeature.NET_CSUM));
        FramePath frames = pair.tested().frames();
        byte[] header = frames.plainHeader();
        for (int i = 0; i < offsetsAndValues.length; i += 2) {
            header[offsetsAndValues[i]] = (byte) offsetsAndValues[i + 1];
            if (offsetsAndValues[i] != NetHeaderLayout.FLAGS) {
                header[offsetsAndValues[i] + 1] = (byte) (offsetsAndValues[i + 1] >>> 8);
            }
        }
        for (int i = 0; i < 4; i++) {
            pair.deliverFromTested(TestFrames.MAX_BYTE_LENGTH, frame -> frames.offer(header, frame));
        }
    }
}
