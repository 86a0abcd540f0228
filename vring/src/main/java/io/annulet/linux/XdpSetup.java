package io.annulet.linux;

/**
 * What an XDP socket is opened with.
 *
 * @param queue the interface's queue whose frames it gets
 * @param copying who moves frames between the interface and the registered memory
 * @param ringCapacity entries of each of the four rings, a power of two
 * @param memoryAddress where the registered memory begins, at a page
 * @param memoryByteLength a multiple of the page size
 * @param chunkByteLength the memory is cut into chunks of so many bytes, a power of two from 2,048 to the page size
 * @param isUnaligned frames may begin anywhere, and cross from one chunk into the next; addresses have {@link #TAG_SHIFT} bits
 *     then, and what is above them is added to them
 */
public record XdpSetup(
        int queue,
        Copying copying,
        int ringCapacity,
        long memoryAddress,
        long memoryByteLength,
        int chunkByteLength,
        boolean isUnaligned) {

    /** Bits of an address in unaligned memory; the kernel gives those above it back as it got them. */
    public static final int TAG_SHIFT = 48;

    /** Where an address of unaligned memory points to, from its beginning. */
    public static long offset(long address) {
        return base(address) + (address >>> TAG_SHIFT);
    }

    /** The same without what is added; for a frame that came, its chunk. */
    public static long base(long address) {
        return address & ((1L << TAG_SHIFT) - 1);
    }

    /** An address of unaligned memory with a tag in it, which is at most the offset. */
    public static long tagged(long offset, int tag) {
        return offset - tag | (long) tag << TAG_SHIFT;
    }

    /** Who moves frames between the interface and the memory. */
    public enum Copying {
        /** The device where its driver can, else the kernel. */
        AUTO(0),
        /** The device, by DMA. */
        ZEROCOPY(4),
        /** The kernel's processor. */
        COPY(2);

        private final int bindFlag;

        Copying(int bindFlag) {
            this.bindFlag = bindFlag;
        }

        int bindFlag() {
            return bindFlag;
        }
    }
}
