package io.annulet.cli.study.batching;

import java.util.concurrent.TimeUnit;
import java.util.function.IntConsumer;

/** What sender and receiver do until they are told to stop; each loop is run by the thread that owns its end. */
final class Loops {

    private static final int BURST = 64;

    private static final int HALF_RING = RingLayout.RING_SIZE / 2;

    /** How long a receiver polls on before it sleeps; the same as a worker does. */
    private static final long POLL_NANOS = TimeUnit.MICROSECONDS.toNanos(50);

    private volatile boolean stopped;

    /** Written by the receiving thread, read after it has ended. */
    private long received;

    /** Likewise by the sending thread. */
    private long sent;

    private final BatchTimes batchTimes = new BatchTimes();
    private long sendingNanos;
    private long receivingNanos;

    // Of the sending thread: frames shown since the last notification, and when that was.
    private int unnotified;
    private long lastRingNanos;

    void stop() {
        stopped = true;
    }

    boolean isStopped() {
        return stopped;
    }

    long received() {
        return received;
    }

    long sent() {
        return sent;
    }

    /** How long the sending thread was at it, or the receiving one where that is the only one. */
    long nanos() {
        return sendingNanos != 0 ? sendingNanos : receivingNanos;
    }

    /** The median time of a batch in lock-step for each of its frames; NaN where there was none. */
    double typicalNanos(int batch) {
        return batchTimes.medianNanos() / batch;
    }

    /**
     * Has the back-end read every buffer of the ring once, unmeasured: the first access to a page of guest memory costs many
     * times what a frame does.
     */
    void touchAllBuffers(Sender sender) {
        for (int half = 0; half < 2 && !stopped; half++) {
            int put = 0;
            while (put < HALF_RING && !stopped) {
                put += sender.put(HALF_RING - put, System.nanoTime(), 0);
            }
            sender.publish();
            sender.ring();
            sender.awaitTaken(HALF_RING);
        }
    }

    /** Has it write every buffer once, likewise. */
    void touchAllBuffers(Receiver receiver, IntConsumer order) {
        for (int half = 0; half < 2 && !stopped; half++) {
            order.accept(HALF_RING);
            take(receiver, HALF_RING);
        }
    }

    /** Offers a batch, notifies, sleeps until it was taken, and so on. */
    void sendInLockStep(Sender sender, int batch) {
        long began = System.nanoTime();
        long batchBegan = began;
        while (!stopped) {
            int put = 0;
            while (put < batch && !stopped) {
                put += sender.put(batch - put, began, 0);
            }
            sender.publish();
            sender.ring();
            if (!sender.awaitTaken(batch) || stopped) {
                break;
            }
            sent += batch;
            long now = System.nanoTime();
            batchTimes.add(now - batchBegan);
            batchBegan = now;
        }
        sendingNanos = System.nanoTime() - began;
    }

    /** Sleeps until a batch is notified, takes all of it, answers, and so on. */
    void receiveInLockStep(Receiver receiver, int batch) {
        while (!stopped) {
            receiver.sleep();
            int taken = 0;
            while (taken < batch && !stopped) {
                taken += receiver.take(batch - taken);
            }
            received += taken;
            receiver.answer();
        }
    }

    /**
     * Sends as fast as there is room, or at a rate.
     *
     * @param stepNanos between two frames; 0 for as fast as possible
     */
    void send(Sender sender, Policy policy, int batch, long stepNanos) {
        long began = System.nanoTime();
        lastRingNanos = began;
        int unit = policy == Policy.COUNT || policy == Policy.TIME ? 1 : batch;
        while (!stopped) {
            long due = began + sent * stepNanos;
            if (stepNanos > 0) {
                awaitDue(sender, policy, batch, due + (unit - 1) * stepNanos);
            }
            int put = putUnit(sender, policy, unit, due, stepNanos);
            sent += put;
            unnotified += put;
            if (put < unit) {
                // No room: what was not notified yet has to be now, or both sides wait for ever.
                ringIf(sender, coalesces(policy) && unnotified > 0);
                Thread.onSpinWait();
            } else {
                ringIf(sender, policy == Policy.COUNT && unnotified >= batch);
                ringIf(sender, policy == Policy.TIME && isTime(batch));
            }
        }
        sendingNanos = System.nanoTime() - began;
    }

    private static boolean coalesces(Policy policy) {
        return policy == Policy.COUNT || policy == Policy.TIME;
    }

    private void ringIf(Sender sender, boolean due) {
        if (due) {
            sender.ring();
            unnotified = 0;
            lastRingNanos = System.nanoTime();
        }
    }

    private boolean isTime(int micros) {
        return unnotified > 0 && System.nanoTime() - lastRingNanos >= TimeUnit.MICROSECONDS.toNanos(micros);
    }

    /** Puts a unit in, shows it, and notifies where that is done at once; how many there was room for. */
    private static int putUnit(Sender sender, Policy policy, int unit, long due, long stepNanos) {
        if (policy == Policy.EACH) {
            for (int i = 0; i < unit; i++) {
                if (sender.put(1, due + i * stepNanos, 0) == 0) {
                    return i;
                }
                sender.publish();
                sender.ring();
            }
            return unit;
        }
        int put = sender.put(unit, due, stepNanos);
        if (put > 0 && sender.publish() && policy.isAsked()) {
            sender.ring();
        }
        return put;
    }

    /** Waits until a unit is due; meanwhile the timer may notify of earlier ones. */
    private void awaitDue(Sender sender, Policy policy, int batch, long dueNanos) {
        while (!stopped && System.nanoTime() < dueNanos) {
            ringIf(sender, policy == Policy.TIME && isTime(batch));
            Thread.onSpinWait();
        }
    }

    /** The receiver orders a batch, sleeps until it is there, takes it, and so on. */
    void order(Receiver receiver, int batch, Runnable order) {
        long began = System.nanoTime();
        long batchBegan = began;
        while (!stopped) {
            order.run();
            int taken = take(receiver, batch);
            received += taken;
            long now = System.nanoTime();
            if (taken >= batch) {
                batchTimes.add(now - batchBegan);
            }
            batchBegan = now;
        }
        receivingNanos = System.nanoTime() - began;
    }

    /**
     * Sleeps and takes until as many have come. One that wakes early asks for the rest only: asking for a whole batch again, it
     * would sleep on behind the last frame.
     */
    private int take(Receiver receiver, int frames) {
        int taken = 0;
        while (taken < frames && !stopped) {
            receiver.sleepUntil(frames - taken);
            int here = receiver.take(frames);
            while (here > 0) {
                taken += here;
                here = receiver.take(frames);
            }
        }
        return taken;
    }

    /** Takes what comes; without anything to take it waits as the policy says. */
    void receive(Receiver receiver, Policy policy) {
        long began = System.nanoTime();
        long idleSince = 0;
        while (!stopped) {
            int taken = receiver.take(BURST);
            received += taken;
            if (taken > 0) {
                idleSince = 0;
            } else if (policy == Policy.POLL) {
                Thread.onSpinWait();
            } else if (policy == Policy.ADAPTIVE) {
                idleSince = pollOn(receiver, idleSince);
            } else if (policy.isAsked()) {
                receiver.askAndSleep();
            } else {
                receiver.sleep();
            }
        }
        receivingNanos = System.nanoTime() - began;
    }

    private static long pollOn(Receiver receiver, long idleSince) {
        long now = System.nanoTime();
        if (idleSince == 0) {
            return now;
        }
        if (now - idleSince < POLL_NANOS) {
            Thread.onSpinWait();
            return idleSince;
        }
        receiver.askAndSleep();
        return 0;
    }
}
