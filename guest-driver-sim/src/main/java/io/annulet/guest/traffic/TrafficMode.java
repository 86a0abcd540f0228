package io.annulet.guest.traffic;

/** What the guests of a run do. */
public enum TrafficMode {
    /** Each guest sends. */
    SEND(true, false),
    /** Each guest receives and checks. */
    RECEIVE(false, true),
    /** Each guest sends back what it receives. */
    ECHO(false, false),
    /** The first of two guests sends to the second; one guest alone sends to itself. */
    MEASURE(true, true),
    /** The first of two guests sends a frame, the second sends it back; one guest alone sends to itself. */
    ROUND_TRIP(true, true);

    private final boolean sends;
    private final boolean checks;

    TrafficMode(boolean sends, boolean checks) {
        this.sends = sends;
        this.checks = checks;
    }

    /** Whether frames are sent that someone made here. */
    public boolean sends() {
        return sends;
    }

    /** Whether frames are proved to be those that were sent. */
    public boolean checks() {
        return checks;
    }
}
