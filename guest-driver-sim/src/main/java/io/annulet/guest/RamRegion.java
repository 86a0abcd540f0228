package io.annulet.guest;

import io.annulet.linux.Fd;

/**
 * One region of guest RAM as it is told to a back-end, and where this process has it.
 *
 * @param file the memory file; {@link GuestRam} owns it
 * @param fileOffset where the region begins in the file
 * @param guestAddress what descriptors call its first byte
 * @param userAddress what ring addresses in messages call its first byte
 * @param hostAddress where this process has it mapped
 */
public record RamRegion(
        Fd file, long fileOffset, long guestAddress, long userAddress, long byteLength, long hostAddress) {

    boolean holdsGuest(long address) {
        return Long.compareUnsigned(address - guestAddress, byteLength) < 0;
    }

    boolean holdsHost(long address) {
        return Long.compareUnsigned(address - hostAddress, byteLength) < 0;
    }
}
