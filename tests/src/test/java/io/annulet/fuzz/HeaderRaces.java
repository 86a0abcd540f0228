package io.annulet.fuzz;

import io.annulet.backend.data.FrameBurst;
import io.annulet.backend.data.Switch;
import io.annulet.backend.offload.Offload;
import io.annulet.memory.HostMemory;
import io.annulet.vring.DriverHalf;
import java.nio.ByteBuffer;
import java.util.List;
import org.agrona.concurrent.UnsafeBuffer;
import org.agrona.concurrent.status.CountersManager;

/**
 * F04 and F08: a frame whose headers change on its way through a switch. Whatever is seen of it, it comes to the port whose
 * address it bears, and asks nothing of a guest that acknowledged nothing. Owned by one thread.
 */
final class HeaderRaces implements Race.Scene {

    private static final int FRAME_AT = 1024;
    private static final int BUFFER_AT = PortGuest.PATTERN;
    private static final int BUFFER_BYTES = 2048;
    private static final int FRAME_BYTES = 54 + 400;
    private static final int VIRTIO = 12;
    private static final long SENDER = 0x01_00_00_00_00_02L;
    private static final long[] RECEIVERS = {0x0b_00_00_00_00_02L, 0x0c_00_00_00_00_02L};

    private final CountersManager counters = new CountersManager(
            new UnsafeBuffer(ByteBuffer.allocateDirect(1 << 18)), new UnsafeBuffer(ByteBuffer.allocateDirect(1 << 16)));
    private final PortGuest sender = new PortGuest("sender", counters);
    private final PortGuest[] receivers = {new PortGuest("b", counters), new PortGuest("c", counters)};
    private final DriverHalf transmit;
    private final DriverHalf[] receive = new DriverHalf[2];
    private final Switch domain = new Switch();
    private final FrameBurst burst = new FrameBurst(PortGuest.RING_SIZE);
    private final long frame;

    HeaderRaces() {
        transmit = sender.open(1, false, VIRTIO, true, Offload.ALL & ~Offload.VALID);
        domain.add(sender.port);
        domain.tick(1);
        for (int i = 0; i < 2; i++) {
            receive[i] = receivers[i].open(0, false, VIRTIO, true, Offload.NONE);
            domain.add(receivers[i].port);
        }
        frame = sender.hostAddress(FRAME_AT);
        for (int i = 0; i < 2; i++) {
            introduce(i);
        }
        writeFrame();
    }

    /** Has the switch learn where a receiver is. */
    private void introduce(int receiver) {
        DriverHalf driver = receivers[receiver].open(1, false, VIRTIO, true, Offload.NONE);
        long at = receivers[receiver].hostAddress(FRAME_AT);
        HostMemory.zero(at, 100);
        HostMemory.storeLong(at + VIRTIO, SENDER);
        HostMemory.storeLong(at + VIRTIO + 6, RECEIVERS[receiver]);
        driver.offer(PortGuest.guestAddress(FRAME_AT), 100, false);
        driver.publishAvail();
        pass(receivers[receiver]);
        receivers[receiver].port.onCloseQueue(1);
        receive[receiver] = receivers[receiver].open(0, false, VIRTIO, true, Offload.NONE);
    }

    /** A long TCP segment over IPv4 for the first receiver, its checksum left open. */
    private void writeFrame() {
        HostMemory.zero(frame, VIRTIO + FRAME_BYTES);
        HostMemory.storeByte(frame, 1);
        HostMemory.storeByte(frame + 1, 1);
        HostMemory.storeShort(frame + 2, 54);
        HostMemory.storeShort(frame + 4, 150);
        HostMemory.storeShort(frame + 6, 34);
        HostMemory.storeShort(frame + 8, 16);
        long ethernet = frame + VIRTIO;
        HostMemory.storeLong(ethernet, RECEIVERS[0]);
        HostMemory.storeLong(ethernet + 6, SENDER);
        HostMemory.storeShortUnaligned(ethernet + 12, 0x0008);
        HostMemory.storeByte(ethernet + 14, 0x45);
        HostMemory.storeShortUnaligned(ethernet + 16, Short.reverseBytes((short) (FRAME_BYTES - 14)));
        HostMemory.storeByte(ethernet + 23, 6);
        HostMemory.storeByte(ethernet + 46, 0x50);
    }

    List<Race.Field> fields() {
        long ethernet = frame + VIRTIO;
        return List.of(
                new Race.Field("header: flags", frame, 1, 1, 0),
                new Race.Field("header: gso_type", frame + 1, 1, 1, 0x85),
                new Race.Field("header: gso_size", frame + 4, 2, 150, 0xffff),
                new Race.Field("header: gso_size, tiny", frame + 4, 2, 150, 1),
                new Race.Field("header: csum_start", frame + 6, 2, 34, 0xfff0),
                new Race.Field("header: csum_offset", frame + 8, 2, 16, 0xfffe),
                new Race.Field("frame: destination", ethernet, 1, 2, 3),
                new Race.Field("frame: destination's last byte", ethernet + 5, 1, 0x0b, 0x0c),
                new Race.Field("frame: type", ethernet + 12, 2, 0x0008, 0x0081),
                new Race.Field("frame: IP header length", ethernet + 14, 1, 0x45, 0x4f),
                new Race.Field("frame: IP length", ethernet + 16, 2, 0xb801, 0xffff),
                new Race.Field("frame: TCP header length", ethernet + 46, 1, 0x50, 0xf0));
    }

    private void pass(PortGuest from) {
        burst.clear();
        while (from.port.pull(burst) > 0) {
            domain.forward(from.port, burst);
            from.port.finish(burst);
            burst.clear();
        }
    }

    @Override
    public long look() {
        for (int i = 0; i < 2; i++) {
            // One buffer for all: what was delivered last is looked at, and none lets a frame go anywhere else.
            while (receive[i].freeDescriptors() > 0) {
                receive[i].offer(PortGuest.guestAddress(BUFFER_AT), BUFFER_BYTES, true);
            }
            receive[i].publishAvail();
        }
        transmit.offer(PortGuest.guestAddress(FRAME_AT), VIRTIO + FRAME_BYTES, false);
        transmit.publishAvail();
        pass(sender);
        transmit.takeUsed();
        return take(0) * 64 + take(1);
    }

    private long take(int receiver) {
        int taken = 0;
        while (receive[receiver].takeUsed() != DriverHalf.NOTHING) {
            long at = receivers[receiver].hostAddress(BUFFER_AT);
            int last = HostMemory.loadByte(at + VIRTIO + 5);
            boolean isGroup = (HostMemory.loadByte(at + VIRTIO) & 1) != 0;
            if (!isGroup && last != (int) (RECEIVERS[receiver] >>> 40)) {
                throw new AssertionError("a frame for another port was delivered: the decision was on other bytes");
            }
            if (HostMemory.loadShort(at) != 0) {
                throw new AssertionError("the receiver was asked for what it did not acknowledge");
            }
            taken++;
        }
        return taken;
    }
}
