package io.annulet.backend.control;

import io.annulet.linux.SocketAccess;
import java.nio.file.Path;
import java.util.List;

/**
 * A channel's memory, served to QEMU's ivshmem-doorbell devices and to processes of this host. As a string it is what
 * {@code --channel} takes.
 *
 * @param name of a port's form
 * @param socket at which peers attach
 * @param byteLength of the memory, a power of two as PCI wants it
 * @param vectors interrupts of each peer
 * @param users numbers of those who may attach; empty for whoever runs this process, and root
 * @param access of the socket's file
 */
public record IvshmemOptions(
        String name, Path socket, long byteLength, int vectors, List<Integer> users, SocketAccess access) {
    public static final long DEFAULT_BYTES = 64L << 20;
    public static final int MAX_VECTORS = 16;

    private static final long MIN_BYTES = 1L << 20;
    private static final long MAX_BYTES = 1L << 40;

    public IvshmemOptions {
        users = List.copyOf(users);
        if (!name.matches("[A-Za-z][A-Za-z0-9._-]{0,30}")) {
            throw new IllegalArgumentException("'" + name
                    + "' cannot be the name of a channel: use a letter and up to 30 letters, digits, '.', '_', '-'");
        }
        if (byteLength < MIN_BYTES || byteLength > MAX_BYTES || Long.bitCount(byteLength) != 1) {
            throw new IllegalArgumentException("size=" + byteLength + ": a power of two from 1M on, as PCI needs it");
        }
        if (vectors < 1 || vectors > MAX_VECTORS) {
            throw new IllegalArgumentException("vectors=" + vectors + ": 1 to " + MAX_VECTORS);
        }
    }

    @Override
    public String toString() {
        return name + "=ivshmem:" + socket + ",size=" + (byteLength >> 20) + "M,vectors=" + vectors
                + (users.isEmpty()
                        ? ""
                        : ",peers="
                                + String.join(
                                        ":", users.stream().map(String::valueOf).toList()));
    }
}
