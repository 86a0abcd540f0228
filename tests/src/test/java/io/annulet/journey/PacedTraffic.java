package io.annulet.journey;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.guest.DriverReceiveQueue;
import io.annulet.guest.DriverTransmitQueue;
import io.annulet.guest.FrameFactory;
import io.annulet.guest.ReceivedFrame;
import io.annulet.guest.SimulatedGuest;
import io.annulet.guest.TrafficChecker;
import io.annulet.memory.HostMemory;
import java.time.Duration;
import java.util.function.IntUnaryOperator;
import org.HdrHistogram.Recorder;
import org.jspecify.annotations.Nullable;

/**
 * Frames both ways between two simulated guests, every byte checked, never more of them under way than a window: a
 * back-end that does its work loses none. What others send is passed over. Owned by the thread that owns both guests.
 */
public final class PacedTraffic {

    /** Well below the buffers of a receive queue, even if each frame takes several. */
    public static final int WINDOW = 16;

    private static final int MOST_UNDER_WAY = 1024;
    private static final int TURNS_BEFORE_PAUSE = 100;

    /** Locally administered addresses that no two guests of a test share. */
    public static long mac(int number) {
        return 0x02_00_00_00_00_00L + number;
    }

    private static final class Direction {
        final long fromMacWord;
        final FrameFactory frames;
        final TrafficChecker checker;
        final DriverTransmitQueue from;
        final DriverReceiveQueue to;

        /** When frames were sent, by their number: they come in the order in which they were sent. */
        final long[] sentNanos = new long[MOST_UNDER_WAY];

        Direction(int flow, long fromMac, long toMac, DriverTransmitQueue from, DriverReceiveQueue to) {
            this.fromMacWord = Long.reverseBytes(fromMac) >>> 16;
            this.frames = new FrameFactory(toMac, fromMac, flow);
            this.checker = new TrafficChecker(toMac, flow + 1);
            this.from = from;
            this.to = to;
        }

        int receive(int max, @Nullable Recorder latencies) {
            long before = checker.frames();
            int received = to.receive(this::check, max);
            if (latencies != null) {
                long now = System.nanoTime();
                for (long number = before; number < checker.frames(); number++) {
                    latencies.recordValue(now - sentNanos[(int) number & (MOST_UNDER_WAY - 1)]);
                }
            }
            return received;
        }

        /** A switch floods what others send as long as it does not know better. */
        private void check(ReceivedFrame frame) {
            if (frame.byteLength() >= FrameFactory.MIN_BYTE_LENGTH && source(frame.address()) == fromMacWord) {
                checker.onFrame(frame);
            }
        }

        private static long source(long frameAddress) {
            return HostMemory.loadLong(frameAddress) >>> 48
                    | (HostMemory.loadLong(frameAddress + 8) & 0xffff_ffffL) << 16;
        }

        long underWay() {
            return frames.sequence() - checker.frames();
        }

        void send(int window, long limit, IntUnaryOperator byteLengths) {
            boolean any = false;
            long now = System.nanoTime();
            while (underWay() < window && frames.sequence() < limit) {
                long address = from.reserve();
                if (address == 0) {
                    break;
                }
                int byteLength = byteLengths.applyAsInt((int) frames.sequence());
                sentNanos[(int) frames.sequence() & (MOST_UNDER_WAY - 1)] = now;
                frames.write(address, byteLength);
                from.submit(byteLength);
                any = true;
            }
            if (any) {
                from.flush();
            }
        }
    }

    private final int window;
    private final Direction forth;
    private final Direction back;
    private int idleTurns;
    private @Nullable Recorder latencies;

    public PacedTraffic(SimulatedGuest one, long oneMac, SimulatedGuest other, long otherMac, int window) {
        this.window = window;
        this.forth = new Direction(0, oneMac, otherMac, one.transmitQueue(0), other.receiveQueue(0));
        this.back = new Direction(1, otherMac, oneMac, other.transmitQueue(0), one.receiveQueue(0));
    }

    /**
     * Sends as many frames both ways, waits until all have come, and sees to it that each came once, in order and whole.
     *
     * @param byteLengths of the frames, by their number from 0 on over the whole life of this object
     */
    public void exchange(int frames, IntUnaryOperator byteLengths, Duration limit) {
        long target = forth.frames.sequence() + frames;
        long deadlineNanos = System.nanoTime() + limit.toNanos();
        while (forth.checker.frames() < target || back.checker.frames() < target) {
            if (System.nanoTime() - deadlineNanos >= 0) {
                throw new AssertionError("not all frames came in " + limit + ": " + this);
            }
            step(target, byteLengths);
        }
        assertClean();
    }

    /** One turn: sends what the window allows, up to a number of frames each way in all, and receives what has come. */
    public void step(long limit, IntUnaryOperator byteLengths) {
        forth.send(window, limit, byteLengths);
        back.send(window, limit, byteLengths);
        if (receive() > 0) {
            idleTurns = 0;
        } else if (++idleTurns > TURNS_BEFORE_PAUSE) {
            // The back-end may be waiting for this very processor.
            Pause.millis(1);
        }
    }

    /** Takes what has come, and sends nothing; returns how many frames that were. */
    public int receive() {
        return forth.receive(window, latencies) + back.receive(window, latencies);
    }

    /** From now on it is recorded how long frames take, in nanoseconds; there are never more than 1,024 under way. */
    public void record(Recorder recorder) {
        latencies = recorder;
    }

    /** Frames that were sent, both ways. */
    public long sent() {
        return forth.frames.sequence() + back.frames.sequence();
    }

    /** Frames that have come, both ways. */
    public long received() {
        return forth.checker.frames() + back.checker.frames();
    }

    /** That no frame was lost, repeated, changed or delivered out of turn, and that no ring was worked wrongly. */
    public void assertClean() {
        assertTrue(forth.checker.isClean() && back.checker.isClean(), this::toString);
        assertEquals(0, forth.to.violations().total() + back.to.violations().total(), this::toString);
        assertEquals(0, forth.from.violations().total() + back.from.violations().total(), this::toString);
    }

    @Override
    public String toString() {
        return "forth: sent " + forth.frames.sequence() + ", " + forth.checker + ", " + forth.to.violations()
                + "; back: sent " + back.frames.sequence() + ", " + back.checker + ", " + back.to.violations();
    }
}
