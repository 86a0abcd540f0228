package io.annulet.guest.peer;

import io.annulet.guest.DriverVring;
import io.annulet.guest.GuestRam;
import io.annulet.guest.NetDriver;
import io.annulet.guest.NetHeaderLayout;
import io.annulet.linux.FileDescriptors;
import io.annulet.memory.GuestMemory;
import io.annulet.vhostuser.VirtioFeature;
import io.annulet.vring.RingFeatures;

/**
 * The device of one queue pair in the driver's own process: every frame sent comes back; owned by the thread that polls
 * it. It shares nothing with the driver but guest memory, so it shows what the driver costs with the least device.
 */
public final class LoopbackDevice {

    private final DriverVring transmit;
    private final DeviceQueue receiveQueue;
    private final DeviceQueue transmitQueue;
    private final FrameMover mover = new FrameMover(Fault.NONE, 1);
    private final boolean mergeable;
    private final int headerByteLength;

    /**
     * A device for a driver that was just started.
     *
     * @param pair index of the queue pair
     * @param features as the driver was started with
     * @param baseIndex where both indexes of a split ring stand
     */
    public LoopbackDevice(GuestRam ram, NetDriver driver, int pair, long features, int baseIndex) {
        GuestMemory memory = ram.asGuestMemory();
        transmit = driver.vrings().get(2 * pair + 1);
        receiveQueue = queue(driver.vrings().get(2 * pair), memory, features, baseIndex);
        transmitQueue = queue(transmit, memory, features, baseIndex);
        mergeable = (features & VirtioFeature.NET_MRG_RXBUF) != 0;
        headerByteLength = NetHeaderLayout.byteLength(features);
    }

    private static DeviceQueue queue(DriverVring vring, GuestMemory memory, long features, int baseIndex) {
        int base = DeviceQueue.firstBase(vring.layout(), baseIndex);
        return new DeviceQueue(vring.layout(), memory, RingFeatures.of(features), base, vring.callFd());
    }

    public boolean isBroken() {
        return transmitQueue.isBroken() || receiveQueue.isBroken();
    }

    public void suppressKicks() {
        transmitQueue.half.suppressKicks();
        receiveQueue.half.suppressKicks();
    }

    /** Asks for kicks on the transmit queue; whether frames wait already. */
    public boolean requestKicks() {
        return transmitQueue.half.requestKicks();
    }

    /** Waits for a kick of the transmit queue; false if none came in time. */
    public boolean awaitKick(long timeoutNanos) {
        boolean came = FileDescriptors.awaitReadable(transmit.kickFd().fd(), timeoutNanos);
        transmit.kickFd().drain();
        return came;
    }

    /** Moves a burst of frames; returns how many. */
    public int poll() {
        return mover.move(transmitQueue, receiveQueue, headerByteLength, mergeable);
    }
}
