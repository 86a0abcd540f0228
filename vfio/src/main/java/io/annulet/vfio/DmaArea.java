package io.annulet.vfio;

import io.annulet.linux.Mapping;

/**
 * Memory of ours that a device may reach in one direction, given out piece by piece; used by one thread. Closed after the
 * device was stopped.
 */
public final class DmaArea implements AutoCloseable {

    private final Mapping mapping;
    private final long iova;
    private final AutoCloseable unmap;
    private long used;

    /** A piece: where we see it and where the device does. */
    public record Piece(long address, long iova, long byteLength) {}

    private DmaArea(Mapping mapping, long iova, AutoCloseable unmap) {
        this.mapping = mapping;
        this.iova = iova;
        this.unmap = unmap;
    }

    /** Makes zeroed memory that all devices of the container may use in this direction. */
    public static DmaArea create(DmaMapper container, IovaSpace space, long byteLength, DmaDirection direction) {
        long wholePages = (byteLength + 4095) & -4096;
        Mapping mapping = Mapping.anonymous(wholePages, Mapping.Option.POPULATE);
        long iova = -1;
        boolean created = false;
        try {
            iova = space.take(wholePages, 4096);
            container.map(mapping.address(), iova, wholePages, direction);
            created = true;
            long at = iova;
            return new DmaArea(mapping, iova, () -> {
                container.unmap(at, wholePages);
                space.giveBack(at);
            });
        } finally {
            if (!created) {
                if (iova != -1) {
                    space.giveBack(iova);
                }
                mapping.close();
            }
        }
    }

    /** Takes a piece that starts at a multiple of {@code alignment}, a power of two up to 4096. */
    public Piece take(long byteLength, int alignment) {
        long at = (used + alignment - 1) & -alignment;
        if (at + byteLength > mapping.byteLength()) {
            throw new IllegalStateException(
                    byteLength + " bytes of an area of " + mapping.byteLength() + " with " + used + " in use");
        }
        used = at + byteLength;
        return new Piece(mapping.address() + at, iova + at, byteLength);
    }

    public long iova() {
        return iova;
    }

    public long byteLength() {
        return mapping.byteLength();
    }

    @Override
    public void close() {
        try {
            unmap.close();
        } catch (Exception e) {
            throw new IllegalStateException("memory of a device was not unmapped", e);
        } finally {
            mapping.close();
        }
    }
}
