package io.annulet.cli.study.batching;

import io.annulet.cli.study.StudyFailure;
import io.annulet.memory.HostMemory;
import io.annulet.vring.ChainBurst;
import io.annulet.vring.DeviceHalf;
import io.annulet.vring.DriverHalf;

/** Both ends of a transmit queue in one process: the driver sends, the device copies each frame out once. */
final class TransmitEnds implements AutoCloseable {

    private static final int BURST = 64;

    private final RingLayout layout;
    private final Bell kick = new Bell();
    private final Bell answer = new Bell();
    private final Driver driver;
    private final Device device;

    TransmitEnds(RingLayout layout, Policy policy, Latency latency) {
        this.layout = layout;
        this.driver = new Driver();
        this.device = new Device(latency, policy);
    }

    Sender sender() {
        return driver;
    }

    Receiver receiver() {
        return device;
    }

    /** Ends all sleeping. */
    void wake() {
        kick.wake();
        answer.wake();
    }

    @Override
    public void close() {
        kick.close();
        answer.close();
    }

    private final class Driver implements Sender {

        private final DriverHalf half = layout.driverHalf();
        private final int[] bufferOfHead = new int[RingLayout.RING_SIZE];
        private final int[] free = new int[RingLayout.RING_SIZE];
        private int freeCount = RingLayout.RING_SIZE;

        Driver() {
            for (int i = 0; i < free.length; i++) {
                free[i] = i;
            }
            half.suppressCalls();
        }

        @Override
        public int put(int frames, long firstNanos, long stepNanos) {
            if (freeCount < frames) {
                reclaim();
            }
            int put = Math.min(frames, freeCount);
            for (int i = 0; i < put; i++) {
                int buffer = free[--freeCount];
                long address = layout.hostAddress(buffer);
                TestFrame.writeHeader(address);
                TestFrame.write(address + TestFrame.HEADER_BYTES, firstNanos + i * stepNanos);
                int head = half.offer(layout.guestAddress(buffer), layout.bufferBytes(), false);
                bufferOfHead[head] = buffer;
            }
            return put;
        }

        private void reclaim() {
            int head = half.takeUsed();
            while (head >= 0) {
                free[freeCount++] = bufferOfHead[head];
                head = half.takeUsed();
            }
        }

        @Override
        public boolean publish() {
            return half.publishAvail();
        }

        @Override
        public void ring() {
            kick.ring();
        }

        @Override
        public boolean awaitTaken(int frames) {
            answer.await();
            return true;
        }

        @Override
        public long calls() {
            return kick.rings() + answer.waits();
        }

        @Override
        public long rings() {
            return kick.rings();
        }
    }

    private final class Device implements Receiver {

        private final DeviceHalf half = layout.deviceHalf();
        private final ChainBurst burst = new ChainBurst(BURST, 4 * BURST);
        private final long copies = layout.scratch(BURST);
        private final Latency latency;

        Device(Latency latency, Policy policy) {
            this.latency = latency;
            if (policy.isAsked()) {
                half.suppressKicks();
            }
        }

        @Override
        public int take(int max) {
            burst.clear();
            int taken = half.take(burst, Math.min(max, BURST));
            if (taken <= 0) {
                if (taken == DeviceHalf.BROKEN) {
                    throw new StudyFailure("the transmit queue broke: " + half.fault());
                }
                return 0;
            }
            long now = latency.isWanted() ? System.nanoTime() : 0;
            for (int i = 0; i < taken; i++) {
                long from = burst.segmentAddress(burst.firstSegment(i));
                HostMemory.copy(from, copies + (long) i * layout.bufferBytes(), layout.bufferBytes());
                if (now != 0) {
                    latency.add(now - TestFrame.due(from + TestFrame.HEADER_BYTES));
                }
                half.giveBack(burst.head(i), 0);
            }
            half.publishUsed();
            return taken;
        }

        @Override
        public void askAndSleep() {
            if (!half.requestKicks()) {
                kick.await();
            }
            half.suppressKicks();
        }

        @Override
        public void sleep() {
            kick.await();
        }

        @Override
        public void answer() {
            answer.ring();
        }

        @Override
        public long calls() {
            return kick.waits() + answer.rings();
        }
    }
}
