package io.annulet.vfio;

import io.annulet.memory.HostMemory;

/**
 * A descriptor ring of an Intel 82574L, field by field: 16 bytes a descriptor, which the NIC reads and whose second half
 * it writes back; owned by the driver.
 *
 * <pre>
 *   legacy receive descriptor              0         8        10         12       13       14
 *   (written back: all but the address)    | address | length | checksum | status | errors | special |
 *
 *   extended transmit descriptor           0         8             9..     12       13        14
 *   (written back: status)                 | address | length, 20 | type, command | status | options | special |
 * </pre>
 *
 * <p>Source: Intel 82574 GbE Controller Family Datasheet, "Receive Descriptor" and "Transmit Descriptors".
 */
final class E1000eRing {

    static final int DESCRIPTOR_BYTES = 16;

    /** In the low byte of the status: the NIC is done with the descriptor. */
    static final int DONE = 1;

    private final long address;
    private final long iova;
    private final int size;
    private int tail;
    private int head;

    E1000eRing(DmaArea.Piece piece, int size) {
        this.address = piece.address();
        this.iova = piece.iova();
        this.size = size;
    }

    static int byteLength(int size) {
        return DESCRIPTOR_BYTES * size;
    }

    int size() {
        return size;
    }

    long iova() {
        return iova;
    }

    int byteLength() {
        return byteLength(size);
    }

    /** The next descriptor to be written. */
    int tail() {
        return tail;
    }

    /** The oldest descriptor that the NIC was given and that was not taken back. */
    int head() {
        return head;
    }

    int used() {
        return tail >= head ? tail - head : tail - head + size;
    }

    /** One descriptor stays free, or a full ring would look empty. */
    int free() {
        return size - 1 - used();
    }

    int after(int index) {
        return index + 1 == size ? 0 : index + 1;
    }

    void clear() {
        tail = 0;
        head = 0;
        HostMemory.zero(address, byteLength());
    }

    /** Writes the descriptor at the tail and moves on; returns its index. */
    int put(long bufferIova, long detail) {
        int index = tail;
        long at = address + (long) DESCRIPTOR_BYTES * index;
        HostMemory.storeLong(at, bufferIova);
        HostMemory.storeLong(at + 8, detail);
        tail = after(index);
        return index;
    }

    /** The second half of a descriptor, which the NIC may write at any time: read once, and all else after it. */
    long detailAcquire(int index) {
        long detail = HostMemory.loadLong(address + (long) DESCRIPTOR_BYTES * index + 8);
        HostMemory.acquireFence();
        return detail;
    }

    /** Takes the descriptors up to and with this one back. */
    void takeThrough(int index) {
        head = after(index);
    }
}
