package io.annulet.guest.traffic;

import org.jspecify.annotations.Nullable;

/**
 * What became of the frames that went one way.
 *
 * @param from name of the guest that sent; empty if that was someone else
 * @param to name of the guest that received; empty if that was someone else
 * @param offered frames that were to be sent
 * @param sent frames that the back-end took
 * @param sentBytes of these
 * @param counts what the receiver found, nothing if it was someone else
 * @param sendNanos how long the sending took
 * @param receiveNanos from the first frame sent (or received, if the sender was someone else) to the last one received
 * @param givenUp round trips that took too long
 */
public record DirectionReport(
        String from,
        String to,
        long offered,
        long sent,
        long sentBytes,
        FrameCounts counts,
        long sendNanos,
        long receiveNanos,
        long givenUp,
        @Nullable LatencySummary latency) {

    private static final double SECOND = 1e9;

    /** What a sender and a receiver did, either of which may be someone else. */
    static DirectionReport of(
            String from, String to, @Nullable Sender sender, @Nullable Receiver receiver, boolean isPaced) {
        LatencySummary.Kind kind = isPaced ? LatencySummary.Kind.SCHEDULED : LatencySummary.Kind.SENT;
        return new DirectionReport(
                from,
                to,
                sender == null ? 0 : sender.offered(),
                sender == null ? 0 : sender.sent(),
                sender == null ? 0 : sender.bytes(),
                receiver == null ? FrameCounts.NONE : receiver.check().counts(),
                sender == null ? 0 : sender.elapsedNanos(),
                receiveNanos(sender, receiver),
                0,
                receiver == null
                        ? null
                        : LatencySummary.of(kind, receiver.check().latencies()));
    }

    private static long receiveNanos(@Nullable Sender sender, @Nullable Receiver receiver) {
        if (receiver == null || receiver.publishedFrames() == 0) {
            return 0;
        }
        return receiver.lastNanos() - (sender == null ? receiver.firstNanos() : sender.startNanos());
    }

    static DirectionReport ofTrip(String from, String to, RoundTrip trip, boolean isPaced) {
        LatencySummary.Kind kind = isPaced ? LatencySummary.Kind.SCHEDULED_ROUND_TRIP : LatencySummary.Kind.ROUND_TRIP;
        return new DirectionReport(
                from,
                to,
                trip.sent(),
                trip.sent(),
                trip.bytes(),
                trip.check().counts(),
                trip.elapsedNanos(),
                trip.elapsedNanos(),
                trip.givenUp(),
                LatencySummary.of(kind, trip.check().latencies()));
    }

    /** Frames that were due and could not be sent, since the back-end gave no buffers back in time. */
    public long notSent() {
        return offered - sent;
    }

    public double sentPerSecond() {
        return sendNanos <= 0 ? 0 : sent * SECOND / sendNanos;
    }

    /** Frames that arrived, over the time that sending or receiving took, whichever was longer. */
    public double receivedPerSecond() {
        long nanos = Math.max(sendNanos, receiveNanos);
        return nanos <= 0 ? 0 : counts.arrived() * SECOND / nanos;
    }

    public double sentBitsPerSecond() {
        return sendNanos <= 0 ? 0 : 8 * sentBytes * SECOND / sendNanos;
    }

    public double receivedBitsPerSecond() {
        long nanos = Math.max(sendNanos, receiveNanos);
        return nanos <= 0 ? 0 : 8 * counts.bytes() * SECOND / nanos;
    }

    /** The share of the offered frames that did not arrive, whether they were sent or not; 0 if none was offered. */
    public double lossRatio() {
        return offered == 0 ? 0 : (double) Math.max(0, offered - counts.arrived()) / offered;
    }
}
