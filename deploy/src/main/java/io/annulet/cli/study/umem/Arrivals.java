package io.annulet.cli.study.umem;

import io.annulet.cli.study.StudyFailure;
import io.annulet.linux.Cpus;
import io.annulet.linux.PacketSocket;
import io.annulet.memory.HostMemory;
import java.lang.foreign.Arena;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Frames that are sent one by one at even intervals, by a thread of its own. */
final class Arrivals implements AutoCloseable {

    static final int FRAME_BYTES = 64;

    private final ExecutorService thread = Executors.newSingleThreadExecutor(
            work -> Thread.ofPlatform().name("arrivals").daemon().unstarted(work));

    private final PacketSocket socket;
    private final Arena arena = Arena.ofShared();
    private final long frame;

    /** @param processor that it runs on, or -1 */
    Arrivals(PacketSocket socket, int processor) {
        this.socket = socket;
        frame = HostMemory.addressOf(arena.allocate(FRAME_BYTES, 64));
        for (int i = 0; i < 12; i++) {
            HostMemory.storeByte(frame + i, (byte) 2);
        }
        HostMemory.storeByte(frame + 12, (byte) 0x88); // local experimental
        HostMemory.storeByte(frame + 13, (byte) 0xb5);
        if (processor >= 0) {
            await(thread.submit(() -> {
                Cpus.pinCurrentThread(processor);
                return 0.0;
            }));
        }
    }

    /** Sends for so long; as fast as it can if the rate is infinite. The rate that it reached comes back. */
    Future<Double> begin(double framesPerSecond, long nanos) {
        Callable<Double> sending = () -> send(1e9 / framesPerSecond, nanos);
        return thread.submit(sending);
    }

    private double send(double interval, long nanos) {
        long begin = System.nanoTime();
        long now = begin;
        long sent = 0;
        while (now - begin < nanos) {
            if (now - begin >= sent * interval) {
                socket.send(frame, FRAME_BYTES);
                sent++;
            }
            now = System.nanoTime();
        }
        return sent * 1e9 / (now - begin);
    }

    static double await(Future<Double> sending) {
        try {
            return sending.get();
        } catch (ExecutionException e) {
            throw new StudyFailure("the sender: " + e.getCause(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new StudyFailure("interrupted", e);
        }
    }

    @Override
    public void close() {
        thread.shutdown();
        arena.close();
    }
}
