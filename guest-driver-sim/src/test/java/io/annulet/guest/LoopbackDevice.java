package io.annulet.guest;

import io.annulet.linux.FileDescriptors;
import io.annulet.memory.GuestMemory;
import io.annulet.memory.HostMemory;
import io.annulet.vhostuser.VirtioFeature;
import io.annulet.vring.ChainBurst;
import io.annulet.vring.ChainFault;
import io.annulet.vring.DeviceHalf;
import io.annulet.vring.PackedPosition;
import io.annulet.vring.PackedRing;
import io.annulet.vring.RingFault;
import io.annulet.vring.RingFeatures;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * The device's side of one queue pair: every frame sent comes back, in as many receive buffers as it takes; owned by the
 * thread that polls it. It shares nothing with the driver but guest memory.
 */
final class LoopbackDevice {

    private static final int BURST = 64;

    private final DriverVring receive;
    private final DriverVring transmit;
    private final DeviceHalf receiveHalf;
    private final DeviceHalf transmitHalf;
    private final ChainBurst sent;
    private final ChainBurst room;
    private final MemorySegment scratch = Arena.ofAuto().allocate(1 << 17, 8);
    private final long scratchAddress = HostMemory.addressOf(scratch);
    private final boolean mergeable;
    private final int headerByteLength;

    LoopbackDevice(GuestRam ram, NetDriver driver, int pair, long features, int baseIndex) {
        GuestMemory memory = ram.asGuestMemory();
        RingFeatures ringFeatures = RingFeatures.of(features);
        receive = driver.vrings().get(2 * pair);
        transmit = driver.vrings().get(2 * pair + 1);
        int base = receive.layout() instanceof PackedRing ? PackedPosition.START : baseIndex;
        receiveHalf = DeviceHalf.of(receive.layout(), memory, ringFeatures, base);
        transmitHalf = DeviceHalf.of(transmit.layout(), memory, ringFeatures, base);
        sent = burst(BURST, transmit.ring().size());
        room = burst(receive.ring().size(), receive.ring().size());
        mergeable = (features & VirtioFeature.NET_MRG_RXBUF) != 0;
        headerByteLength = NetHeaderLayout.byteLength(features);
    }

    private static ChainBurst burst(int capacity, int ringSize) {
        return new ChainBurst(capacity, Math.max(32 * capacity, 2 * ringSize));
    }

    boolean isBroken() {
        return transmitHalf.fault() != RingFault.NONE || receiveHalf.fault() != RingFault.NONE;
    }

    void suppressKicks() {
        transmitHalf.suppressKicks();
        receiveHalf.suppressKicks();
    }

    /** Asks for kicks on the transmit queue; whether frames wait already. */
    boolean requestKicks() {
        return transmitHalf.requestKicks();
    }

    boolean awaitKick(long timeoutNanos) {
        boolean came = FileDescriptors.awaitReadable(transmit.kickFd().fd(), timeoutNanos);
        transmit.kickFd().drain();
        return came;
    }

    /** Moves a burst of frames; returns how many. */
    int poll() {
        sent.clear();
        int taken = transmitHalf.take(sent, BURST);
        int moved = 0;
        while (moved < taken && move(moved)) {
            moved++;
        }
        if (taken > moved) {
            transmitHalf.untake(taken - moved);
        }
        if (receiveHalf.publishUsed()) {
            receive.callFd().signal();
        }
        if (transmitHalf.publishUsed()) {
            transmit.callFd().signal();
        }
        return moved;
    }

    /** Moves one frame; false if there is no room for it. */
    private boolean move(int chain) {
        int byteLength = (int) sent.readableByteLength(chain);
        if (sent.fault(chain) != ChainFault.NONE || byteLength < headerByteLength) {
            throw new AssertionError("the driver sent a bad chain: " + sent.fault(chain));
        }
        room.clear();
        long space = 0;
        while (space < byteLength && receiveHalf.take(room, 1) == 1) {
            space += room.writableByteLength(room.count() - 1);
            if (!mergeable) {
                break;
            }
        }
        if (space < byteLength) {
            boolean noBuffers = room.count() == 0 || mergeable;
            receiveHalf.untake(room.count());
            if (noBuffers) {
                return false;
            }
            throw new AssertionError("the driver's receive buffers hold " + space + " bytes, frame " + byteLength);
        }
        gather(chain);
        if (headerByteLength >= NetHeaderLayout.BYTES) {
            HostMemory.storeShort(scratchAddress + NetHeaderLayout.NUM_BUFFERS, room.count());
        }
        scatter(byteLength);
        transmitHalf.giveBack(sent.head(chain), 0);
        return true;
    }

    private void gather(int chain) {
        long to = scratchAddress;
        for (int i = sent.firstSegment(chain); i < sent.endSegment(chain); i++) {
            HostMemory.copy(sent.segmentAddress(i), to, sent.segmentByteLength(i));
            to += sent.segmentByteLength(i);
        }
    }

    private void scatter(int byteLength) {
        long from = scratchAddress;
        int left = byteLength;
        for (int chain = 0; chain < room.count(); chain++) {
            int written = 0;
            for (int i = room.firstSegment(chain); i < room.endSegment(chain) && left > 0; i++) {
                int length = Math.min(left, room.segmentByteLength(i));
                HostMemory.copy(from, room.segmentAddress(i), length);
                from += length;
                left -= length;
                written += length;
            }
            receiveHalf.giveBack(room.head(chain), written);
        }
    }
}
