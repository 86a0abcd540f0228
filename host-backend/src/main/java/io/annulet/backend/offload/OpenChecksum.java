package io.annulet.backend.offload;

import io.annulet.memory.HostMemory;

/**
 * Finds frames whose transport checksum a kernel left open for a device to complete, where no header tells; owned by one
 * thread, which uses it for one frame after another.
 *
 * <p>Such a frame has the sum of its pseudo-header where the checksum belongs. A whole checksum is the same number once in
 * 65,536 frames, by chance; to complete that one again changes nothing, since what is completed is a sum that begins with
 * the number in its place.
 */
public final class OpenChecksum {

    private final FrameHeaders headers = new FrameHeaders();

    /**
     * Writes a virtio-net header that asks for the checksum if the frame's was left open.
     *
     * @param header of a plain frame, up to num_buffers
     * @param frame the frame's first bytes, in memory of our own
     * @param copyBytes how many those are
     * @param frameBytes length of the whole frame
     * @return whether it was left open
     */
    public boolean mark(long header, long frame, int copyBytes, int frameBytes) {
        if (!isTcpOrUdp(frame, copyBytes, frameBytes)) {
            return false;
        }
        int start = headers.l4Offset();
        int offset = headers.checksumOffset();
        int pseudo = Checksum.fold(headers.pseudoSum(frame, headers.packetEnd(frame) - start));
        boolean isOpen = HostMemory.loadShortUnaligned(frame + start + offset) == pseudo;
        if (isOpen) {
            OffloadHeader.write(header, OffloadHeader.NEEDS_CSUM, OffloadHeader.GSO_NONE, 0, 0, start, offset);
        }
        return isOpen;
    }

    private boolean isTcpOrUdp(long frame, int copyBytes, int frameBytes) {
        return headers.parse(frame, copyBytes)
                && !headers.isFragment()
                && !headers.isRouted()
                && (headers.protocol() == FrameHeaders.TCP || headers.protocol() == FrameHeaders.UDP)
                && headers.packetEnd(frame) <= frameBytes
                && headers.packetEnd(frame) >= headers.payloadOffset();
    }
}
