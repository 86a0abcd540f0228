package io.annulet.journey;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.guest.DriverReceiveQueue;
import io.annulet.guest.DriverTransmitQueue;
import io.annulet.guest.FrameFactory;
import io.annulet.guest.SimulatedGuest;
import io.annulet.guest.TrafficChecker;
import java.time.Duration;

/**
 * Frames both ways between two simulated guests over a back-end that may die at any moment: frames may be lost then, and are
 * counted, but none may come twice, late, changed or at the wrong place. Owned by the thread that owns both guests.
 */
final class RestartTraffic {

    /** Frames under way each way: several bursts, and well below the buffers of a receive queue. */
    private static final int WINDOW = 128;

    private static final int TURNS_BEFORE_PAUSE = 50;
    private static final Duration LIMIT = Duration.ofSeconds(60);

    private static final class Direction {
        final int flow;
        final FrameFactory frames;
        final TrafficChecker checker;
        final DriverTransmitQueue from;
        final DriverReceiveQueue to;
        long lost;

        Direction(int flow, long fromMac, long toMac, DriverTransmitQueue from, DriverReceiveQueue to) {
            this.flow = flow;
            this.frames = new FrameFactory(toMac, fromMac, flow);
            this.checker = new TrafficChecker(toMac, flow + 1);
            this.from = from;
            this.to = to;
        }

        int receive() {
            return to.receive(checker, WINDOW);
        }

        void send() {
            boolean any = false;
            while (frames.sequence() - checker.nextSequence(flow) < WINDOW) {
                long address = from.reserve();
                if (address == 0) {
                    break;
                }
                int byteLength = 60 + (int) (frames.sequence() % 1459);
                frames.write(address, byteLength);
                from.submit(byteLength);
                any = true;
            }
            if (any) {
                from.flush();
            }
        }

        boolean isQuiet() {
            from.reclaim();
            return from.outstanding() == 0;
        }

        /** Frames lost since the last time. All that were sent have been given back, so none is under way. */
        long takeLost() {
            while (receive() > 0) {
                // on to the last one
            }
            checker.closeFlow(flow, frames.sequence());
            long now = checker.lost();
            long since = now - lost;
            lost = now;
            return since;
        }

        void assertNothingWrong() {
            assertEquals(0, checker.duplicated(), () -> "duplicates: " + checker);
            assertEquals(0, checker.reordered() + checker.stale(), () -> "out of order: " + checker);
            assertEquals(0, checker.corrupted() + checker.misdelivered(), () -> "changed or astray: " + checker);
            assertEquals(
                    0,
                    to.violations().total() + from.violations().total(),
                    () -> "rings: " + to.violations() + ", " + from.violations());
        }
    }

    private final Direction forth;
    private final Direction back;
    private int idleTurns;

    RestartTraffic(SimulatedGuest one, SimulatedGuest other) {
        long oneMac = PacedTraffic.mac(0x5e01);
        long otherMac = PacedTraffic.mac(0x5e02);
        forth = new Direction(0, oneMac, otherMac, one.transmitQueue(0), other.receiveQueue(0));
        back = new Direction(1, otherMac, oneMac, other.transmitQueue(0), one.receiveQueue(0));
    }

    /** One turn: sends what the windows allow, and receives what has come. Returns how many frames that was. */
    int step() {
        forth.send();
        back.send();
        int received = forth.receive() + back.receive();
        if (received > 0) {
            idleTurns = 0;
        } else if (++idleTurns > TURNS_BEFORE_PAUSE) {
            Pause.millis(1);
        }
        return received;
    }

    /** Goes on until so many frames more have come each way. */
    void run(long frames) {
        long forthTarget = forth.checker.frames() + frames;
        long backTarget = back.checker.frames() + frames;
        long deadlineNanos = System.nanoTime() + LIMIT.toNanos();
        while (forth.checker.frames() < forthTarget || back.checker.frames() < backTarget) {
            step();
            assertTrue(System.nanoTime() - deadlineNanos < 0, () -> "no frames come any more: " + this);
        }
    }

    /** Waits until nothing is under way, and returns how many frames each way were lost since the last time. */
    long[] settle() {
        Pause.until("all frames are given back", LIMIT, () -> {
            forth.receive();
            back.receive();
            return forth.isQuiet() && back.isQuiet();
        });
        long[] lost = {forth.takeLost(), back.takeLost()};
        assertNothingWrong();
        return lost;
    }

    /** That no frame came twice, out of order, changed or astray. */
    void assertNothingWrong() {
        forth.assertNothingWrong();
        back.assertNothingWrong();
    }

    long received() {
        return forth.checker.frames() + back.checker.frames();
    }

    @Override
    public String toString() {
        return "forth: sent " + forth.frames.sequence() + ", " + forth.checker + "; back: sent "
                + back.frames.sequence() + ", " + back.checker;
    }
}
