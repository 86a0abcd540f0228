package io.annulet.backend.policy;

import org.jspecify.annotations.Nullable;

/**
 * What a port of a switch may do, as it is configured.
 *
 * @param vlans null for a port in no VLAN, whose frames, with and without tags, reach others in no VLAN
 */
public record PortPolicy(@Nullable VlanRule vlans) {

    /** A port that may do everything. */
    public static final PortPolicy NONE = new PortPolicy(null);

    public boolean isNone() {
        return equals(NONE);
    }

    /** As the options of a port say it, each with a comma before it. */
    @Override
    public String toString() {
        return vlans == null ? "" : "," + vlans;
    }
}
