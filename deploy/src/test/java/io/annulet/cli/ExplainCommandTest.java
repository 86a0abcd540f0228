package io.annulet.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

final class ExplainCommandTest {

    private static final String ONE = "525400000001";
    private static final String TWO = "525400000002";
    private static final String ARP =
            "ffffffffffff" + ONE + "0806" + "0001080006040001" + ONE + "0a000001" + "000000000000" + "0a000002";
    private static final String UDP = TWO + ONE + "0800" + "4500002c000000004011" + "0000" + "0a0000010a000002"
            + "04000035" + "00180000" + "00".repeat(16);

    @TempDir
    Path folder;

    private int status;

    private List<String> explain(String frame, String... options) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        CommandLine command = Main.commandLine().setOut(new PrintWriter(out)).setErr(new PrintWriter(err));
        List<String> words = new ArrayList<>(List.of("explain", frame));
        words.addAll(Arrays.asList(options));
        status = command.execute(words.toArray(String[]::new));
        return (out + "" + err).lines().toList();
    }

    private static String guest(String name, String policy) {
        return "--port=" + name + "=vhost-user:/tmp/" + name + ".sock" + policy;
    }

    private static void assertSays(List<String> lines, String... expected) {
        for (String line : expected) {
            assertTrue(lines.stream().anyMatch(said -> said.contains(line)), () -> line + " is not in " + lines);
        }
    }

    @Test
    void aGroupsFrameIsFloodedWhereItsVlanIsCarried() {
        List<String> lines = explain(
                ARP,
                "--from=a",
                guest("a", ",vlan=10"),
                guest("b", ",trunk=10+20"),
                guest("c", ",vlan=20"),
                guest("d", ""));
        assertSays(
                lines,
                "frame  42 bytes, 52:54:00:00:00:01 > ff:ff:ff:ff:ff:ff, ARP 10.0.0.1 > 10.0.0.2",
                "goes   to all ports in VLAN 10: its destination is a group",
                "b  gets 46 bytes, with a VLAN tag (trunk=10+20)",
                "c  gets nothing: it does not carry VLAN 10 (vlan=20)",
                "d  gets nothing: it does not carry VLAN 10");
        assertEquals(0, status);
    }

    @Test
    void aSpoofedSourceIsDroppedAndTheRuleIsNamed() {
        List<String> lines = explain(ARP, "--from=a", guest("a", ",allow-mac=52:54:00:00:00:09"), guest("b", ""));
        assertSays(
                lines,
                "from   a (allow-mac=52:54:00:00:00:09)",
                "drop   spoofed-mac: the source address is not one that the port may send from",
                "b  gets nothing");
        assertEquals(1, status);
    }

    @Test
    void aKnownAddressGetsItAlone() {
        List<String> lines =
                explain(UDP, "--from=a", "--known=52:54:00:00:00:02=b", guest("a", ""), guest("b", ""), guest("c", ""));
        assertSays(
                lines,
                "UDP 10.0.0.1 port 1024 > 10.0.0.2 port 53",
                "goes   to b, where its destination was seen",
                "b  gets 58 bytes",
                "c  gets nothing: the destination is elsewhere");
    }

    @Test
    void isolatedPortsAndMirrorsAreTold() {
        List<String> lines = explain(
                UDP,
                "--from=a",
                guest("a", ",isolated=on"),
                guest("b", ",isolated=on"),
                guest("c", ""),
                guest("m", ",mirror=a"));
        assertSays(
                lines,
                "goes   to all ports: nobody has seen its destination yet",
                "b  gets nothing: it is isolated, and so is a",
                "c  gets 58 bytes",
                "m  gets a copy: 58 bytes (mirror=a)");
    }

    @Test
    void aLargeFrameIsCutForWhoDoesNotTakeIt() {
        // 3,000 bytes of TCP in one, for receivers of 1,448.
        String large = TWO + ONE + "0800" + String.format("4500%04x", 3040) + "000000004006" + "0000"
                + "0a0000010a000002" + "04000050" + "0000000000000000" + "50100000" + "00000000" + "00".repeat(3000);
        String header = "01" + "01" + "3600" + "a805" + "2200" + "1000" + "0100";
        List<String> lines = explain(
                large,
                "--from=a",
                "--header=" + header,
                "--takes=c=none",
                guest("a", ""),
                guest("b", ""),
                guest("c", ""));
        assertSays(
                lines,
                "needs  csum+tso4 of its receivers",
                "b  gets 3054 bytes, csum+tso4 left to it",
                "c  gets 3 frames, cut for it, of 1502+1502+158 bytes, checksum completed");
    }

    @Test
    void theMtuThatWasPromisedIsJudged() {
        String jumbo = TWO + ONE + "88b5" + "00".repeat(2000);
        List<String> lines = explain(jumbo, "--from=a", guest("a", ""), guest("b", ",mtu=1500"));
        assertSays(lines, "b  drops 2014 bytes: too-long: longer than a port may send, or than the MTU allows");
        assertEquals(1, status);
    }

    @Test
    void aLinkIsStraight() {
        List<String> lines = explain(UDP, "--from=a", "--link=a=b", guest("a", ""), guest("b", ""), guest("c", ""));
        assertSays(lines, "goes   straight through its link", "b  gets 58 bytes");
        assertTrue(lines.stream().noneMatch(line -> line.contains("  c  ")));
    }

    @Test
    void framesComeFromFilesToo() throws IOException {
        byte[] frame = HexFormat.of().parseHex(UDP);
        ByteBuffer pcap = ByteBuffer.allocate(1000).order(ByteOrder.BIG_ENDIAN);
        pcap.putInt(0xa1b2c3d4)
                .putShort((short) 2)
                .putShort((short) 4)
                .putLong(0)
                .putInt(65535)
                .putInt(1);
        for (byte[] one : List.of(HexFormat.of().parseHex(ARP), frame)) {
            pcap.putLong(0).putInt(one.length).putInt(one.length).put(one);
        }
        Path file = Files.write(folder.resolve("frames.pcap"), Arrays.copyOf(pcap.array(), pcap.position()));
        assertSays(explain(file.toString(), "--number=2", "--from=a", guest("a", ""), guest("b", "")), "UDP 10.0.0.1");
        assertSays(
                explain(file.toString(), "--number=3", "--from=a", guest("a", ""), guest("b", "")),
                "it has fewer than 3 frames");
    }

    @Test
    void mistakesAreToldWithTheRemedy() {
        assertSays(explain(ARP, "--from=x", guest("a", "")), "there is no port x; there are a");
        assertSays(explain(ARP, "--from=a", guest("a", ",vlan=5,mirror=b")), "copies only, so leave out vlan=5");
        assertSays(
                explain(ARP, "--from=a", guest("a", ""), guest("m", ",mirror=z")),
                "mirror=z: name ports of its switch");
        assertSays(explain("nonsense", "--from=a", guest("a", "")), "it is neither a file nor hex");
        assertSays(explain(ARP, "--from=a", "--header=00", guest("a", "")), "write 24 hex digits");
        assertSays(explain(ARP, "--from=a", "--takes=a=foo", guest("a", "")), "'foo' is no offload; there are csum");
        assertSays(explain(ARP, "--from=a", "--known=1=a", guest("a", "")), "write MAC=PORT or MAC=PORT/VLAN");
    }

    @Test
    void programsGetOneObject() {
        List<String> lines = explain(ARP, "--json", "--from=a", guest("a", ",vlan=5"), guest("b", ""));
        assertEquals(1, lines.size());
        assertSays(lines, "\"delivered\":false", "\"drop\":\"no-destination\"", "\"way\":\"dropped\"");
    }
}
