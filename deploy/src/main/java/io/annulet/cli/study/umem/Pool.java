package io.annulet.cli.study.umem;

import io.annulet.linux.AddressRange;
import io.annulet.linux.XdpRing;
import io.annulet.linux.XdpSetup;
import io.annulet.linux.XdpSocket;
import io.annulet.linux.XdpStatistic;
import io.annulet.memory.HostMemory;

/**
 * A pool of chunks that go round between the kernel and a receiver, which takes bursts, looks at each frame's first line,
 * works on it for a while, and gives the chunks back as an XDP port does; used by one thread.
 */
final class Pool implements AutoCloseable {

    static final int CHUNK_BYTES = 4096;

    /** As many as a worker takes at a time. */
    static final int BURST = 64;

    private final int chunks;
    private final AddressRange memory;
    private final XdpSocket socket;
    private final XdpRing receive;
    private final XdpRing fill;
    private long seen;
    private long frames;
    private long upkeepNanos;
    private int mostWaiting;

    private Pool(int chunks, AddressRange memory, XdpSocket socket) {
        this.chunks = chunks;
        this.memory = memory;
        this.socket = socket;
        receive = socket.receiveRing();
        fill = socket.fillRing();
        for (int i = fill.free(chunks); i > 0; i--) {
            fill.put((long) (i - 1) * CHUNK_BYTES);
        }
        fill.publish();
        // Under a hypervisor the first look at a page may cost what a thousand frames do.
        for (int i = 0; i < chunks; i++) {
            seen += HostMemory.loadLong(memory.address() + (long) i * CHUNK_BYTES + XdpSocket.RECEIVE_HEADROOM);
        }
    }

    /** @param chunks a power of two */
    static Pool open(Cable cable, int chunks) {
        AddressRange memory = AddressRange.of((long) chunks * CHUNK_BYTES, 0, CHUNK_BYTES);
        boolean opened = false;
        try {
            XdpSetup setup = new XdpSetup(
                    0, XdpSetup.Copying.AUTO, chunks, memory.address(), memory.byteLength(), CHUNK_BYTES, false);
            XdpSocket socket = cable.open(() -> XdpSocket.open(cable.near(), setup));
            cable.program().name(0, socket.fd());
            opened = true;
            return new Pool(chunks, memory, socket);
        } finally {
            if (!opened) {
                memory.close();
            }
        }
    }

    /** One visit; returns how many frames it was for. */
    int visit(long workNanos) {
        long begin = System.nanoTime();
        int waiting = receive.available(chunks);
        mostWaiting = Math.max(mostWaiting, waiting);
        int burst = Math.min(waiting, BURST);
        if (burst == 0) {
            return 0;
        }
        long sum = 0;
        for (int i = 0; i < burst; i++) {
            sum += HostMemory.loadLong(memory.address() + receive.address(i));
        }
        seen += sum;
        long worked = System.nanoTime();
        if (workNanos > 0) {
            long end = worked + burst * workNanos;
            while (System.nanoTime() - end < 0) {
                Thread.onSpinWait();
            }
        }
        long upkeep = System.nanoTime();
        for (int i = 0; i < burst; i++) {
            fill.put(receive.address(i));
        }
        receive.release(burst);
        fill.publish();
        if (fill.needsWakeUp()) {
            socket.wakeFill();
        }
        frames += burst;
        upkeepNanos += worked - begin + (System.nanoTime() - upkeep);
        return burst;
    }

    /** How often the kernel found no chunk so far. */
    long dry() {
        return socket.readStatistics() ? socket.statistic(XdpStatistic.FILL_EMPTY) : 0;
    }

    /** Takes what is still there, without work. */
    void drain() {
        while (visit(0) > 0) {
            Thread.onSpinWait();
        }
        forget();
    }

    /** Begins to count anew. */
    void forget() {
        frames = 0;
        upkeepNanos = 0;
        mostWaiting = 0;
    }

    long frames() {
        return frames;
    }

    /** Time of taking and giving back, for all frames. */
    long upkeepNanos() {
        return upkeepNanos;
    }

    /** Most frames that were under way at a time: come, and their chunks not given back. */
    int mostWaiting() {
        return mostWaiting;
    }

    /** A sum over what was looked at, so that it is. */
    long seen() {
        return seen;
    }

    @Override
    public void close() {
        socket.close();
        memory.close();
    }
}
