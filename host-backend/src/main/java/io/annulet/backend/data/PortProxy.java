package io.annulet.backend.data;

import io.annulet.backend.port.GuestPort;
import io.annulet.backend.port.GuestShard;
import io.annulet.linux.EventFd;
import io.annulet.memory.GuestMemory;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * How the control plane reaches a guest's port that several workers may work: what is about one queue goes to the worker
 * of that queue, what is about all of them to every worker. Used by the control thread.
 *
 * <p>Each method is one of {@link WorkerProxy}, and so is what {@code done} means. It is called once, on a worker's
 * thread, when all workers that were told have done the command. Since a queue is left under its lock, that is true for
 * workers that had borrowed it as well.
 */
public final class PortProxy {

    private final GuestPort port;
    private final List<WorkerProxy> workers;

    /** @param workers of the port's domain, as many as the port has shards */
    public PortProxy(GuestPort port, List<WorkerProxy> workers) {
        if (workers.size() != port.shards().size()) {
            throw new IllegalArgumentException(
                    workers.size() + " workers for " + port.shards().size() + " shards");
        }
        this.port = port;
        this.workers = List.copyOf(workers);
    }

    private WorkerProxy worker(int queueIndex) {
        return workers.get(port.workerOf(queueIndex));
    }

    private GuestShard shard(int queueIndex) {
        return port.shard(port.workerOf(queueIndex));
    }

    public void openQueue(QueueSetup setup, Runnable done) {
        worker(setup.queueIndex()).openQueue(shard(setup.queueIndex()), setup, done);
    }

    public void closeQueue(int queueIndex, LongConsumer done) {
        worker(queueIndex).closeQueue(shard(queueIndex), queueIndex, done);
    }

    public void enableQueue(int queueIndex, boolean enabled, Runnable done) {
        worker(queueIndex).enableQueue(shard(queueIndex), queueIndex, enabled, done);
    }

    public void replaceCall(int queueIndex, @Nullable EventFd call, Runnable done) {
        worker(queueIndex).replaceCall(shard(queueIndex), queueIndex, call, done);
    }

    public void replaceError(int queueIndex, @Nullable EventFd error, Runnable done) {
        worker(queueIndex).replaceError(shard(queueIndex), queueIndex, error, done);
    }

    /** Each worker moves its own queues, and has seen when it does that the memory before is gone. */
    public void replaceMemory(List<QueueSetup> moved, Runnable done) {
        Runnable oneDone = afterAll(done);
        for (int i = 0; i < workers.size(); i++) {
            int worker = i;
            List<QueueSetup> ofWorker = moved.stream()
                    .filter(setup -> port.workerOf(setup.queueIndex()) == worker)
                    .toList();
            workers.get(i).replaceMemory(port.shard(i), ofWorker, oneDone);
        }
    }

    /** No worker goes by what addresses meant before once {@code done} is called. */
    public void translateBy(GuestMemory memory, Runnable done) {
        Runnable oneDone = afterAll(done);
        for (int i = 0; i < workers.size(); i++) {
            workers.get(i).translateBy(port.shard(i), memory, oneDone);
        }
    }

    public void closeAllQueues(Runnable done) {
        Runnable oneDone = afterAll(() -> {
            port.endEpoch();
            done.run();
        });
        for (int i = 0; i < workers.size(); i++) {
            workers.get(i).closeAllQueues(port.shard(i), oneDone);
        }
    }

    /** All workers deliver by the new rules once {@code done} is called. */
    public void changeRules(ReceiveRules rules, Runnable done) {
        Runnable oneDone = afterAll(done);
        for (int i = 0; i < workers.size(); i++) {
            workers.get(i).changeRules(port.shard(i), rules, oneDone);
        }
    }

    public void changeCalls(int queueIndex, CallPolicy policy, Runnable done) {
        worker(queueIndex).changeCalls(shard(queueIndex), queueIndex, policy, done);
    }

    public void readStats(int queueIndex, Consumer<long[]> done) {
        worker(queueIndex).readStats(shard(queueIndex), queueIndex, done);
    }

    /** Of all workers, in the order of the rings' numbers. */
    public void readRings(Consumer<List<RingStanding>> done) {
        List<RingStanding> all = Collections.synchronizedList(new ArrayList<>());
        Runnable oneDone = afterAll(() -> {
            all.sort(Comparator.comparingInt(RingStanding::queueIndex));
            done.accept(List.copyOf(all));
        });
        for (int i = 0; i < workers.size(); i++) {
            workers.get(i).readRings(port.shard(i), found -> {
                all.addAll(found);
                oneDone.run();
            });
        }
    }

    /** Through the worker of the control queue, which is ring {@code queueIndex}. */
    public void answerCommand(int queueIndex, long ticket, byte[] answer) {
        worker(queueIndex).answerCommand(shard(queueIndex), ticket, answer);
    }

    public void holdQueues(Runnable done) {
        Runnable oneDone = afterAll(done);
        for (int i = 0; i < workers.size(); i++) {
            workers.get(i).holdQueues(port.shard(i), oneDone);
        }
    }

    public void releaseQueues(int[] passedChains, Runnable done) {
        Runnable oneDone = afterAll(done);
        for (int i = 0; i < workers.size(); i++) {
            workers.get(i).releaseQueues(port.shard(i), passedChains, oneDone);
        }
    }

    /** Through the worker of the first queue pair. */
    public void injectFrame(byte[] frame, Runnable done) {
        worker(0).injectFrame(shard(0), frame, done);
    }

    /**
     * If all workers of the port wait in the kernel, {@code then} is run on the thread of each as soon as it has waited.
     *
     * @return whether all wait; if not, {@code then} may be run sooner or later all the same
     */
    public boolean onceAwake(Runnable then) {
        return workers.stream().allMatch(worker -> worker.onceAwake(then));
    }

    private Runnable afterAll(Runnable done) {
        AtomicInteger left = new AtomicInteger(workers.size());
        return () -> {
            if (left.decrementAndGet() == 0) {
                done.run();
            }
        };
    }
}
