package io.annulet.backend.data;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.annulet.backend.policy.SourceRule;
import java.util.HexFormat;
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
}
