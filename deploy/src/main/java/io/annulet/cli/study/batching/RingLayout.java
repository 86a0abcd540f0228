package io.annulet.cli.study.batching;

import io.annulet.guest.GuestRam;
import io.annulet.guest.RamOptions;
import io.annulet.guest.RawRing;
import io.annulet.memory.GuestMemory;
import io.annulet.memory.HostMemory;
import io.annulet.vring.DeviceHalf;
import io.annulet.vring.DriverHalf;
import io.annulet.vring.PackedPosition;
import io.annulet.vring.PackedRing;
import io.annulet.vring.RingFeatures;
import io.annulet.vring.Vring;

/** One ring in guest RAM with a buffer for each descriptor; made and closed by one thread, its halves have two others. */
final class RingLayout implements AutoCloseable {

    static final int RING_SIZE = 2048;

    private static final long HUGE = 2L << 20;
    private static final int CACHE_LINE = 64;
    private static final int SCRATCH_BUFFERS = 64;

    private final GuestRam ram;
    private final Vring ring;
    private final RingFeatures features;
    private final int bufferBytes;
    private final long[] hostAddresses = new long[RING_SIZE];
    private final long[] guestAddresses = new long[RING_SIZE];

    RingLayout(boolean packed, boolean eventIndex, int frameBytes) {
        bufferBytes = TestFrame.HEADER_BYTES + frameBytes;
        long stride = (bufferBytes + CACHE_LINE - 1L) / CACHE_LINE * CACHE_LINE;
        long needed = (RING_SIZE + 2L * SCRATCH_BUFFERS) * (stride + 64) + HUGE;
        ram = GuestRam.create(RamOptions.of((needed + HUGE - 1) / HUGE * HUGE).withPopulate());
        touchAllPages();
        RawRing raw = RawRing.allocate(ram, RING_SIZE);
        raw.clear(0);
        ring = packed ? raw.packed() : raw.split();
        features = new RingFeatures(eventIndex, false);
        for (int i = 0; i < RING_SIZE; i++) {
            hostAddresses[i] = ram.allocate(stride, CACHE_LINE);
            guestAddresses[i] = ram.guestAddressOf(hostAddresses[i]);
        }
    }

    /**
     * Under a hypervisor the first access to a page costs microseconds even if the guest's own table has it: a quarter of the
     * batches of 3 frames of 1,518 bytes were dearer for that.
     */
    private void touchAllPages() {
        ram.regions().forEach(region -> HostMemory.zero(region.hostAddress(), region.byteLength()));
    }

    DriverHalf driverHalf() {
        return DriverHalf.of(ring, features);
    }

    DeviceHalf deviceHalf() {
        GuestMemory memory = ram.asGuestMemory();
        return DeviceHalf.of(ring, memory, features, ring instanceof PackedRing ? PackedPosition.START : 0);
    }

    /** Memory beside ring and buffers, for up to a burst of frames. */
    long scratch(int buffers) {
        return ram.allocate((long) buffers * bufferBytes, CACHE_LINE);
    }

    /** Bytes of a buffer: virtio-net header and frame. */
    int bufferBytes() {
        return bufferBytes;
    }

    long hostAddress(int buffer) {
        return hostAddresses[buffer];
    }

    long guestAddress(int buffer) {
        return guestAddresses[buffer];
    }

    @Override
    public void close() {
        ram.close();
    }
}
