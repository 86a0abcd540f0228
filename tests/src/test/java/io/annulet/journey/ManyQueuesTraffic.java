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
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.BooleanSupplier;

/**
 * Frames from all transmit queues of one simulated guest to another, each queue a flow of its own, every byte checked;
 * owned by the thread that owns both guests. A flow has no more frames under way than a window, lost ones not counted.
 */
public final class ManyQueuesTraffic {

    static final int WINDOW = 16;

    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final int SHORTEST = 60;
    private static final int LONGEST = 1518;
    private static final int RECEIVE_BURST = 64;

    private final long fromMacWord;
    private final SimulatedGuest from;
    private final SimulatedGuest to;
    private final List<FrameFactory> flows = new ArrayList<>();
    private final TrafficChecker checker;
    private final long[] received;
    private final boolean[] paused;

    public ManyQueuesTraffic(SimulatedGuest from, long fromMac, SimulatedGuest to, long toMac) {
        this.from = from;
        this.to = to;
        this.fromMacWord = Long.reverseBytes(fromMac) >>> 16;
        int pairs = from.driver().queuePairs();
        for (int flow = 0; flow < pairs; flow++) {
            flows.add(new FrameFactory(toMac, fromMac, flow));
        }
        this.checker = new TrafficChecker(toMac, pairs);
        this.received = new long[pairs];
        this.paused = new boolean[pairs];
    }

    /** Turns until something is so; what the back-end does meanwhile is waited for by looking, and seldom by sleeping. */
    static void turnUntil(BooleanSupplier reached, Runnable send, ManyQueuesTraffic... directions) {
        long deadlineNanos = System.nanoTime() + LIMIT.toNanos();
        int idleTurns = 0;
        while (!reached.getAsBoolean()) {
            assertTrue(System.nanoTime() - deadlineNanos < 0, () -> "not reached: " + directions[0]);
            send.run();
            int received = 0;
            for (ManyQueuesTraffic direction : directions) {
                received += direction.receive();
            }
            idleTurns = received > 0 ? 0 : idleTurns + 1;
            if (idleTurns > 100) {
                Pause.millis(1);
            }
        }
    }

    /** Sends so many frames at least on every queue, both ways, and waits until all have come. */
    public static void exchange(ManyQueuesTraffic forth, ManyQueuesTraffic back, long framesOnEach) {
        long forthTarget = forth.sentOnEach() + framesOnEach;
        long backTarget = back.sentOnEach() + framesOnEach;
        turnUntil(
                () -> forth.sentOnEach() >= forthTarget && back.sentOnEach() >= backTarget,
                () -> {
                    forth.send(WINDOW);
                    back.send(WINDOW);
                },
                forth,
                back);
        turnUntil(() -> forth.isQuiet() && back.isQuiet(), () -> {}, forth, back);
    }

    /**
     * Sends on every flow, both ways, until something has come on each: whoever is between the two may still be enabling its
     * queues, and what it sends from a queue that is not enabled yet is discarded, as vhost-user asks for. What is on its way
     * then has addresses of its own, and so is of no interest to others.
     */
    public static void awaitEveryFlow(SimulatedGuest one, SimulatedGuest other) {
        ManyQueuesTraffic forth = new ManyQueuesTraffic(one, PacedTraffic.mac(0xf1), other, PacedTraffic.mac(0xf2));
        ManyQueuesTraffic back = new ManyQueuesTraffic(other, PacedTraffic.mac(0xf2), one, PacedTraffic.mac(0xf1));
        turnUntil(
                () -> forth.hasComeOnEach() && back.hasComeOnEach(),
                () -> {
                    Pause.millis(1);
                    forth.sendOneOnEach();
                    back.sendOneOnEach();
                },
                forth,
                back);
    }

    /** Sends one more frame on each flow that has lost a whole window: it tells that those before it will not come. */
    void resumeLostFlows() {
        for (int flow = 0; flow < flows.size(); flow++) {
            long waiting = flows.get(flow).sequence() - received[flow];
            if (waiting >= WINDOW) {
                send(flow, (int) waiting + 1, 1);
            }
        }
    }

