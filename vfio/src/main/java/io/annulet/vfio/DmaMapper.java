package io.annulet.vfio;

/** Gives memory of this process to devices and takes it back: a {@link VfioContainer}, or what a test has in its place. */
public interface DmaMapper {

    /**
     * Lets the devices reach whole pages, at {@code iova} and in one direction.
     *
     * @throws VfioException if a limit would be passed, with what to raise
     */
    void map(long address, long iova, long byteLength, DmaDirection direction);

    /** Takes from the devices what one {@link #map} gave them: any access after this faults. */
    void unmap(long iova, long byteLength);
}
