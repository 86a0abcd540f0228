package io.annulet.guest.conform;

/**
 * One element of a buffer: a descriptor.
 *
 * @param hostAddress where this process has it
 * @param writable whether it is for the device to write
 */
record Piece(long hostAddress, int byteLength, boolean writable) {

    static Piece readable(long hostAddress, int byteLength) {
        return new Piece(hostAddress, byteLength, false);
    }

    static Piece writable(long hostAddress, int byteLength) {
        return new Piece(hostAddress, byteLength, true);
    }
}
