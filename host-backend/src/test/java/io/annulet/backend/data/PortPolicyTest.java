package io.annulet.backend.data;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.annulet.backend.data.ArenaGuest.Shape;
import io.annulet.backend.offload.Offload;
import io.annulet.backend.policy.PortLimits;
import io.annulet.backend.policy.PortPolicy;
import io.annulet.backend.policy.RateLimit;
import io.annulet.backend.policy.SourceRule;
import java.util.HexFormat;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Ports of a switch that may not do everything: what is dropped where, and counted as what. */
class PortPolicyTest {

    private static final long ALL = 0xffff_ffff_ffffL;
    private static final long MAC_A = 0x02_00_00_00_00_0aL;
    private static final long MAC_B = 0x02_00_00_00_00_0bL;

    private final PolicedSwitch net = new PolicedSwitch();

    @AfterEach
    void stop() {
        net.close();
    }

    @Test
    void aPortIsHeldToItsOwnAddresses() {
        net.port("a", PolicedSwitch.NO_POLICY.withSources(SourceRule.parse("02:00:00:00:00:0a", "fd00::1")));
        net.port("b", PolicedSwitch.NO_POLICY);
        byte[] lie = ArenaGuest.frame(ALL, MAC_B, 60);
        net.send("a", lie);
        assertEquals(1, net.counter("a", "in.dropped.spoofed-mac"));
        net.send("b", lie);
        net.assertGot("a", lie);
        byte[] honest = ArenaGuest.frame(MAC_B, MAC_A, 60);
        net.send("a", honest);
        net.assertGot("b", honest);
    }

    /** The target and the options of a neighbour advertisement are behind the first cache line. */
    @Test
    void whatIsBehindTheShortSnapshotIsJudgedAndSentFromOneCopy() {
        net.port("a", PolicedSwitch.NO_POLICY.withSources(SourceRule.parse("02:00:00:00:00:0a", "fd00::1")));
        net.port("b", PolicedSwitch.NO_POLICY);
        String head = "ffffffffffff02000000000a86dd" + "6000000000203aff" + "fd000000000000000000000000000001"
                + "ff020000000000000000000000000001" + "8800000020000000";
        byte[] honest = HexFormat.of().parseHex(head + "fd000000000000000000000000000001" + "020102000000000a");
        byte[] lie = HexFormat.of().parseHex(head + "fd000000000000000000000000000001" + "020102000000000b");
        net.send("a", honest);
        net.assertGot("b", honest);
        net.send("a", lie);
        net.assertNothing("b");
        assertEquals(1, net.counter("a", "in.dropped.spoofed-nd"));
        assertEquals(1, net.counter("a", "in.forwarded"));
        assertEquals(2, net.counter("a", "in.frames"));
    }

    @Test
    void isolatedPortsReachOnlyThoseThatAreNot() {
        net.port("a", PolicedSwitch.NO_POLICY.withIsolation(true));
        net.port("b", PolicedSwitch.NO_POLICY.withIsolation(true));
        net.port("up", PolicedSwitch.NO_POLICY);
        byte[] fromB = ArenaGuest.frame(ALL, MAC_B, 60);
        net.send("b", fromB);
        net.assertGot("up", fromB);
        net.assertNothing("a");
        byte[] toB = ArenaGuest.frame(MAC_B, MAC_A, 60);
        net.send("a", toB);
        net.assertNothing("a", "b", "up");
        assertEquals(1, net.counter("a", "in.dropped.isolated"));
        net.send("up", toB);
        net.assertGot("b", toB);
    }

    @Test
    void isolatedPortsAmongThemselvesReachNobody() {
        net.port("a", PolicedSwitch.access(10).withIsolation(true));
        net.port("b", PolicedSwitch.access(10).withIsolation(true));
        net.send("a", ArenaGuest.frame(ALL, MAC_A, 60));
        net.assertNothing("a", "b");
        assertEquals(1, net.counter("a", "in.dropped.isolated"));
    }

    private static PortPolicy limited(RateLimit in, RateLimit out, int storm, int addresses) {
        return PolicedSwitch.NO_POLICY.withLimits(new PortLimits(in, out, 20, storm, addresses));
    }

    private void sendMany(int frames, String from, long destination, long source) {
        for (int i = 0; i < frames; i++) {
            net.send(from, ArenaGuest.frame(destination, source, 125));
        }
    }

    private void pass(long millis) {
        net.now += TimeUnit.MILLISECONDS.toNanos(millis);
    }

