package io.annulet.vfio;

/**
 * What a NIC can do.
 *
 * @param driver its driver's name
 * @param headerBytes of the virtio-net header that goes before each frame, 0 or 12
 * @param transmitFrames so many frames may be in flight at most; tokens are below
 * @param receiveBuffers so many buffers may be offered at most; tokens are below
 * @param pieces of which a frame may consist
 * @param pieceBytes a power of two: a piece lies in one block of so many bytes, aligned to that
 * @param maxMtu the longest payload of a frame
 * @param checksum whether it completes checksums
 * @param tso4 whether it cuts TCP segments over IPv4
 * @param tso6 and over IPv6
 * @param tsoBytes the longest TCP segment, with its headers, that it cuts
 * @param filterAddresses for so many it can receive frames alone; 0 if it cannot filter
 */
public record NicLimits(
        String driver,
        int headerBytes,
        int transmitFrames,
        int receiveBuffers,
        int pieces,
        int pieceBytes,
        int maxMtu,
        boolean checksum,
        boolean tso4,
        boolean tso6,
        int tsoBytes,
        int filterAddresses) {}
