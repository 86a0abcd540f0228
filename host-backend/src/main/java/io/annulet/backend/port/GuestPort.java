package io.annulet.backend.port;

import io.annulet.backend.data.ReceiveQueue;
import io.annulet.backend.offload.Offload;
import io.annulet.backend.stats.PortCounters;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * A guest behind a vhost-user front-end: one {@link GuestShard} for each worker of its forwarding domain, and what the
 * shards have in common. Made by the control plane, which changes the shards through
 * {@link io.annulet.backend.data.PortProxy} only.
 *
 * <p>It has queue pairs: queue 2n is a receive queue, 2n + 1 a transmit queue, by the driver's view, and perhaps a control
 * queue behind those that the driver knows. A pair belongs to one worker, the pairs of a port to all of them in turn, and
 * ports begin at different workers: guests with few queues spread too.
 *
 * <p><b>Who may touch a receive queue.</b> A worker delivers to the receive queues that it owns. If it owns none that is
 * enabled it borrows one, under the queue's lock; with several workers the owner too takes the lock. So a flow, which is
 * one queue of its source and therefore one worker, stays on one receive queue as long as no queue is enabled or disabled,
 * and its order holds.
 */
public final class GuestPort {

    private static final ReceiveQueue[] NONE = {};

    private final String name;
    private final int queuePairs;
    private final int home;
    private final PortListener listener;
    private final MemoryCheck memoryCheck;
    private final List<GuestShard> shards;

    /** The enabled receive queues of each shard, for the other shards. */
    private final AtomicReferenceArray<ReceiveQueue[]> lendable;

    /** How often all queues have been closed. What a worker found out belongs to an epoch, and may be told late. */
    private final AtomicInteger epoch = new AtomicInteger();

    /** The last epoch in which memory was found gone: nobody runs into it again while that lasts. */
    private volatile int lostInEpoch = -1;

    /** Tells whether the memory that the front-end shared is still all there. Called on workers, after a fault. */
    @FunctionalInterface
    public interface MemoryCheck {
        boolean isWhole();

        /** Whether an access may have failed all the same: there are holes in it that could not be filled. */
        default boolean mayLackPages() {
            return false;
        }
    }

    /**
     * @param home the worker of the first queue pair, by its number in the domain
     * @param counters for each worker of the domain a row of its own
     */
    public GuestPort(
            String name,
            int queuePairs,
            int home,
            List<PortCounters> counters,
            PortListener listener,
            MemoryCheck memoryCheck) {
        this.name = name;
        this.queuePairs = queuePairs;
        this.home = home;
        this.listener = listener;
        this.memoryCheck = memoryCheck;
        this.lendable = new AtomicReferenceArray<>(counters.size());
        IntStream.range(0, counters.size()).forEach(worker -> lendable.set(worker, NONE));
        this.shards = IntStream.range(0, counters.size())
                .mapToObj(worker -> new GuestShard(this, worker, counters.get(worker)))
                .toList();
    }

    public String name() {
        return name;
    }

    public int queuePairs() {
        return queuePairs;
    }

    /** Most rings that a front-end may set up: two for each pair, and one for a control queue. */
    int rings() {
        return 2 * queuePairs + 1;
    }

    /** One for each worker of the domain. */
    public List<GuestShard> shards() {
        return shards;
    }

    /** The part of the port that one worker works. */
    public GuestShard shard(int worker) {
        return shards.get(worker);
    }

    /** The worker, by its number in the domain, that a queue belongs to. */
    public int workerOf(int queueIndex) {
        return (home + (queueIndex >>> 1)) % shards.size();
    }

    PortListener listener() {
        return listener;
    }

    boolean isShared() {
        return shards.size() > 1;
    }

    // From any worker.

    /** A shard's receive queues that may be borrowed from now on. */
    void lend(int worker, ReceiveQueue[] enabled) {
        lendable.set(worker, enabled);
    }

    /**
     * What the guest takes; all of its receive queues take the same. Without a queue everything: it is dropped, and need
     * not be finished for that.
     */
    int accepts() {
        for (int worker = 0; worker < lendable.length(); worker++) {
            ReceiveQueue[] enabled = lendable.get(worker);
            if (enabled.length > 0) {
                return enabled[0].setup().offloads();
            }
        }
        return Offload.ALL;
    }

    /** A receive queue of another shard, the same one for the same number while none is enabled or disabled. */
    @Nullable
    ReceiveQueue borrow(int number) {
        if (lostInEpoch == epoch.get()) {
            return null;
        }
        int all = 0;
        for (int worker = 0; worker < lendable.length(); worker++) {
            all += lendable.get(worker).length;
        }
        if (all == 0) {
            return null;
        }
        int left = number % all;
        for (int worker = 0; worker < lendable.length(); worker++) {
            ReceiveQueue[] enabled = lendable.get(worker);
            if (left < enabled.length) {
                return enabled[left];
            }
            left -= enabled.length;
        }
        return null; // fewer than a moment ago
    }

    /** The receive queue of a pair, whichever shard has it, if it is enabled. */
    @Nullable
    ReceiveQueue receiveQueueOf(int pair) {
        if (lostInEpoch == epoch.get()) {
            return null;
        }
        for (ReceiveQueue queue : lendable.get(workerOf(2 * pair))) {
            if (queue.setup().queueIndex() == 2 * pair) {
                return queue;
            }
        }
        return null;
    }

    boolean isMemoryWhole() {
        return memoryCheck.isWhole();
    }

    boolean mayLackPages() {
        return memoryCheck.mayLackPages();
    }

    void memoryLost(int inEpoch) {
        lostInEpoch = inEpoch;
        listener.onMemoryLost(inEpoch);
    }

    /** The number of the present epoch. */
    public int epoch() {
        return epoch.get();
    }

    /** All workers have closed all their queues, and touch no memory of this port until one is opened again. */
    public void endEpoch() {
        epoch.incrementAndGet();
    }
}
