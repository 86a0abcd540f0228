package io.annulet.backend.data;

import org.agrona.ErrorHandler;
import org.agrona.concurrent.AgentRunner;

/** A worker on a thread of its own, for tests; started and closed by the test's thread. */
public final class RunningWorker implements AutoCloseable {

    private static final int WAKE_MILLIS = 20;

    private final WorkerProxy proxy;
    private final AgentRunner runner;
    private final Thread thread;

    public RunningWorker(Worker worker, PollMode mode, ErrorHandler errors) {
        proxy = new WorkerProxy(worker);
        runner = new AgentRunner(new WorkerIdle(worker, mode), errors, null, worker);
        thread = AgentRunner.startOnThread(runner);
    }

    public WorkerProxy proxy() {
        return proxy;
    }

    Thread thread() {
        return thread;
    }

    /** A worker that sleeps does not see that it is to end, so it is woken. */
    @Override
    public void close() {
        runner.close(WAKE_MILLIS, sleeper -> proxy.wake());
    }
}
