package io.annulet.backend.port;

import io.annulet.linux.Fd;

/**
 * A region of a guest's memory that is to be registered for an XDP socket beside ours; known by its address.
 *
 * @param hostAddress where the region is in this process
 * @param byteLength of the region
 * @param file a descriptor of the region's own, closed with it
 * @param fileOffset of the pages that hold the region
 * @param mappedByteLength of those pages
 * @param regionOffset of the region in them
 * @param pageBytes of the file
 */
public record XdpRegion(
        long hostAddress,
        long byteLength,
        Fd file,
        long fileOffset,
        long mappedByteLength,
        long regionOffset,
        long pageBytes)
        implements AutoCloseable {

    @Override
    public void close() {
        file.close();
    }
}
