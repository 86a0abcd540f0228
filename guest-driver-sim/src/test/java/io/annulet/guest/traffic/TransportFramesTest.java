package io.annulet.guest.traffic;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.guest.NetHeaderLayout;
import io.annulet.memory.HostMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** TCP and UDP test frames are what their headers say, and nothing in them changes unseen. */
final class TransportFramesTest {

    private static final long STAMP = 0x0123_4567_89ab_cdefL;
    private static final int FLOW = 102;

    private final MemorySegment memory = Arena.ofAuto().allocate(1 << 17, 8);
    private final long header = HostMemory.addressOf(memory);
    private final long frame = header + 64;

    /** Every form with its checksum done, and every offload with every form that has it. */
    static Stream<Arguments> kinds() {
        return Arrays.stream(Offload.values())
                .flatMap(offload -> Arrays.stream(FrameForm.values())
                        .filter(form -> form != FrameForm.ETHERNET && offload.fits(form))
                        .filter(form -> form != FrameForm.UDP || offload != Offload.NONE)
                        .map(form -> Arguments.of(form, offload)));
    }

    private static Load load(FrameForm form, Offload offload) {
        return Load.DEFAULTS
                .withSizes(FrameSizes.of(1500))
                .withOffload(form, Offloading.of(offload))
                .withFlows(4, 2);
    }

    private void write(Load load, int byteLength) {
        FrameTable table = FrameTable.of(load, 100, 0, 1);
        HostMemory.zero(header, NetHeaderLayout.BYTES);
        table.describe(header, byteLength);
        table.write(frame, byteLength, FLOW - 100, byteLength, STAMP);
    }

    private boolean isAccepted(Load load, int byteLength) {
        TransportFrames frames = new TransportFrames(load);
        FrameForm form = load.form();
        if (!frames.isOfForm(frame, byteLength)) {
            return false;
        }
        int flow = HostMemory.loadShortUnaligned(frame + form.flowAt());
        long sequence = HostMemory.loadLong(frame + form.sequenceAt());
        long stamp = HostMemory.loadLong(frame + form.stampAt());
        return frames.isWhole(header, frame, byteLength, flow, sequence, stamp);
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void aFrameIsWholeAndDescribedAndSoIsItsEcho(FrameForm form, Offload offload) {
        Load load = load(form, offload);
        for (int byteLength : new int[] {form.minByteLength(), 101, 300, 1514, 1515, 9000, 65_549}) {
            write(load, byteLength);
            assertTrue(isAccepted(load, byteLength));
            assertTrue(new TransportFrames(load).isDescribed(header, byteLength));
            byte[] macs = HostMemory.copyOut(frame, 12);
            for (int i = 0; i < 12; i++) {
                HostMemory.storeByte(frame + i, macs[(i + 6) % 12]);
            }
            assertTrue(isAccepted(load, byteLength));
        }
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void everyFlippedBitIsSeen(FrameForm form, Offload offload) {
        Load load = load(form, offload);
        for (int byteLength : new int[] {form.minByteLength() + 8, 133, 300}) {
            for (int bit = 0; bit < 8 * byteLength; bit++) {
                write(load, byteLength);
                long at = frame + bit / 8;
                HostMemory.storeByte(at, HostMemory.loadByte(at) ^ 1 << bit % 8);
                assertFalse(isAccepted(load, byteLength), "bit " + bit + " of " + byteLength);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void aDeviceThatDoesTheChecksumDoesNoHarm(FrameForm form, Offload offload) {
        Load load = load(form, offload);
        write(load, 301);
        int start = HostMemory.loadShort(header + NetHeaderLayout.CSUM_START);
        if (offload != Offload.NONE) {
            int at = start + HostMemory.loadShort(header + NetHeaderLayout.CSUM_OFFSET);
            // As VIRTIO has it: the ones' complement sum from csum_start on, complemented.
            int sum = 0;
            for (int i = start; i < 301; i += 2) {
                sum += network(i) & (i + 1 < 301 ? 0xffff : 0xff00);
            }
            sum = (sum & 0xffff) + (sum >>> 16);
            sum = ~((sum & 0xffff) + (sum >>> 16)) & 0xffff;
            HostMemory.storeByte(frame + at, sum >>> 8);
            HostMemory.storeByte(frame + at + 1, sum);
            HostMemory.storeByte(header, 0);
        }
        assertTrue(isAccepted(load, 301));
        assertTrue(new TransportFrames(load).isDescribed(header, 301));
        HostMemory.storeShort(frame + form.transportAt() + form.checksumOffset(), 0);
        assertFalse(isAccepted(load, 301), "no checksum at all");
    }

    @Test
    void aHeaderTellsHowToCutAFrame() {
        Load load = load(FrameForm.TCP6, Offload.TSO6);
        write(load, 9000);
        assertEquals(NetHeaderLayout.FLAG_NEEDS_CSUM, HostMemory.loadByte(header));
        assertEquals(NetHeaderLayout.GSO_TCPV6, HostMemory.loadByte(header + NetHeaderLayout.GSO_TYPE));
        assertEquals(74, HostMemory.loadShort(header + NetHeaderLayout.HDR_LEN));
        assertEquals(1448, HostMemory.loadShort(header + NetHeaderLayout.GSO_SIZE));
        assertEquals(54, HostMemory.loadShort(header + NetHeaderLayout.CSUM_START));
        assertEquals(16, HostMemory.loadShort(header + NetHeaderLayout.CSUM_OFFSET));
        TransportFrames frames = new TransportFrames(load);
        for (int field : new int[] {NetHeaderLayout.GSO_TYPE, NetHeaderLayout.GSO_SIZE, NetHeaderLayout.CSUM_START}) {
            write(load, 9000);
            HostMemory.storeByte(header + field, HostMemory.loadByte(header + field) ^ 1);
            assertFalse(frames.isDescribed(header, 9000), "field at " + field);
        }
        write(load, 1448 + 74);
        assertEquals(NetHeaderLayout.GSO_NONE, HostMemory.loadByte(header + NetHeaderLayout.GSO_TYPE));
    }

    private int network(int at) {
        return HostMemory.loadByte(frame + at) << 8 | HostMemory.loadByte(frame + at + 1);
    }
}
