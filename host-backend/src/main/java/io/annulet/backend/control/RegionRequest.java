package io.annulet.backend.control;

import io.annulet.backend.handover.PassedDevice;
import io.annulet.linux.Pages;
import io.annulet.vhostuser.MessageLayout;

/**
 * A region of memory as a message describes it, its numbers checked: nothing overflows.
 *
 * @param fileOffset where the region begins in its file
 */
record RegionRequest(long guestAddress, long userAddress, long byteLength, long fileOffset) {

    /** The region whose description begins at {@code offset} of the payload. */
    static RegionRequest read(Message message, int offset) {
        return new RegionRequest(
                message.u64(offset + MessageLayout.REGION_GUEST_ADDRESS),
                message.u64(offset + MessageLayout.REGION_USER_ADDRESS),
                message.u64(offset + MessageLayout.REGION_SIZE),
                message.u64(offset + MessageLayout.REGION_FILE_OFFSET));
    }

    static RegionRequest of(PassedDevice.Region passed) {
        return new RegionRequest(passed.guestAddress(), passed.userAddress(), passed.byteLength(), passed.fileOffset());
    }

    /** Whether the message means this region; the offset does not count. */
    boolean isAt(RegionRequest other) {
        return guestAddress == other.guestAddress && userAddress == other.userAddress && byteLength == other.byteLength;
    }

    void check() {
        long pageMask = Pages.byteLength() - 1;
        if (byteLength <= 0 || (byteLength & pageMask) != 0) {
            throw new MessageFault("a region of " + Long.toUnsignedString(byteLength) + " bytes, not whole pages");
        }
        if (fileOffset < 0 || (fileOffset & pageMask) != 0 || Long.MAX_VALUE - fileOffset < byteLength) {
            throw new MessageFault("a region at offset " + Long.toUnsignedString(fileOffset) + " of its file");
        }
        if (wraps(guestAddress) || wraps(userAddress)) {
            throw new MessageFault("the addresses of a region wrap");
        }
    }

    private boolean wraps(long address) {
        return Long.compareUnsigned(address + (byteLength - 1), address) < 0;
    }
}
