package io.annulet.guest.traffic;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.memory.HostMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Test frames are what they look like, and nothing in them changes unseen. */
final class FlowTableTest {

    private static final long STAMP = 0x0123_4567_89ab_cdefL;

    private final MemorySegment memory = Arena.ofAuto().allocate(1 << 17, 8);
    private final long frame = HostMemory.addressOf(memory);

    @Test
    void aUdpFrameIsAValidIpPacket() {
        FlowTable flows = new FlowTable(FrameForm.UDP, Proof.FULL, 0, 8, 2, 0, 1);
        for (int byteLength : new int[] {60, 64, 1518, 65_549}) {
            flows.write(frame, byteLength, 3, 7, STAMP);
            assertEquals(0x0800, network(12));
            assertEquals(0x4500, network(14));
            assertEquals(byteLength - 14, network(16));
            assertEquals(byteLength - 34, network(38));
            assertEquals(17, HostMemory.loadByte(frame + 23));
            int sum = 0;
            for (int at = 14; at < 34; at += 2) {
                sum += network(at);
            }
            assertEquals(0xffff, (sum & 0xffff) + (sum >>> 16));
        }
    }

    @Test
    void flowsDifferInAddressesAndPorts() {
        FlowTable flows = new FlowTable(FrameForm.UDP, Proof.FULL, 0, 8, 2, 0, 1);
        flows.write(frame, 64, 0, 0, 0);
        byte[] first = HostMemory.copyOut(frame, 38);
        flows.write(frame, 64, 1, 0, 0);
        byte[] second = HostMemory.copyOut(frame, 38);
        assertFalse(Arrays.equals(first, 0, 6, second, 0, 6), "destination");
        assertFalse(Arrays.equals(first, 6, 12, second, 6, 12), "source");
        assertFalse(Arrays.equals(first, 34, 36, second, 34, 36), "port");
        flows.write(frame, 64, 2, 0, 0);
        assertArrayEquals(Arrays.copyOf(first, 12), HostMemory.copyOut(frame, 12), "two addresses take turns");
    }

    @ParameterizedTest
    @EnumSource(names = {"ETHERNET", "UDP"})
    void aFrameIsWholeAndSoIsItsEcho(FrameForm form) {
        FlowTable flows = new FlowTable(form, Proof.FULL, 100, 4, 1, 0, 1);
        for (int byteLength = form.minByteLength(); byteLength < 300; byteLength++) {
            flows.write(frame, byteLength, 2, byteLength, STAMP);
            assertTrue(FlowTable.isOfForm(form, frame, byteLength));
            assertTrue(FlowTable.isWhole(form, frame, byteLength, 102, byteLength, STAMP));
            byte[] macs = HostMemory.copyOut(frame, 12);
            for (int i = 0; i < 12; i++) {
                HostMemory.storeByte(frame + i, macs[(i + 6) % 12]);
            }
            assertTrue(FlowTable.isWhole(form, frame, byteLength, 102, byteLength, STAMP));
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"ETHERNET", "UDP"})
    void everyFlippedBitIsSeen(FrameForm form) {
        FlowTable flows = new FlowTable(form, Proof.FULL, 0, 4, 1, 0, 1);
        int missed = 0;
        int flipped = 0;
        for (int byteLength : new int[] {form.minByteLength(), form.minByteLength() + 8, 64, 95, 101, 300}) {
            boolean hasPayload = byteLength >= form.minByteLength() + 8;
            for (int bit = 0; bit < 8 * byteLength; bit++) {
                flows.write(frame, byteLength, 3, 5, STAMP);
                long at = frame + bit / 8;
                HostMemory.storeByte(at, HostMemory.loadByte(at) ^ 1 << bit % 8);
                boolean seen = !isAccepted(form, byteLength);
                assertTrue(seen || !hasPayload, "bit " + bit + " of a frame of " + byteLength);
                missed += seen ? 0 : 1;
                flipped++;
            }
        }
        // The shortest frames have no payload: there 16 bits of check in the IP header are all, or nothing.
        assertTrue(form == FrameForm.ETHERNET || missed <= 1, missed + " of " + flipped);
    }

    private boolean isAccepted(FrameForm form, int byteLength) {
        if (!FlowTable.isOfForm(form, frame, byteLength)) {
            return false;
        }
        int flow = HostMemory.loadShortUnaligned(frame + form.flowAt());
        long sequence = HostMemory.loadLong(frame + form.sequenceAt());
        long stamp = HostMemory.loadLong(frame + form.stampAt());
        return FlowTable.isWhole(form, frame, byteLength, flow, sequence, stamp);
    }

    private int network(int at) {
        return HostMemory.loadByte(frame + at) << 8 | HostMemory.loadByte(frame + at + 1);
    }
}
