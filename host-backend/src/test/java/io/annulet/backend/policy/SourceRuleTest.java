package io.annulet.backend.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;

import io.annulet.backend.stats.DropReason;
import io.annulet.memory.HostMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.HexFormat;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Frames byte by byte from a port that may use one MAC address, one IPv4 address, one IPv6 address and link-local ones. */
class SourceRuleTest {

    private static final String OURS = "520000000001";
    private static final String OTHER = "520000000002";
    private static final String HEAD = "ffffffffffff" + OURS;
    private static final String V6 = HEAD + "86dd";
    private static final String ALL_NODES = "ff020000000000000000000000000001";
    private static final String OUR_V6 = "fd000000000000000000000000000001";
    private static final String OTHER_V6 = "fd000000000000000000000000000002";
    private static final String LINK_LOCAL = "fe800000000000001234567890abcdef";
    private static final String NOBODY = "00000000000000000000000000000000";
    private static final DropReason ARP = DropReason.SPOOFED_ARP;
    private static final DropReason IP = DropReason.SPOOFED_IP;
    private static final DropReason ND = DropReason.SPOOFED_ND;

    private final SourceRule rule = SourceRule.parse("52:00:00:00:00:01", "10.0.0.1+fd00::1+fe80::/64");
    private final MemorySegment memory = Arena.ofAuto().allocate(512, 64);

    private int write(String... hex) {
        byte[] frame = HexFormat.of().parseHex(String.join("", hex).replace(" ", ""));
        memory.fill((byte) 0xee);
        HostMemory.copyIn(MemorySegment.ofArray(frame), memory.address());
        return Math.min(frame.length, 256);
    }

    private @Nullable DropReason judge(String... hex) {
        return rule.judge(memory.address(), write(hex));
    }

    private void assertPasses(String... hex) {
        assertNull(judge(hex));
    }

    private void assertRefused(DropReason why, String... hex) {
        assertEquals(why, judge(hex));
    }

    private static String arp(int operation, String senderMac, String senderIp, String targetIp) {
        return String.format("0001 0800 06 04 %04x", operation) + senderMac + senderIp + "000000000000" + targetIp;
    }

    private static String ipv4(String source, String destination) {
        return "4500 001c 0000 0000 40 11 0000" + source + destination;
    }

    private static String ipv6(int next, String source, String payload) {
        int bytes = payload.replace(" ", "").length() / 2;
        return String.format("60000000 %04x %02x ff", bytes, next) + source + ALL_NODES + payload;
    }

    private static String icmp(int type, String rest) {
        return String.format("%02x 00 0000 00000000", type) + rest;
    }

    @Test
    void theSourceIsThePorts() {
        assertPasses(HEAD, "88cc 0102");
        assertRefused(DropReason.SPOOFED_MAC, "ffffffffffff", OTHER, "88cc 0102");
        assertRefused(DropReason.SPOOFED_MAC, "ffffffffffff", "530000000001", "88cc 0102");
    }

    @Test
    void arpSpeaksForThePortAlone() {
        String to = HEAD + "0806";
        assertPasses(to, arp(1, OURS, "0a000001", "0a000009"));
        assertPasses(to, arp(2, OURS, "0a000001", "0a000009"));
        assertPasses(HEAD, "8100 000a 0806", arp(1, OURS, "0a000001", "0a000009"));
        assertRefused(ARP, to, arp(2, OTHER, "0a000001", "0a000009"));
        assertRefused(ARP, to, arp(2, OURS, "0a000002", "0a000009"));
        assertRefused(ARP, HEAD, "88a8 0001 8100 000a 0806", arp(1, OURS, "0a000002", "0a000009"));
        String probe = arp(1, OURS, "00000000", "0a000001");
        assertPasses(to, probe);
        assertRefused(ARP, to, arp(1, OURS, "00000000", "0a000002"));
        assertRefused(ARP, to, arp(2, OURS, "00000000", "0a000001"));
        assertRefused(ARP, to, probe.substring(0, probe.length() - 2));
        assertRefused(ARP, to, probe.replace("06 04", "06 05"));
        assertPasses(HEAD, "8035", arp(3, OURS, "00000000", "00000000"));
        assertRefused(ARP, HEAD, "8035", arp(3, OTHER, "00000000", "00000000"));
    }

