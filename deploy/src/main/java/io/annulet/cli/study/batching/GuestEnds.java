package io.annulet.cli.study.batching;

import io.annulet.cli.study.StudyFailure;
import io.annulet.guest.DriverReceiveQueue;
import io.annulet.guest.DriverTransmitQueue;
import io.annulet.guest.FrameHandler;
import io.annulet.guest.ReceivedFrame;
import io.annulet.guest.SimulatedGuest;
import java.util.concurrent.TimeUnit;

/** The guest's ends of its queues, as sender and as receiver; the other ends are with a back-end. */
final class GuestEnds {

    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(3);

    /** A sleeping receiver looks this often whether the measurement is over. */
    private static final long NAP_NANOS = TimeUnit.MILLISECONDS.toNanos(5);

    /** Waiting for a call is a poll and, when one came, a read. */
    private static final int CALLS_OF_A_WAIT = 2;

    private GuestEnds() {}

    static final class GuestSender implements Sender {

        private final DriverTransmitQueue queue;
        private final int frameBytes;
        private final boolean kicksItself;
        private long waits;

        /** @param kicksItself whether publishing kicks as the back-end asks, so that ringing has nothing to do */
        GuestSender(SimulatedGuest guest, int frameBytes, boolean kicksItself) {
            this.queue = guest.transmitQueue(0);
            this.frameBytes = frameBytes;
            this.kicksItself = kicksItself;
        }

        @Override
        public int put(int frames, long firstNanos, long stepNanos) {
            for (int i = 0; i < frames; i++) {
                long address = queue.reserve();
                if (address == 0) {
                    return i;
                }
                TestFrame.write(address, firstNanos + i * stepNanos);
                queue.submit(frameBytes);
            }
            return frames;
        }

        @Override
        public boolean publish() {
            return queue.flush();
        }

        @Override
        public void ring() {
            if (!kicksItself) {
                queue.vring().kick();
            }
        }

        @Override
        public boolean awaitTaken(int frames) {
            long deadline = System.nanoTime() + PATIENCE_NANOS;
            queue.reclaim();
            while (queue.outstanding() > 0) {
                waits++;
                queue.awaitUsed(queue.outstanding(), NAP_NANOS);
                queue.reclaim();
                if (System.nanoTime() > deadline) {
                    throw new StudyFailure("the back-end keeps " + queue.outstanding() + " of " + frames
                            + " frames and gives none back for "
                            + TimeUnit.NANOSECONDS.toSeconds(PATIENCE_NANOS) + " s");
                }
            }
            return true;
        }

        @Override
        public long calls() {
            return rings() + CALLS_OF_A_WAIT * waits;
        }

        @Override
        public long rings() {
            return queue.vring().kicks();
        }
    }

    static final class GuestReceiver implements Receiver, FrameHandler {

        private final DriverReceiveQueue queue;
        private final EndPort end;
        private final Latency latency;
        private long waits;
        private long nowNanos;
        private long received;

        GuestReceiver(SimulatedGuest guest, EndPort end, Latency latency) {
            this.queue = guest.receiveQueue(0);
            this.end = end;
            this.latency = latency;
        }

        @Override
        public int take(int max) {
            nowNanos = latency.isWanted() ? System.nanoTime() : 0;
            int taken = queue.receive(this, max);
            if (taken > 0) {
                received += taken;
                end.received(received);
            }
            return taken;
        }

        @Override
        public void onFrame(ReceivedFrame frame) {
            if (nowNanos != 0) {
                latency.add(nowNanos - TestFrame.due(frame.pieceAddress(0)));
            }
        }

        @Override
        public void askAndSleep() {
            sleepUntil(1);
        }

        @Override
        public void sleep() {
            sleepUntil(1);
        }

        @Override
        public void sleepUntil(int frames) {
            waits++;
            queue.awaitUsed(frames, NAP_NANOS);
        }

        /** Asks the end for another batch. */
        void order(int frames) {
            end.trigger().add(frames);
        }

        @Override
        public void answer() {}

        @Override
        public long calls() {
            return CALLS_OF_A_WAIT * waits;
        }

        /** How often the back-end called. */
        long called() {
            return queue.vring().calls();
        }
    }
}
