package io.annulet.vring;

/**
 * The chains that a driver has offered, in their order, for a ring with IN_ORDER; owned by the driver's thread.
 *
 * <p>A device may then tell of many used chains at once by naming the last of them. From VIRTIO 1.2, "In-order use of
 * descriptors": those that it skipped count as used completely.
 */
final class InOrderChains {

    private final int[] heads;
    private final long[] writableByteLengths;
    private int first;
    private int count;
    private int batch;
    private long batchWrittenByteLength;
    private long takenByteLength;

    InOrderChains(int ringSize) {
        heads = new int[ringSize];
        writableByteLengths = new long[ringSize];
    }

    /** @param writable bytes of the chain that the device may write */
    void offered(int head, long writable) {
        int at = at(count++);
        heads[at] = head;
        writableByteLengths[at] = writable;
    }

    private int at(int place) {
        int at = first + place;
        return at < heads.length ? at : at - heads.length;
    }

    /** How many bytes of a chain the device may write. */
    static long writable(int[] byteLengths, int chainLength, int readable) {
        long sum = 0;
        for (int i = readable; i < chainLength; i++) {
            sum += byteLengths[i];
        }
        return sum;
    }

    /** How many chains a device is done with that names this one; 0 if it is not with the device. */
    int upTo(int head) {
        for (int place = 0; place < count; place++) {
            if (heads[at(place)] == head) {
                return place + 1;
            }
        }
        return 0;
    }

    /** The sum of what an array has at the heads of the chains from one place to another, the oldest being at 0. */
    int sum(int[] ofHead, int from, int to) {
        int sum = 0;
        for (int place = from; place < to; place++) {
            sum += ofHead[heads[at(place)]];
        }
        return sum;
    }

    /** The next {@code chains} are used, the last of them as the device said. */
    void begin(int chains, long writtenByteLength) {
        batch = chains;
        batchWrittenByteLength = writtenByteLength;
    }

    /** Whether the device told of more than was taken. */
    boolean isInBatch() {
        return batch > 0;
    }

    /** Takes the oldest chain of the batch; returns its head. */
    int take() {
        int head = heads[first];
        takenByteLength = --batch == 0 ? batchWrittenByteLength : writableByteLengths[first];
        first = at(1);
        count--;
        return head;
    }

    /** What the device wrote into the chain that was taken last. */
    long takenByteLength() {
        return takenByteLength;
    }
}
