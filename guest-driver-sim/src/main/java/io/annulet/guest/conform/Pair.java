package io.annulet.guest.conform;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The guest under test and its peer on the other port, with frames between them; used by one thread. */
final class Pair {

    private static final int ATTEMPTS = 5;
    /** A switch may take longer than anything else to see a port come up. */
    private static final int WARM_UP_WAITS = 2;

    private static final int WARM_UP_ATTEMPTS = 100;

    /** What a check that breaks off here expected: then no other rule can be tried with frames either. */
    static final String TRAFFIC = "frames go between two ports";

    private final Trial trial;
    private final ProbeGuest tested;
    private final ProbeGuest peer;
    private long number;
    private int fromTested;

    Pair(Trial trial, ProbeGuest tested, ProbeGuest peer) {
        this.trial = trial;
        this.tested = tested;
        this.peer = peer;
    }

    ProbeGuest tested() {
        return tested;
    }

    ProbeGuest peer() {
        return peer;
    }

    /** How many frames the tested guest was made to send by this pair so far. */
    int fromTestedSoFar() {
        return fromTested;
    }

    /** The next frame from the tested guest to its peer; the caller sends it. */
    byte[] frameFromTested(int byteLength) {
        return TestFrames.frame(tested.port(), peer.port(), number++, byteLength);
    }

    byte[] frameToTested(int byteLength) {
        return TestFrames.frame(peer.port(), tested.port(), number++, byteLength);
    }

    /**
     * Sends until frames arrive: a switch may need a while to see that a port came up. In the receiving direction only
     * where the tested guest has receive buffers.
     */
    void warmUp() {
        long warmUpNanos = WARM_UP_WAITS * trial.limits().waitNanos();
        long attemptNanos = warmUpNanos / WARM_UP_ATTEMPTS;
        long endNanos = System.nanoTime() + warmUpNanos;
        boolean sends = false;
        boolean receives = tested.setup().receiveBuffers() == 0;
        while (!(sends && receives)) {
            Stop.unless(
                    System.nanoTime() < endNanos,
                    TRAFFIC,
                    "no frame went " + (sends ? "to" : "from") + " the tested port within "
                            + Trial.seconds(warmUpNanos));
            if (!sends) {
                sends = attempt(tested, peer, tested.frames()::offer, TestFrames.MIN_BYTE_LENGTH, attemptNanos) != null;
            }
            if (!receives) {
                receives =
                        attempt(peer, tested, peer.frames()::offer, TestFrames.MIN_BYTE_LENGTH, attemptNanos) != null;
            }
        }
    }

    /** Sends a frame from the tested guest and sees it arrive as it was. */
    void deliverFromTested(int byteLength) {
        deliverFromTested(byteLength, tested.frames()::offer);
    }

    /** The same, offered in a way of its own. */
    void deliverFromTested(int byteLength, Consumer<byte[]> offer) {
        deliver(tested, peer, offer, byteLength);
    }

    /** Sends a frame from the tested guest once; whether it arrives. */
    boolean arrivesAtOnce(int byteLength, Consumer<byte[]> offer) {
        return attempt(tested, peer, offer, byteLength, trial.limits().waitNanos() / ATTEMPTS) != null;
    }

    /** Sends a frame to the tested guest once, and lets it arrive or not. */
    void sendToTested(int byteLength) {
        attempt(peer, tested, peer.frames()::offer, byteLength, trial.limits().quietNanos());
    }

    /** Sends a frame to the tested guest and sees it arrive as it was. */
    Received deliverToTested(int byteLength) {
        return deliver(peer, tested, peer.frames()::offer, byteLength);
    }

    /** Networks may lose a frame, so it is sent again, with another number, a few times. */
    private Received deliver(ProbeGuest from, ProbeGuest to, Consumer<byte[]> offer, int byteLength) {
        long attemptNanos = trial.limits().waitNanos() / ATTEMPTS;
        for (int i = 0; i < ATTEMPTS; i++) {
            Received received = attempt(from, to, offer, byteLength, attemptNanos);
            if (received != null) {
                return received;
            }
        }
        throw Stop.broken(
                "a frame of " + byteLength + " bytes goes " + direction(from),
                "none of " + ATTEMPTS + " arrived within " + Trial.seconds(attemptNanos) + " each");
    }

    private String direction(ProbeGuest from) {
        return from == tested ? "from the tested port to its peer" : "to the tested port";
    }

    private @Nullable Received attempt(
            ProbeGuest from, ProbeGuest to, Consumer<byte[]> offer, int byteLength, long timeoutNanos) {
        trial.await(
                "the device gives transmit buffers back", () -> from.frames().hasRoom());
        byte[] frame = TestFrames.frame(from.port(), to.port(), number++, byteLength);
        offer.accept(frame);
        fromTested += from == tested ? 1 : 0;
        from.frames().flush();
        return awaitFrame(to, frame, timeoutNanos);
    }

    /** Waits for a frame, reading over others; null if it does not come. */
    @Nullable
    Received awaitFrame(ProbeGuest at, byte[] frame, long timeoutNanos) {
        long wanted = TestFrames.number(frame);
        List<Received> found = new ArrayList<>();
        trial.comesTrue(timeoutNanos, () -> {
            for (Received received = at.poll(); received != null; received = at.poll()) {
                if (TestFrames.isOurs(received.frame()) && TestFrames.number(received.frame()) == wanted) {
                    found.add(received);
                    return true;
                }
            }
            return false;
        });
        if (found.isEmpty()) {
            return null;
        }
        String difference = TestFrames.difference(frame, found.getFirst().frame());
        Stop.unless(difference.isEmpty(), "the frame that was sent", difference);
        return found.getFirst();
    }

    /** Ends the check as broken if the frame with this number arrives. */
    void neverArrives(ProbeGuest at, byte[] frame, String expected) {
        Stop.unless(awaitFrame(at, frame, trial.limits().quietNanos()) == null, expected, "the frame was delivered");
    }
}
