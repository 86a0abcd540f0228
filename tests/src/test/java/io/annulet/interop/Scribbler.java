package io.annulet.interop;

import io.annulet.channel.IvshmemPeer;
import io.annulet.linux.FileDescriptors;
import io.annulet.linux.Mapping;
import io.annulet.memory.HostMemory;
import java.nio.file.Path;
import java.util.Random;

/**
 * A third peer of a channel's memory, with every right to it and no key: it writes nonsense where the ends have their
 * records and indexes. Used by one thread.
 */
final class Scribbler implements AutoCloseable {
    private static final int CONTROL_BYTES = 16 << 10;
    private static final int RINGS_BYTES = 2 << 20;

    private final IvshmemPeer peer;
    private final Mapping memory;
    private final Random random = new Random(8);

    private Scribbler(IvshmemPeer peer, Mapping memory) {
        this.peer = peer;
        this.memory = memory;
    }

    static Scribbler attach(Path socket) {
        IvshmemPeer peer = IvshmemPeer.connect(socket);
        long byteLength = FileDescriptors.status(peer.memory()).byteLength();
        return new Scribbler(peer, Mapping.map(peer.memory(), 0, byteLength, Mapping.Protection.READ_WRITE));
    }

    /** Flips bits all over the rings. */
    void scribbleOnRings(int count) {
        for (int i = 0; i < count; i++) {
            flip(CONTROL_BYTES + random.nextInt(RINGS_BYTES));
        }
    }

    /** Sets every word in use on the pages of indexes, wishes and mail to something else. */
    void scribbleOnControl() {
        for (int at = 0; at < CONTROL_BYTES; at += 64) {
            flip(at + random.nextInt(8));
        }
    }

    private void flip(long offset) {
        long at = memory.address() + offset;
        HostMemory.storeByte(at, HostMemory.loadByte(at) ^ (1 << random.nextInt(8)));
    }

    @Override
    public void close() {
        memory.close();
        peer.close();
    }
}
