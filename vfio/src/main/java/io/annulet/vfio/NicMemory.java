package io.annulet.vfio;

/**
 * The memory of ours that a NIC reaches, each part in one direction: what it reads, what it writes, and the rings that it
 * writes back.
 */
public record NicMemory(DmaArea read, DmaArea write, DmaArea both) implements AutoCloseable {

    /** Makes all three for the devices of a container. */
    public static NicMemory create(
            DmaMapper container, IovaSpace space, long readBytes, long writeBytes, long bothBytes) {
        DmaArea read = DmaArea.create(container, space, readBytes, DmaDirection.READ);
        DmaArea write = null;
        DmaArea both = null;
        try {
            write = DmaArea.create(container, space, writeBytes, DmaDirection.WRITE);
            both = DmaArea.create(container, space, bothBytes, DmaDirection.BOTH);
            return new NicMemory(read, write, both);
        } finally {
            if (both == null) {
                if (write != null) {
                    write.close();
                }
                read.close();
            }
        }
    }

    @Override
    public void close() {
        read.close();
        write.close();
        both.close();
    }
}
