package io.annulet.guest;

import io.annulet.linux.Fd;

/**
 * Memory of a back-end that the front-end keeps for it, in which it notes what it has taken and not yet used: its
 * successor reads it after a crash. From vhost-user, QEMU 10, "Inflight I/O tracking".
 *
 * @param file the memory, this record's
 */
public record InflightArea(Fd file, long byteLength, long fileOffset, int queues, int queueSize)
        implements AutoCloseable {

    @Override
    public void close() {
        file.close();
    }
}
