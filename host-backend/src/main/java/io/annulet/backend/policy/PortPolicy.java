package io.annulet.backend.policy;

import org.jspecify.annotations.Nullable;

/**
 * What a port of a switch may do, as it is configured.
 *
 * @param vlans null for a port in no VLAN, whose frames, with and without tags, reach others in no VLAN
 * @param sources the addresses that frames from the port may have; null for any
 * @param isIsolated whether its frames reach only ports that are not isolated
 */
public record PortPolicy(
        @Nullable VlanRule vlans, @Nullable SourceRule sources, boolean isIsolated, PortLimits limits) {

    /** A port that may do everything. */
    public static final PortPolicy NONE = new PortPolicy(null, null, false, PortLimits.NONE);

    public PortPolicy withVlans(@Nullable VlanRule rule) {
        return new PortPolicy(rule, sources, isIsolated, limits);
    }

    public PortPolicy withSources(@Nullable SourceRule rule) {
        return new PortPolicy(vlans, rule, isIsolated, limits);
    }

    public PortPolicy withIsolation(boolean isolated) {
        return new PortPolicy(vlans, sources, isolated, limits);
    }

    public PortPolicy withLimits(PortLimits other) {
        return new PortPolicy(vlans, sources, isIsolated, other);
    }

    public boolean isNone() {
        return equals(NONE);
    }

    /** As the options of a port say it, each with a comma before it. */
    @Override
    public String toString() {
        return (vlans == null ? "" : "," + vlans)
                + (sources == null ? "" : "," + sources)
                + (isIsolated ? ",isolated=on" : "")
                + limits;
    }
}