    @Test
    void framesFromAPortAreHeldToARateAndToTheBurstAtOnce() {
        net.port("a", limited(new RateLimit(0, 1000), RateLimit.NONE, 0, 0));
        net.port("b", PolicedSwitch.NO_POLICY);
        sendMany(30, "a", MAC_B, MAC_A);
        assertEquals(20, net.drain("b"));
        assertEquals(10, net.counter("a", "in.dropped.rate-limit"));
        pass(5);
        sendMany(10, "a", MAC_B, MAC_A);
        assertEquals(5, net.drain("b"));
        pass(10_000);
        sendMany(30, "a", MAC_B, MAC_A);
        assertEquals(20, net.drain("b"), "a pause saves up a burst, and no more");
    }

    @Test
    void bitsFromAPortAreHeldToARate() {
        net.port("a", limited(new RateLimit(1_000_000, 0), RateLimit.NONE, 0, 0));
        net.port("b", PolicedSwitch.NO_POLICY);
        sendMany(30, "a", MAC_B, MAC_A); // of 1000 bits each
        assertEquals(20, net.drain("b"));
        pass(3);
        net.send("a", ArenaGuest.frame(MAC_B, MAC_A, 1500)); // 12 milliseconds' worth: it is owed
        sendMany(1, "a", MAC_B, MAC_A);
        assertEquals(1, net.drain("b"));
        pass(8);
        sendMany(1, "a", MAC_B, MAC_A);
        assertEquals(0, net.drain("b"));
        pass(2);
        sendMany(2, "a", MAC_B, MAC_A);
        assertEquals(1, net.drain("b"));
    }

    @Test
    void framesToAPortAreHeldToARateAndCountedThere() {
        net.port("a", PolicedSwitch.NO_POLICY);
        net.port("b", limited(RateLimit.NONE, new RateLimit(0, 500), 0, 0));
        net.port("c", PolicedSwitch.NO_POLICY);
        sendMany(30, "a", ALL, MAC_A);
        assertEquals(10, net.drain("b"));
        assertEquals(20, net.counter("b", "out.dropped.rate-limit"));
        assertEquals(30, net.drain("c"));
        assertEquals(30, net.counter("a", "in.forwarded"));
    }

    @Test
    void largeFramesCountAsWhatTheyAreOnAWire() {
        Shape offloads = Shape.USUAL.withOffloads(Offload.ALL, Offload.ALL);
        net.port("a", offloads, limited(new RateLimit(0, 1000), RateLimit.NONE, 0, 0));
        net.port("b", offloads, PolicedSwitch.NO_POLICY);
        byte[] whole = HexFormat.of()
                .parseHex("0101 0000 6400 2200 1000 0000".replace(" ", "")
                        + "02000000000b02000000000a0800" + "45000744000000004006000001010101" + "02020202"
                        + "00010002000000000000000050100000" + "00000000" + "00".repeat(1820));
        net.sendRaw("a", whole);
        assertEquals(1, net.drain("b"));
        sendMany(5, "a", MAC_B, MAC_A);
        assertEquals(1, net.drain("b"), "19 of 20 were used");
    }

    @Test
    void whatIsFloodedIsHeldToARateAndWhatIsNotIsNot() {
        net.port("a", limited(RateLimit.NONE, RateLimit.NONE, 5, 0));
        net.port("b", PolicedSwitch.NO_POLICY);
        net.send("b", ArenaGuest.frame(ALL, MAC_B, 60));
        sendMany(4, "a", ALL, MAC_A);
        sendMany(4, "a", 0x02_00_00_00_00_99L, MAC_A); // unknown
        sendMany(4, "a", 0x01_00_5e_00_00_01L, MAC_A);
        sendMany(10, "a", MAC_B, MAC_A);
        assertEquals(15, net.drain("b"));
        assertEquals(7, net.counter("a", "in.dropped.storm"));
        pass(1000);
        sendMany(9, "a", ALL, MAC_A);
        assertEquals(5, net.drain("b"));
    }

    @Test
    void aPortUsesSoManyAddressesAtATime() {
        net.port("a", limited(RateLimit.NONE, RateLimit.NONE, 0, 2));
        net.port("b", PolicedSwitch.NO_POLICY);
        sendMany(3, "a", ALL, MAC_A);
        sendMany(3, "a", ALL, MAC_A + 1);
        sendMany(3, "a", ALL, MAC_A + 2);
        sendMany(3, "a", ALL, MAC_A);
        assertEquals(9, net.drain("b"));
        assertEquals(3, net.counter("a", "in.dropped.address-limit"));
        pass(TimeUnit.MINUTES.toMillis(6));
        sendMany(3, "a", ALL, MAC_A + 2);
        assertEquals(3, net.drain("b"));
    }
}