    @Test
    void ipv4ComesFromThePortsAddressOrFromADhcpClient() {
        String to = HEAD + "0800";
        assertPasses(to, ipv4("0a000001", "0a000009"));
        assertPasses(HEAD, "8100 000a 0800", ipv4("0a000001", "0a000009"));
        assertRefused(IP, to, ipv4("0a000002", "0a000009"));
        assertRefused(IP, HEAD, "8100 000a 0800", ipv4("0a000002", "0a000009"));
        assertRefused(IP, to, "4500 001c 0000 0000 40 11 0000 0a000001");
        assertRefused(IP, to, "6", ipv4("0a000001", "0a000009").substring(1));
        String ask = ipv4("00000000", "ffffffff");
        assertPasses(to, ask, "0044 0043 0008 0000");
        assertRefused(IP, to, ask, "0044 0045 0008 0000");
        assertRefused(IP, to, ask, "0043 0044 0008 0000");
        assertRefused(IP, to, ipv4("00000000", "0a000009"), "0044 0043 0008 0000");
        assertRefused(IP, to, ask.replace("40 11", "40 06"), "0044 0043 0008 0000");
        assertRefused(IP, to, ask.replace("0000 0000 40", "0000 2000 40"), "0044 0043 0008 0000");
    }

    @Test
    void ipv6ComesFromThePortsAddresses() {
        String udp = "0035 0035 0008 0000";
        assertPasses(V6, ipv6(17, OUR_V6, udp));
        assertPasses(V6, ipv6(17, LINK_LOCAL, udp));
        assertRefused(IP, V6, ipv6(17, OTHER_V6, udp));
        assertRefused(IP, V6, ipv6(17, "fe800000000000010000000000000001", udp));
        assertRefused(IP, V6, ipv6(17, NOBODY, udp));
        assertRefused(IP, V6, "6000 0000");
        assertPasses(V6, ipv6(58, OUR_V6, icmp(128, "01020304")));
        assertRefused(IP, V6, ipv6(58, NOBODY, icmp(128, "01020304")));
        // A multicast listener report comes before the address, behind a router alert.
        assertPasses(V6, ipv6(0, NOBODY, "3a 00 05020000 0100" + icmp(143, "")));
    }

    @Test
    void neighbourDiscoveryGivesAwayThePortsAddressesAlone() {
        assertPasses(V6, ipv6(58, LINK_LOCAL, icmp(135, OTHER_V6 + "0101" + OURS)));
        assertRefused(ND, V6, ipv6(58, LINK_LOCAL, icmp(135, OTHER_V6 + "0101" + OTHER)));
        assertPasses(V6, ipv6(58, OUR_V6, icmp(136, OUR_V6 + "0201" + OURS)));
        assertRefused(ND, V6, ipv6(58, OUR_V6, icmp(136, OTHER_V6 + "0201" + OURS)));
        assertRefused(ND, V6, ipv6(58, OUR_V6, icmp(136, OUR_V6 + "0201" + OTHER)));
        assertRefused(ND, V6, ipv6(58, OUR_V6, icmp(136, OUR_V6 + "0201" + OURS + "0201" + OTHER)));
        assertRefused(ND, V6, ipv6(58, OUR_V6, icmp(136, OUR_V6 + "0e00" + OURS)));
        assertRefused(ND, V6, ipv6(58, OUR_V6, icmp(136, OUR_V6.substring(2))));
        assertPasses(V6, ipv6(58, LINK_LOCAL, icmp(133, "0101" + OURS)));
        assertRefused(ND, V6, ipv6(58, LINK_LOCAL, icmp(133, "0101" + OTHER)));
        assertRefused(ND, V6, ipv6(58, LINK_LOCAL, icmp(134, "0000000000000000 0101" + OTHER)));
    }

