package io.annulet.channel;

/** Rings the other end's doorbell when it has to be; used by its end's thread. */
final class Ringer {
    private final Control control;
    private final Doorbell doorbell;
    private final ChannelCounts counts;

    Ringer(Control control, Doorbell doorbell, ChannelCounts counts) {
        this.control = control;
        this.doorbell = doorbell;
        this.counts = counts;
        control.tellNumber(doorbell.number());
    }

    /** After something was written that the other end may wait for. */
    void ringIfAsleep() {
        if (control.isPeerAsleep()) {
            ring();
        }
    }

    /** After something was read: who waits for records only is left to sleep. */
    void ringIfAwaitingRoom() {
        if (control.isPeerAwaitingRoom()) {
            ring();
        }
    }

    private void ring() {
        counts.doorbells++;
        doorbell.ring(control.peerNumber());
    }
}
