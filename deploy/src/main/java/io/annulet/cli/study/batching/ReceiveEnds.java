package io.annulet.cli.study.batching;

import io.annulet.cli.study.StudyFailure;
import io.annulet.memory.HostMemory;
import io.annulet.vring.ChainBurst;
import io.annulet.vring.DeviceHalf;
import io.annulet.vring.DriverHalf;

/** Both ends of a receive queue in one process: the device copies each frame in once, the driver looks at its start. */
final class ReceiveEnds implements AutoCloseable {

    private static final int BURST = 64;

    private final RingLayout layout;
    private final Bell call = new Bell();
    private final Bell answer = new Bell();
    private final Device device;
    private final Driver driver;

    ReceiveEnds(RingLayout layout, Policy policy, Latency latency) {
        this.layout = layout;
        this.driver = new Driver(latency, policy);
        this.device = new Device();
    }

    Sender sender() {
        return device;
    }

    Receiver receiver() {
        return driver;
    }

    /** Ends all sleeping. */
    void wake() {
        call.wake();
        answer.wake();
    }

    @Override
    public void close() {
        call.close();
        answer.close();
    }

    private final class Device implements Sender {

        private final DeviceHalf half = layout.deviceHalf();
        private final ChainBurst burst = new ChainBurst(BURST, 4 * BURST);
        private final long frame = layout.scratch(1);

        Device() {
            half.suppressKicks();
            TestFrame.writeHeader(frame);
        }

        @Override
        public int put(int frames, long firstNanos, long stepNanos) {
            int put = 0;
            while (put < frames) {
                burst.clear();
                int taken = half.take(burst, Math.min(frames - put, BURST));
                if (taken == DeviceHalf.BROKEN) {
                    throw new StudyFailure("the receive queue broke: " + half.fault());
                }
                if (taken == 0) {
                    break;
                }
                for (int i = 0; i < taken; i++) {
                    TestFrame.write(frame + TestFrame.HEADER_BYTES, firstNanos + (put + i) * stepNanos);
                    HostMemory.copy(frame, burst.segmentAddress(burst.firstSegment(i)), layout.bufferBytes());
                    half.giveBack(burst.head(i), layout.bufferBytes());
                }
                put += taken;
            }
            return put;
        }

        @Override
        public boolean publish() {
            return half.publishUsed();
        }

        @Override
        public void ring() {
            call.ring();
        }

        @Override
        public boolean awaitTaken(int frames) {
            answer.await();
            return true;
        }

        @Override
        public long calls() {
            return call.rings() + answer.waits();
        }

        @Override
        public long rings() {
            return call.rings();
        }
    }

    private final class Driver implements Receiver {

        private final DriverHalf half = layout.driverHalf();
        private final int[] bufferOfHead = new int[RingLayout.RING_SIZE];
        private final Latency latency;

        /** The sum of what was read, so that reading it is not left out. */
        private long seen;

        Driver(Latency latency, Policy policy) {
            this.latency = latency;
            if (policy.isAsked()) {
                half.suppressCalls();
            }
            for (int i = 0; i < RingLayout.RING_SIZE; i++) {
                offer(i);
            }
            half.publishAvail();
        }

        private void offer(int buffer) {
            bufferOfHead[half.offer(layout.guestAddress(buffer), layout.bufferBytes(), true)] = buffer;
        }

        @Override
        public int take(int max) {
            int taken = 0;
            long now = 0;
            while (taken < max) {
                int head = half.takeUsed();
                if (head < 0) {
                    break;
                }
                int buffer = bufferOfHead[head];
                long due = TestFrame.due(layout.hostAddress(buffer) + TestFrame.HEADER_BYTES);
                seen += due;
                if (latency.isWanted()) {
                    now = now == 0 ? System.nanoTime() : now;
                    latency.add(now - due);
                }
                offer(buffer);
                taken++;
            }
            if (taken > 0) {
                half.publishAvail();
            }
            return taken;
        }

        @Override
        public void askAndSleep() {
            if (!half.requestCalls(0)) {
                call.await();
            }
            half.suppressCalls();
        }

        @Override
        public void sleep() {
            call.await();
        }

        @Override
        public void answer() {
            answer.ring();
        }

        @Override
        public long calls() {
            return call.waits() + answer.rings() + (seen == Long.MIN_VALUE ? 1 : 0);
        }
    }
}
