package io.annulet.cli.study.batching;

import io.annulet.cli.study.StudyFailure;
import io.annulet.cli.study.ThreadMeter;
import io.annulet.linux.Cpus;
import java.time.Duration;
import java.util.BitSet;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;

/** A thread that does one thing under a meter, on a processor of its own where there are two. */
final class MeasuredThread {

    private static final Duration PATIENCE = Duration.ofSeconds(10);

    private final Thread thread;
    private final CountDownLatch ready = new CountDownLatch(1);
    private final CountDownLatch go = new CountDownLatch(1);
    private volatile ThreadMeter.@Nullable Reading used;
    private volatile @Nullable Throwable failure;

    /**
     * Starts the thread, which waits for {@link #go}.
     *
     * @param counting whether system calls are counted, which makes each slower
     */
    MeasuredThread(String name, int processor, boolean counting, Runnable body) {
        thread = Thread.ofPlatform().name(name).daemon().start(() -> run(processor, counting, body));
    }

    /** The processor of this number among those we may use, or -1 if there are not two. */
    static int processor(int number) {
        BitSet available = Cpus.available();
        return available.cardinality() < 2
                ? -1
                : available.stream().skip(number).findFirst().orElse(-1);
    }

    private void run(int processor, boolean counting, Runnable body) {
        int threadId = Cpus.currentThreadId();
        try (ThreadMeter meter = counting ? ThreadMeter.ofSystemCalls(threadId) : ThreadMeter.of(threadId)) {
            if (processor >= 0) {
                Cpus.pinCurrentThread(processor);
            }
            ready.countDown();
            go.await();
            ThreadMeter.Reading before = meter.read();
            body.run();
            used = meter.read().since(before);
        } catch (Throwable e) {
            failure = e;
        } finally {
            ready.countDown();
        }
    }

    void awaitReady() throws InterruptedException {
        ready.await();
    }

    void go() {
        go.countDown();
    }

    /** What the thread used, once it has ended; a failure if it does not, or failed itself. */
    ThreadMeter.Reading join() throws InterruptedException {
        thread.join(PATIENCE);
        Throwable problem = failure;
        if (problem != null) {
            throw new StudyFailure(thread.getName() + ": " + problem.getMessage(), problem);
        }
        ThreadMeter.Reading reading = used;
        if (reading == null) {
            throw new StudyFailure("the " + thread.getName() + " does not end: it waits for what does not come");
        }
        return reading;
    }
}
