package io.annulet.backend.capture;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.backend.port.CommandLine;
import io.annulet.memory.HostMemory;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class FrameFilterTest {

    private static final String UNICAST = "020000000002020000000001";
    private static final String BROADCAST = "ffffffffffff020000000001";
    private static final String GROUP = "333300000001020000000003";

    /** Frames of many kinds, none with a tag. */
    private static final List<byte[]> FRAMES = frames();

    /** What both languages have. */
    private static final List<String> EXPRESSIONS = List.of(
            "ip",
            "ip6",
            "arp",
            "rarp",
            "tcp",
            "udp",
            "icmp",
            "icmp6",
            "sctp",
            "not ip",
            "! (ip or arp)",
            "host 10.0.0.1",
            "src host 10.0.0.1",
            "dst 10.0.0.1",
            "src or dst host 10.0.0.2",
            "src and dst net 10.0.0.0/8",
            "net 10.0.0.0/31",
            "dst net 10.1.0.0/16",
            "host fd00::1",
            "ip6 dst host fd00::2",
            "net fd00::/16",
            "port 80",
            "tcp port 80",
            "udp dst port 53",
            "src port 53",
            "portrange 50-90",
            "tcp src portrange 1000-2000",
            "port 80 or 443",
            "tcp port 80 or 443 and not host 10.0.0.1",
            "ether host 02:00:00:00:00:01",
            "ether src 02:00:00:00:00:03",
            "ether dst ff:ff:ff:ff:ff:ff",
            "ether proto 0x88b5",
            "ether broadcast",
            "broadcast",
            "multicast",
            "less 60",
            "greater 100",
            "ip proto 132",
            "ip host 10.0.0.1 && tcp",
            "host 10.0.0.1 and (tcp or udp)",
            "arp host 10.0.0.1");

    @TempDir
    Path folder;

    private static List<byte[]> frames() {
        List<byte[]> frames = new ArrayList<>();
        for (String mac : List.of(UNICAST, BROADCAST, GROUP)) {
            for (String ends :
                    List.of("0a0000010a000002", "0a0000020a000001", "0a0000010a010001", "c0a80001c0a80002")) {
                frames.add(ipv4(mac, 6, ends, 0, 1024, 80));
                frames.add(ipv4(mac, 6, ends, 0, 443, 5000));
                frames.add(ipv4(mac, 17, ends, 0, 53, 53));
                frames.add(ipv4(mac, 17, ends, 0x2000, 5353, 80));
                frames.add(ipv4(mac, 17, ends, 100, 53, 80));
                frames.add(ipv4(mac, 132, ends, 0, 80, 81));
                frames.add(ipv4(mac, 1, ends, 0, 0x0800, 80));
                frames.add(hex(mac + "0806" + "0001080006040001" + "020000000001" + ends.substring(0, 8)
                        + "000000000000" + ends.substring(8)));
            }
            for (int protocol : new int[] {6, 17, 58}) {
                frames.add(ipv6(mac, protocol, "fd000000000000000000000000000001fd000000000000000000000000000002", 80));
                frames.add(ipv6(mac, protocol, "fd000000000000000000000000000002fd000000000000000000000000000001", 53));
            }
            frames.add(hex(mac + "88b5" + "00".repeat(100)));
            frames.add(hex(mac + "0800"));
        }
        return frames;
    }

    private static byte[] ipv4(String mac, int protocol, String ends, int fragment, int source, int destination) {
        return hex(mac + "0800" + "4500002c0000" + String.format("%04x", fragment) + "40"
                + String.format("%02x", protocol) + "0000" + ends
                + String.format("%04x%04x", source, destination) + "00000000000000005000000000000000");
    }

    private static byte[] ipv6(String mac, int protocol, String ends, int port) {
        return hex(mac + "86dd" + "600000000014" + String.format("%02x", protocol) + "40" + ends
                + String.format("%04x%04x", 1500, port) + "00000000000000005000000000000000");
    }

    private static byte[] hex(String digits) {
        return HexFormat.of().parseHex(digits);
    }

    @Test
    void meansWhatTcpdumpMeans() throws IOException {
        CommandLine.assumeInstalled("tcpdump");
        Path file = folder.resolve("frames.pcap");
        ByteBuffer bytes = ByteBuffer.allocate(100_000).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putInt(0xa1b2c3d4)
                .putShort((short) 2)
                .putShort((short) 4)
                .putLong(0)
                .putInt(65535)
                .putInt(1);
        for (int i = 0; i < FRAMES.size(); i++) {
            byte[] frame = FRAMES.get(i);
            bytes.putInt(1000 + i)
                    .putInt(0)
                    .putInt(frame.length)
                    .putInt(frame.length)
                    .put(frame);
        }
        Files.write(file, java.util.Arrays.copyOf(bytes.array(), bytes.position()));
        for (String expression : EXPRESSIONS) {
            String said = CommandLine.check("tcpdump", "-n", "-tt", "-r", file.toString(), expression);
            List<Integer> theirs = said.lines()
                    .filter(line -> line.matches("1[0-9]{3}\\.000000 .*"))
                    .map(line -> Integer.parseInt(line.substring(0, 4)) - 1000)
                    .toList();
            assertEquals(theirs, matching(expression), expression);
        }
    }

    private static List<Integer> matching(String expression) {
        FrameFilter filter = FrameFilter.parse(expression);
        List<Integer> found = new ArrayList<>();
        for (int i = 0; i < FRAMES.size(); i++) {
            if (matches(filter, FRAMES.get(i))) {
                found.add(i);
            }
        }
        return found;
    }

    private static boolean matches(FrameFilter filter, byte[] frame) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment copy = arena.allocate(frame.length + 8, 8);
            HostMemory.copyIn(MemorySegment.ofArray(frame), copy.address());
            FrameFields fields = new FrameFields();
            fields.load(copy.address(), frame.length, frame.length);
            return filter.matches(fields);
        }
    }

    @Test
    void looksThroughTagsAndExtensionHeaders() {
        byte[] tagged = hex(UNICAST + "8100000a" + "08004500002c000000004006" + "0000" + "0a0000010a000002" + "04000050"
                + "0000000000000000");
        assertTrue(matches(FrameFilter.parse("vlan"), tagged));
        assertTrue(matches(FrameFilter.parse("vlan 10 and tcp port 80"), tagged));
        assertTrue(matches(FrameFilter.parse("not vlan 11"), tagged));
        byte[] twice = hex(UNICAST + "88a80014" + "8100000a" + "0806" + "00".repeat(28));
        assertTrue(matches(FrameFilter.parse("vlan 20 and vlan 10 and arp"), twice));
        byte[] extended = hex(UNICAST + "86dd" + "60000000001c" + "0040" + "fd".repeat(32) + "1100000000000000"
                + "00350035" + "00000000");
        assertTrue(matches(FrameFilter.parse("udp port 53"), extended));
    }

    @Test
    void cutFramesMatchNothingThatIsNotThere() {
        byte[] whole = ipv4(UNICAST, 6, "0a0000010a000002", 0, 1024, 80);
        for (int length = 0; length <= whole.length; length++) {
            byte[] cut = java.util.Arrays.copyOf(whole, length);
            assertEquals(length >= 38, matches(FrameFilter.parse("tcp port 80"), cut), "of " + length + " bytes");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "foo",
                "port",
                "port http",
                "port 70000",
                "tcp and",
                "(tcp",
                "tcp)",
                "host",
                "host example",
                "ether host 10.0.0.1",
                "ether",
                "vlan 5000",
                "net 10.0.0.0/40",
                "portrange 5",
                "80",
                "tcp tcp",
                "tcp & udp"
            })
    void whatItDoesNotUnderstandItSays(String expression) {
        String message =
                String.valueOf(assertThrows(IllegalArgumentException.class, () -> FrameFilter.parse(expression))
                        .getMessage());
        assertTrue(message.startsWith("filter '"), message);
        assertEquals(1, message.lines().count());
    }

    @Test
    void nestingAndLengthAreBounded() {
        assertThrows(IllegalArgumentException.class, () -> FrameFilter.parse("(".repeat(100) + "ip" + ")".repeat(100)));
        assertThrows(IllegalArgumentException.class, () -> FrameFilter.parse("ip or ".repeat(1000) + "ip"));
    }
}
