package io.annulet.backend.data;

/**
 * What one port may still cost its worker before the others have had their turns; owned by that worker.
 *
 * <p>Deficit round robin: each turn grants a port so much, a burst is charged what it cost, and a port in debt passes until
 * its turns have paid for it. What counts is what was delivered: a frame that is flooded to ten ports costs ten, and one
 * that is cut into forty costs forty. Costs are in bytes; a frame costs a number of them whatever its length.
 */
final class Share {

    /** What it takes to handle a frame, in bytes that are copied in the same time. */
    static final long FRAME_BYTES = 2048;

    /** A full burst of the smallest frames, or about two of the largest: one visit, where nothing is flooded or cut. */
    static final long TURN_BYTES = FrameBurst.CAPACITY * FRAME_BYTES;

    private long credit;

    /** A new turn; what was not used of the last one is lost. */
    boolean mayPull() {
        credit = Math.min(credit + TURN_BYTES, TURN_BYTES);
        return credit > 0;
    }

    /** Frames that go nowhere have to be looked at too. */
    void charge(int pulledFrames, BurstCost cost) {
        credit -= Math.max(pulledFrames, cost.frames()) * FRAME_BYTES + cost.bytes();
    }

    /** How many more turns are to pay for what it owes; as many as there are if it owes nothing. */
    long turnsInDebt() {
        return credit > 0 ? Long.MAX_VALUE : -credit / TURN_BYTES;
    }

    /** Nobody had anything to do in so many turns: they count as taken. */
    void leaveOut(long turns) {
        credit = Math.min(credit + turns * TURN_BYTES, TURN_BYTES);
    }
}
