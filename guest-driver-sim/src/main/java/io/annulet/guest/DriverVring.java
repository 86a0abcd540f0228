package io.annulet.guest;

import io.annulet.linux.EventFd;
import io.annulet.linux.FileDescriptors;
import io.annulet.vhostuser.VirtioFeature;
import io.annulet.vring.DriverHalf;
import io.annulet.vring.PackedDriverHalf;
import io.annulet.vring.PackedPosition;
import io.annulet.vring.RingFeatures;
import io.annulet.vring.SplitDriverHalf;
import io.annulet.vring.SplitRing;
import io.annulet.vring.Vring;

/**
 * One virtqueue of the guest: its ring, and the eventfds through which both sides notify; owned by the thread that plays
 * the driver.
 */
public final class DriverVring implements AutoCloseable {

    private final int index;
    private final RawRing ring;
    private final EventFd kick = EventFd.create(true, 0);
    private final EventFd call = EventFd.create(true, 0);
    private final EventFd err = EventFd.create(true, 0);
    private Vring layout;
    private DriverHalf half;
    private long kicks;
    private long calls;

    DriverVring(int index, RawRing ring) {
        this.index = index;
        this.ring = ring;
        this.layout = ring.packed(); // any size will do until the features are known
        this.half = DriverHalf.of(layout, new RingFeatures(false, false));
    }

    /**
     * Clears the ring and begins afresh in the layout that was agreed on.
     *
     * @param baseIndex where both indexes of a split ring start; a packed ring starts at its first slot
     */
    DriverHalf begin(long acknowledgedFeatures, int baseIndex) {
        RingFeatures features = RingFeatures.of(acknowledgedFeatures);
        if ((acknowledgedFeatures & VirtioFeature.RING_PACKED) != 0) {
            ring.clear(0);
            layout = ring.packed();
            half = DriverHalf.of(layout, features);
        } else {
            ring.clear(baseIndex);
            layout = ring.split();
            half = new SplitDriverHalf(ring.split(), features, baseIndex);
        }
        return half;
    }

    /** Its number in messages: even for receive queues, odd for transmit queues. */
    public int index() {
        return index;
    }

    public RawRing ring() {
        return ring;
    }

    DriverHalf half() {
        return half;
    }

    /** The ring in the layout that was agreed on. */
    public Vring layout() {
        return layout;
    }

    /** Whether used buffers behind one that was never offered can be found: a packed ring does not tell where they are. */
    boolean goesOnBehindAStray() {
        return layout instanceof SplitRing;
    }

    /** The vring base of a device that begins: what SET_VRING_BASE tells after {@link #begin}. */
    int firstBase(int baseIndex) {
        return half instanceof PackedDriverHalf ? packedBase(PackedPosition.START) : baseIndex;
    }

    /** The vring base of a device that lost its place: all that it has not used is worked again. */
    int baseAfterLoss() {
        return half instanceof PackedDriverHalf packed ? packedBase(packed.devicePosition()) : ring.usedIndex();
    }

    private static int packedBase(int position) {
        return position | position << 16;
    }

    public EventFd kickFd() {
        return kick;
    }

    public EventFd callFd() {
        return call;
    }

    public EventFd errFd() {
        return err;
    }

    /** Kicks the device. */
    public void kick() {
        kicks++;
        kick.signal();
    }

    public long kicks() {
        return kicks;
    }

    /** How often the device called so far. */
    public long calls() {
        takeCalls();
        return calls;
    }

    private void takeCalls() {
        long drained = call.drain();
        calls += Math.max(0, drained);
    }

    /** Waits for a call; true if one came in time. */
    boolean awaitCall(long timeoutNanos) {
        boolean came = FileDescriptors.awaitReadable(call.fd(), timeoutNanos);
        takeCalls();
        return came;
    }

    /** Whether the device said that this queue is broken. */
    public boolean awaitError(long timeoutNanos) {
        return FileDescriptors.awaitReadable(err.fd(), timeoutNanos);
    }

    @Override
    public void close() {
        kick.close();
        call.close();
        err.close();
    }
}
