package io.annulet.backend.policy;

/**
 * How much a port may do; 0 for no limit.
 *
 * @param in from the port into the switch
 * @param out from the switch to the port
 * @param burstMillis how much may come at once after a pause: what the rates bring in this time
 * @param stormFramesPerSecond frames that are flooded, to groups and to unknown addresses; a second's worth at once
 * @param addresses that the port may have in the table at a time, in each VLAN by itself
 */
public record PortLimits(RateLimit in, RateLimit out, int burstMillis, int stormFramesPerSecond, int addresses) {

    public static final int USUAL_BURST_MILLIS = 20;
    public static final int MAX_BURST_MILLIS = 1000;
    public static final int MAX_ADDRESSES = 1024;
    public static final PortLimits NONE = new PortLimits(RateLimit.NONE, RateLimit.NONE, USUAL_BURST_MILLIS, 0, 0);

    public PortLimits {
        if (burstMillis < 1 || burstMillis > MAX_BURST_MILLIS) {
            throw new IllegalArgumentException("burst=" + burstMillis + ": 1 to " + MAX_BURST_MILLIS + " milliseconds");
        }
        if (addresses > MAX_ADDRESSES) {
            throw new IllegalArgumentException("max-macs=" + addresses + ": 1 to " + MAX_ADDRESSES);
        }
    }

    /** As the options of a port say it, each with a comma before it. */
    @Override
    public String toString() {
        return in.text("in")
                + out.text("out")
                + (burstMillis == USUAL_BURST_MILLIS ? "" : ",burst=" + burstMillis)
                + (stormFramesPerSecond == 0 ? "" : ",storm=" + stormFramesPerSecond)
                + (addresses == 0 ? "" : ",max-macs=" + addresses);
    }
}