    private boolean hasComeOnEach() {
        return Arrays.stream(received).allMatch(count -> count > 0);
    }

    private void sendOneOnEach() {
        for (int flow = 0; flow < flows.size(); flow++) {
            long sent = flows.get(flow).sequence();
            send(flow, (int) (sent - received[flow]) + 1, 1);
        }
    }

    /** A queue that is paused sends nothing more. */
    void pause(int pair, boolean on) {
        paused[pair] = on;
    }

    /** Sends on every queue until its window is full. */
    void send(int window) {
        for (int flow = 0; flow < flows.size(); flow++) {
            if (!paused[flow]) {
                send(flow, window, window);
            }
        }
    }

    private void send(int flow, int window, int atMost) {
        FrameFactory frames = flows.get(flow);
        DriverTransmitQueue queue = from.transmitQueue(flow);
        for (int i = 0; i < atMost && frames.sequence() - received[flow] < window; i++) {
            long address = queue.reserve();
            if (address == 0) {
                break;
            }
            int byteLength = SHORTEST + (int) (frames.sequence() * 37 % (LONGEST - SHORTEST + 1));
            frames.write(address, byteLength);
            queue.submit(byteLength);
        }
        queue.flush();
    }

    /** Looks at every receive queue; returns how many frames were there, those that others have flooded included. */
    int receive() {
        int frames = 0;
        for (int pair = 0; pair < to.driver().queuePairs(); pair++) {
            frames += to.receiveQueue(pair).receive(this::check, RECEIVE_BURST);
        }
        return frames;
    }

    private void check(ReceivedFrame frame) {
        long at = frame.address();
        long source = HostMemory.loadLong(at) >>> 48 | (HostMemory.loadLong(at + 8) & 0xffff_ffffL) << 16;
        if (source != fromMacWord) {
            return;
        }
        checker.onFrame(frame);
        int flow = HostMemory.loadShortUnaligned(at + 14);
        if (flow < received.length) {
            // A later frame tells that those before it will not come, so they are not waited for.
            received[flow] = Math.max(received[flow], HostMemory.loadLong(at + 16) + 1);
        }
    }

    /** Whether all that was sent has come, or a later frame of its flow. */
    boolean isQuiet() {
        for (int flow = 0; flow < received.length; flow++) {
            if (received[flow] < flows.get(flow).sequence()) {
                return false;
            }
        }
        return true;
    }

    /** Frames that are under way are not waited for any more. */
    void forgetUnderWay() {
        for (int flow = 0; flow < received.length; flow++) {
            received[flow] = flows.get(flow).sequence();
        }
    }

    long sent() {
        return flows.stream().mapToLong(FrameFactory::sequence).sum();
    }

    /** Frames of each flow that were sent at least. */
    long sentOnEach() {
        return flows.stream().mapToLong(FrameFactory::sequence).min().orElse(0);
    }

    /** What came, flow by flow; flows that lost their last frames are closed before. */
    TrafficChecker checker() {
        return checker;
    }

    void closeFlows() {
        for (int flow = 0; flow < flows.size(); flow++) {
            checker.closeFlow(flow, flows.get(flow).sequence());
        }
    }

    /** That the back-end worked no ring wrongly. */
    void assertNoViolations() {
        for (int pair = 0; pair < from.driver().queuePairs(); pair++) {
            assertEquals(0, from.transmitQueue(pair).violations().total(), "transmit queue " + pair);
        }
        for (int pair = 0; pair < to.driver().queuePairs(); pair++) {
            DriverReceiveQueue queue = to.receiveQueue(pair);
            assertEquals(
                    0,
                    queue.violations().total(),
                    () -> "receive queue of " + queue.vring().index());
        }
    }

    /** That every frame that was sent came, once, whole and in its flow's order. */
    public void assertClean() {
        closeFlows();
        assertTrue(checker.isClean(), this::toString);
        assertEquals(sent(), checker.frames(), this::toString);
        assertNoViolations();
    }

    @Override
    public String toString() {
        return "sent " + sent() + ", " + checker;
    }
}
