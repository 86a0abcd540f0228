package io.annulet.backend.offload;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.annulet.memory.HostMemory;
import java.io.ByteArrayOutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The hash of flows against the examples that Microsoft publishes for RSS, whose hash it is. */
final class FlowHashTest {

    private static final Toeplitz TOEPLITZ = new Toeplitz(HexFormat.of()
            .parseHex("6d5a56da255b0ec24167253d43a38fb0d0ca2bcbae7b30b477cb2da38030f20c6a42b73bbeac01fa"));
    private static final int TCP = 6;
    private static final int UDP = 17;

    private final MemorySegment memory = Arena.ofAuto().allocate(512);

    private FlowHash hash(int types, byte[] frame) {
        HostMemory.copyIn(MemorySegment.ofArray(frame), memory.address());
        FlowHash hash = new FlowHash(types, TOEPLITZ);
        hash.compute(memory.address(), Math.min(256, frame.length));
        return hash;
    }

    private static byte[] address(String text) {
        try {
            return InetAddress.getByName(text).getAddress();
        } catch (UnknownHostException e) {
            throw new AssertionError(e);
        }
    }

    private static byte[] frame(int tags, int protocol, String source, int port, String destination, int toPort) {
        boolean v4 = source.contains(".");
        ByteBuffer frame = ByteBuffer.allocate(200);
        frame.put(new byte[12]);
        for (int i = 0; i < tags; i++) {
            frame.putShort((short) 0x8100).putShort((short) 5);
        }
        if (v4) {
            frame.putShort((short) 0x0800).put((byte) 0x46).put((byte) 0).putShort((short) 100);
            frame.putShort((short) 0)
                    .putShort((short) 0)
                    .put((byte) 64)
                    .put((byte) protocol)
                    .putShort((short) 0);
            frame.put(address(source)).put(address(destination)).putInt(0x01010101); // with options
        } else {
            frame.putShort((short) 0x86dd).putInt(0x60000000).putShort((short) 100);
            frame.put((byte) 60).put((byte) 64).put(address(source)).put(address(destination));
            frame.put((byte) protocol).put((byte) 0).put(new byte[6]); // destination options
        }
        frame.putShort((short) port).putShort((short) toPort);
        frame.putInt(0).putInt(0).put((byte) 0x50);
        return frame.array();
    }

    @ParameterizedTest
    @CsvSource({
        "66.9.149.187,2794,161.142.100.80,1766,323e8fc2,51ccc178",
        "199.92.111.2,14230,65.69.140.83,4739,d718262a,c626b0ea",
        "24.19.198.95,12898,12.22.207.184,38024,d2d0a5de,5c2b394a",
        "3ffe:2501:200:1fff::7,2794,3ffe:2501:200:3::1,1766,2cc18cd5,40207d3d",
        "3ffe:501:8::260:97ff:fe40:efab,14230,ff02::1,4739,0f0c461c,dde51bbf"
    })
    void isWhatThePublishedExamplesSay(
            String source, int port, String destination, int toPort, String ofAddresses, String ofPorts) {
        boolean v4 = source.contains(".");
        for (int tags = 0; tags <= 2; tags++) {
            for (int protocol : new int[] {TCP, UDP}) {
                byte[] frame = frame(tags, protocol, source, port, destination, toPort);
                FlowHash all = hash(FlowHash.TYPES, frame);
                assertEquals(ofPorts, String.format("%08x", all.value()));
                assertEquals((v4 ? 1 : 4) + (protocol == TCP ? 1 : 2), all.report());
                FlowHash addresses = hash(FlowHash.IPV4 | FlowHash.IPV6, frame);
                assertEquals(ofAddresses, String.format("%08x", addresses.value()));
                assertEquals(v4 ? 1 : 4, addresses.report());
            }
        }
    }

    @Test
    void fragmentsAndOtherProtocolsCountByTheirAddresses() {
        byte[] fragment = frame(0, TCP, "66.9.149.187", 2794, "161.142.100.80", 1766);
        fragment[20] = 0x20; // more fragments
        assertEquals(1, hash(FlowHash.TYPES, fragment).report());
        byte[] icmp = frame(0, 1, "66.9.149.187", 2794, "161.142.100.80", 1766);
        assertEquals(
                "323e8fc2", String.format("%08x", hash(FlowHash.TYPES, icmp).value()));
    }

    @Test
    void whatIsOfNoKindThatWasChosenHasNoHash() {
        byte[] tcp = frame(0, TCP, "66.9.149.187", 2794, "161.142.100.80", 1766);
        assertNone(hash(0, tcp));
        assertNone(hash(FlowHash.TCPV6 | FlowHash.IPV6 | FlowHash.UDPV4, tcp));
        assertNone(hash(FlowHash.TYPES, new byte[14]));
        assertNone(hash(FlowHash.TYPES, new ByteArrayOutputStream().toByteArray()));
    }

    private static void assertNone(FlowHash hash) {
        assertEquals(0, hash.value());
        assertEquals(FlowHash.REPORT_NONE, hash.report());
    }
}