    @Test
    void whoHasNoAddressMayFindOutWhetherItsOwnIsTaken() {
        assertPasses(V6, ipv6(58, NOBODY, icmp(135, OUR_V6)));
        assertPasses(V6, ipv6(58, NOBODY, icmp(135, LINK_LOCAL)));
        assertRefused(ND, V6, ipv6(58, NOBODY, icmp(135, OTHER_V6)));
        assertRefused(IP, V6, ipv6(58, NOBODY, icmp(136, OUR_V6)));
    }

    @Test
    void neighbourDiscoveryHidesBehindNoHeaderAndInNoFragment() {
        String lie = icmp(136, OTHER_V6 + "0201" + OURS);
        assertRefused(ND, V6, ipv6(0, OUR_V6, "3a 00 010400000000" + lie));
        assertRefused(ND, V6, ipv6(60, OUR_V6, "2b 00 010400000000 3a 00 000000000000" + lie));
        assertRefused(ND, V6, ipv6(51, OUR_V6, "3a 01 0000 00000000 00000000" + lie));
        String truth = icmp(136, OUR_V6 + "0201" + OURS);
        assertRefused(ND, V6, ipv6(44, OUR_V6, "3a 00 0001 00000001" + truth));
        assertRefused(ND, V6, ipv6(44, OUR_V6, "3a 00 0001 00000001"));
        assertPasses(V6, ipv6(44, OUR_V6, "3a 00 0051 00000001 61626364"));
        assertRefused(ND, V6, ipv6(0, OUR_V6, "3a ff 010400000000" + "00".repeat(240)));
        String option = "0e03" + "00".repeat(22);
        assertPasses(V6, ipv6(58, OUR_V6, icmp(136, OUR_V6 + option + "0201" + OURS)));
        assertRefused(ND, V6, ipv6(58, OUR_V6, icmp(136, OUR_V6 + option.repeat(8) + "0201" + OURS)));
    }

    /** What lies behind the copy are bytes of frames before, which their sender chose. */
    @Test
    void aTargetBehindTheCopiedBytesIsNotTheirs() {
        String padding = "3a 16" + "00".repeat(182);
        assertRefused(ND, V6, ipv6(0, OUR_V6, padding + icmp(136, OUR_V6)));
        assertPasses(V6, ipv6(0, OUR_V6, "3a 15" + "00".repeat(174) + icmp(136, OUR_V6)));
    }

    @Test
    void tagsDoNotHideWhatIsBehindThem() {
        assertRefused(IP, HEAD, "8100 0001 8100 0002 8100 0003 0800", ipv4("0a000001", "0a000009"));
        assertRefused(IP, HEAD, "9100 0001 0800", ipv4("0a000002", "0a000009"));
    }

    @Test
    void oneKindOfAddressMayBeHeldAlone() {
        int bytes = write("ffffffffffff", OTHER, "0800", ipv4("0a0000ff", "0a000009"));
        SourceRule macs = SourceRule.parse("52:00:00:00:00:01+52:00:00:00:00:02", null);
        assertNull(macs.judge(memory.address(), bytes));
        SourceRule any = SourceRule.parse(null, "0.0.0.0/0");
        assertNull(any.judge(memory.address(), bytes));
        assertEquals(IP, SourceRule.parse(null, "fd00::1").judge(memory.address(), bytes));
    }

    @Test
    void onlyIpv6ThatIsNeitherTcpNorUdpNeedsALongCopy() {
        for (int next : List.of(6, 17, 58, 0)) {
            int bytes = write(V6, ipv6(next, OUR_V6, ""));
            assertEquals(next != 6 && next != 17, rule.needsLongCopy(memory.address(), bytes), "next header " + next);
            assertFalse(rule.needsLongCopy(memory.address(), 13));
        }
    }
}
