package io.annulet.backend.capture;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;

/** Where a capture's blocks go; used by the thread that writes. */
interface CaptureSink extends Closeable {

    /** There is no room at the moment: whole blocks that had some were kept, and the others are lost. */
    final class NoRoomException extends IOException {
        private static final long serialVersionUID = 1L;

        NoRoomException(IOException cause) {
            super("no space is left on the device", cause);
        }
    }

    /**
     * Takes whole blocks; the buffer's position is behind the last that was taken.
     *
     * @throws NoRoomException if not all were, and trying again later may help
     */
    void write(ByteBuffer blocks) throws IOException;

    /** Bytes since {@link #next}. */
    long byteLength();

    /** Begins another file. */
    void next() throws IOException;

    /** Where the last blocks went, for people. */
    String where();
}
