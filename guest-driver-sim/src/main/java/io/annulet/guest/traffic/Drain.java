package io.annulet.guest.traffic;

import io.annulet.guest.DriverReceiveQueue;
import io.annulet.guest.FrameHandler;
import io.annulet.guest.NetDriver;

/** Takes what a guest receives and forgets it; owned by its thread during the phase. */
final class Drain implements Duty {

    private static final int BATCH = 64;
    private static final FrameHandler FORGET = frame -> {};

    private final DriverReceiveQueue[] queues;

    Drain(NetDriver driver) {
        queues = Receiver.receiveQueues(driver);
    }

    @Override
    public int step(long nowNanos) {
        int received = 0;
        for (DriverReceiveQueue queue : queues) {
            received += queue.receive(FORGET, BATCH);
        }
        return received;
    }

    @Override
    public boolean isDone() {
        return true;
    }
}
