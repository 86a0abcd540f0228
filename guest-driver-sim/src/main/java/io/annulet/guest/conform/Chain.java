package io.annulet.guest.conform;

import io.annulet.memory.HostMemory;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * A buffer that was offered to the device.
 *
 * @param head what stands for it in the ring: its first descriptor, in a packed ring its id
 */
record Chain(int head, List<Piece> pieces) {

    int writableByteLength() {
        return pieces.stream()
                .filter(Piece::writable)
                .mapToInt(Piece::byteLength)
                .sum();
    }

    /** The first {@code byteLength} bytes of what the device may have written. */
    byte[] written(int byteLength) {
        ByteBuffer bytes = ByteBuffer.allocate(byteLength);
        for (Piece piece : pieces) {
            if (piece.writable()) {
                int length = Math.min(piece.byteLength(), bytes.remaining());
                bytes.put(HostMemory.copyOut(piece.hostAddress(), length));
            }
        }
        return bytes.array();
    }
}
