package io.annulet.vfio;

import io.annulet.memory.HostMemory;
import io.annulet.vring.DriverHalf;
import io.annulet.vring.RingFeatures;
import io.annulet.vring.SplitRing;
import java.util.Arrays;

/**
 * One queue of a virtio NIC, with a token for each chain; owned by the driver. The descriptors and the available ring lie
 * in memory that the device may only read, the used ring in memory that it may only write.
 */
final class VirtioNicQueue {

    private static final RingFeatures PLAIN = new RingFeatures(false, false);

    private final VirtioPci device;
    private final int number;
    private final int size;
    private final DmaArea.Piece descriptors;
    private final DmaArea.Piece available;
    private final DmaArea.Piece used;
    private final SplitRing ring;
    private final int[] tokens;
    private DriverHalf half;
    private int doorbell;

    VirtioNicQueue(VirtioPci device, int number, int size, NicMemory memory) {
        this.device = device;
        this.number = number;
        this.size = size;
        this.descriptors = memory.read().take(SplitRing.descriptorTableBytes(size), 16);
        this.available = memory.read().take(SplitRing.availBytes(size), 2);
        this.used = memory.write().take(SplitRing.usedBytes(size), 4);
        this.ring = new SplitRing(descriptors.address(), available.address(), used.address(), size);
        this.tokens = new int[size];
        this.half = DriverHalf.of(ring, PLAIN);
    }

    /** Bytes of the parts that the device reads, alignment included. */
    static long readBytes(int size) {
        return SplitRing.descriptorTableBytes(size) + SplitRing.availBytes(size) + 32;
    }

    static long writtenBytes(int size) {
        return SplitRing.usedBytes(size) + 8;
    }

    int size() {
        return size;
    }

    /** Begins anew with an empty ring, after the device was reset. */
    void start(int vector) {
        HostMemory.zero(descriptors.address(), descriptors.byteLength());
        HostMemory.zero(available.address(), available.byteLength());
        HostMemory.zero(used.address(), used.byteLength());
        Arrays.fill(tokens, 0);
        half = DriverHalf.of(ring, PLAIN);
        half.suppressCalls();
        doorbell = device.enable(number, size, descriptors.iova(), available.iova(), used.iova(), vector);
    }

    int free() {
        return half.freeDescriptors();
    }

    void offer(long iova, int byteLength, int token) {
        tokens[offered(half.offer(iova, byteLength, true))] = token;
    }

    /** A chain whose first {@code readable} pieces the device reads, and the others writes. */
    void offer(long[] iovas, int[] byteLengths, int pieces, int readable, int token) {
        tokens[offered(half.offerChain(iovas, byteLengths, pieces, readable))] = token;
    }

    private static int offered(int head) {
        if (head < 0) {
            throw new AssertionError("more was offered than there is room for");
        }
        return head;
    }

    void publish() {
        if (half.publishAvail()) {
            device.kick(doorbell, number);
        }
    }

    /** The token of a chain that came back, or as {@link Nic} says. */
    int take() {
        int head = half.takeUsed();
        return head >= 0 ? tokens[head] : head == DriverHalf.NOTHING ? Nic.NOTHING : Nic.BROKEN;
    }

    long writtenByteLength() {
        return half.writtenByteLength();
    }

    void requestInterrupts() {
        half.requestCalls(0);
    }

    void suppressInterrupts() {
        half.suppressCalls();
    }
}
