package io.annulet.backend.data;

import static io.annulet.backend.data.PolicedSwitch.NO_POLICY;
import static io.annulet.backend.data.PolicedSwitch.access;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.annulet.backend.policy.MirrorRule;
import io.annulet.backend.policy.PortPolicy;
import io.annulet.backend.policy.SourceRule;
import java.util.HexFormat;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A port that gets copies of what others send and receive. */
final class MirrorTest {

    private final PolicedSwitch network = new PolicedSwitch();

    @AfterEach
    void close() {
        network.close();
    }

    private static PortPolicy mirror(MirrorRule.Direction direction, String... ports) {
        return NO_POLICY.withMirror(new MirrorRule(Set.of(ports), direction));
    }

    private static byte[] frame(String destination, String source) {
        return HexFormat.of().parseHex(destination + source + "88b5" + "00".repeat(46));
    }

    private static final String A = "020000000001";
    private static final String B = "020000000002";
    private static final String ALL = "ffffffffffff";

    @Test
    void copiesBothWaysAndStaysOutOfAllElse() {
        network.port("a", NO_POLICY);
        network.port("b", NO_POLICY);
        network.port("c", NO_POLICY);
        network.port("m", mirror(MirrorRule.Direction.BOTH, "a"));
        network.send("b", frame(ALL, B));
        network.assertGot("a", frame(ALL, B));
        network.assertGot("m", frame(ALL, B));
        network.drain();
        network.send("a", frame(B, A));
        network.assertGot("b", frame(B, A));
        network.assertGot("m", frame(B, A));
        network.assertNothing("c", "m");
        network.send("c", frame(B, "020000000003"));
        network.assertNothing("m");
        network.drain();
        network.send("m", frame(ALL, "020000000009"));
        network.assertNothing("a", "b", "c", "m");
        assertEquals(1, network.counter("m", "in.dropped.no-destination"));
    }

    @Test
    void showsWhatAPolicyDropsAndTheFormInWhichFramesCome() {
        network.port("a", access(10).withSources(SourceRule.parse("02:00:00:00:00:01", null)));
        network.port("b", access(10));
        network.port("in", mirror(MirrorRule.Direction.IN, "a"));
        network.port("out", mirror(MirrorRule.Direction.OUT, "a", "b"));
        network.send("a", frame(ALL, B));
        network.assertNothing("b", "out");
        network.assertGot("in", frame(ALL, B));
        network.send("a", frame(ALL, A));
        network.assertGot("b", frame(ALL, A));
        network.assertGot("out", frame(ALL, A));
        network.assertGot("in", frame(ALL, A));
    }
}
