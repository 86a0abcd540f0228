package io.annulet.vring;

/**
 * The driver's half of a virtqueue, whatever its layout; owned by the thread that plays its driver.
 *
 * <p>Offers buffers, publishes once a batch, takes back what was used. Which descriptors are free is kept apart from the
 * ring, and what a device claims to have used is believed only if it was offered.
 */
public sealed interface DriverHalf permits SplitDriverHalf, PackedDriverHalf {

    /** What {@link #takeUsed} returns when nothing was used. */
    int NOTHING = -1;
    /** What {@link #takeUsed} returns when the device gave back what it was never offered. */
    int NOT_OFFERED = -2;
    /** What the offers return when too few descriptors are free. */
    int FULL = -1;

    /** The half for a ring's layout, with all descriptors free, at the ring's beginning. */
    static DriverHalf of(Vring ring, RingFeatures features) {
        return switch (ring) {
            case SplitRing split -> new SplitDriverHalf(split, features, 0);
            case PackedRing packed -> new PackedDriverHalf(packed, features);
        };
    }

    int freeDescriptors();

    /** Offers one buffer; returns the head (in a packed ring the id) that stands for it, or {@link #FULL}. */
    int offer(long guestAddress, int byteLength, boolean writable);

    /**
     * Offers some buffers, each for itself, as {@link #offer} does one by one.
     *
     * @param heads receives what stands for each; there are enough free descriptors
     */
    void offerEach(long[] guestAddresses, int[] byteLengths, int[] heads, int count, boolean writable);

    /**
     * Offers a chain of buffers, the first {@code readable} of them for the device to read, the rest to write.
     *
     * @return the head that stands for the chain, or {@link #FULL}
     */
    int offerChain(long[] guestAddresses, int[] byteLengths, int count, int readable);

    /**
     * Offers a chain through an indirect table, which the driver keeps at {@code tableHostAddress} (the guest calls it
     * {@code tableGuestAddress}) until the chain is used. VIRTIO 1.2, "Indirect Descriptors".
     */
    int offerIndirect(
            long tableGuestAddress,
            long tableHostAddress,
            long[] guestAddresses,
            int[] byteLengths,
            int count,
            int readable);

    /**
     * Shows the device all that was offered.
     *
     * @return whether the device wants a kick for it
     */
    boolean publishAvail();

    /**
     * Takes one chain back.
     *
     * @return its head, {@link #NOTHING} or {@link #NOT_OFFERED}; {@link #writtenByteLength} tells what the device wrote
     */
    int takeUsed();

    /**
     * Takes up to {@code max} chains back, as {@link #takeUsed()} does one by one; ends behind one that was not offered.
     *
     * @param heads receives what {@link #takeUsed()} returns, but for {@link #NOTHING}
     * @param writtenByteLengths receives what the device wrote into each, at most {@link Integer#MAX_VALUE}
     * @return how many
     */
    int takeUsed(int[] heads, int[] writtenByteLengths, int max);

    /** What the device says it wrote into the chain taken back last, in bytes. */
    long writtenByteLength();

    /** Tells the device that calls are not needed while this side polls. A hint: calls may still come. */
    void suppressCalls();

    /**
     * Asks for a call with the next used chain, or with EVENT_IDX once {@code after} more have been used.
     *
     * @param after 0 for the next one
     * @return whether that much was used already, so that no call may come for it
     */
    boolean requestCalls(int after);

    /** Chains offered and not yet taken back. */
    int outstanding();

    /** How a ring with IN_ORDER takes many: its device may tell of more than one at once. */
    static int takeOneByOne(DriverHalf half, int[] heads, int[] writtenByteLengths, int max) {
        int count = 0;
        int head = 0;
        while (count < max && head != NOT_OFFERED) {
            head = half.takeUsed();
            if (head == NOTHING) {
                break;
            }
            writtenByteLengths[count] = (int) Math.min(half.writtenByteLength(), Integer.MAX_VALUE);
            heads[count++] = head;
        }
        return count;
    }
}
