package io.annulet.cli.demo;

import io.annulet.cli.CommandFailure;
import io.annulet.guest.DriverReceiveQueue;
import io.annulet.guest.DriverTransmitQueue;
import io.annulet.guest.FrameFactory;
import io.annulet.guest.TrafficChecker;

/** One way between two simulated guests, with the proof of what became of its frames; owned by the thread of both. */
final class Direction {

    /** Frames on their way at most, so that no receive ring of 256 buffers is ever full. */
    private static final int WINDOW = 192;

    private static final int BURST = 32;
    private static final int[] FRAME_BYTES = {64, 128, 256, 512, 1024, 1518};
    private static final int FLOW = 0;

    private final String name;
    private final DriverTransmitQueue from;
    private final DriverReceiveQueue to;
    private final long source;
    private final long destination;
    private FrameFactory frames;
    private TrafficChecker checker;

    Direction(String name, DriverTransmitQueue from, DriverReceiveQueue to, long source, long destination) {
        this.name = name;
        this.from = from;
        this.to = to;
        this.source = source;
        this.destination = destination;
        this.frames = new FrameFactory(destination, source, FLOW);
        this.checker = new TrafficChecker(destination, FLOW + 1);
    }

    /** Numbers and judges frames from now on; none may be on its way. */
    void beginAnew() {
        frames = new FrameFactory(destination, source, FLOW);
        checker = new TrafficChecker(destination, FLOW + 1);
    }

    /** Sends as many frames of mixed lengths as the window has room for, one burst at most. */
    void sendBurst() {
        long room = Math.min(BURST, WINDOW - inFlight());
        for (int i = 0; i < room && put(FRAME_BYTES[(int) (frames.sequence() % FRAME_BYTES.length)]); i++) {
            // Each is put into a buffer; the device is told once for all of them.
        }
        from.flush();
    }

    /** Sends one frame; without a buffer for it, none. */
    void sendOne(int byteLength) {
        put(byteLength);
        from.flush();
    }

    private boolean put(int byteLength) {
        long address = from.reserve();
        if (address == 0) {
            return false;
        }
        frames.write(address, byteLength);
        from.submit(byteLength);
        return true;
    }

    /** Takes and checks what has arrived; returns how many frames. */
    int receive() {
        return to.receive(checker, WINDOW);
    }

    long sent() {
        return frames.sequence();
    }

    long received() {
        return checker.frames();
    }

    long receivedBytes() {
        return checker.bytes();
    }

    long inFlight() {
        return sent() - received();
    }

    /** Whether the device is done with everything that was sent, whatever became of it. */
    boolean isIdle() {
        from.reclaim();
        return from.outstanding() == 0;
    }

    /** Throws if a frame was lost, came twice, late, damaged or at the wrong place. */
    void mustBeClean() {
        checker.closeFlow(FLOW, sent());
        if (!checker.isClean()) {
            throw new CommandFailure(
                    "frames " + name + ": of " + sent() + " sent came " + checker, "look at the drops in the counters");
        }
    }
}
