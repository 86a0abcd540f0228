package io.annulet.backend.policy;

import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What a port of a switch may do, and which switch that is, as it is configured.
 *
 * @param switchName of the switch that the port is at, if no link joins it
 * @param vlans null for a port in no VLAN, whose frames, with and without tags, reach others in no VLAN
 * @param sources the addresses that frames from the port may have; null for any
 * @param isIsolated whether its frames reach only ports that are not isolated
 * @param mirror of a port that gets copies of others' frames and nothing else; null for any other
 */
public record PortPolicy(
        String switchName,
        @Nullable VlanRule vlans,
        @Nullable SourceRule sources,
        boolean isIsolated,
        PortLimits limits,
        @Nullable MirrorRule mirror) {

    /** The switch of ports that name none. */
    public static final String DEFAULT_SWITCH = "default";

    private static final Pattern NAME = Pattern.compile("[A-Za-z][A-Za-z0-9._-]{0,30}");

    /** A port of the default switch that may do everything. */
    public static final PortPolicy NONE = new PortPolicy(DEFAULT_SWITCH, null, null, false, PortLimits.NONE, null);

    public PortPolicy {
        if (!NAME.matcher(switchName).matches()) {
            throw new IllegalArgumentException(
                    "switch=" + switchName + ": use a letter and up to 30 letters, digits, '.', '_', '-'");
        }
        if (mirror != null && (vlans != null || sources != null || isIsolated || !limits.equals(PortLimits.NONE))) {
            throw new IllegalArgumentException("mirror: the port gets copies only, so leave out "
                    + new PortPolicy(DEFAULT_SWITCH, vlans, sources, isIsolated, limits, null)
                            .toString()
                            .substring(1));
        }
    }

    public PortPolicy withSwitch(String name) {
        return new PortPolicy(name, vlans, sources, isIsolated, limits, mirror);
    }

    public PortPolicy withVlans(@Nullable VlanRule rule) {
        return new PortPolicy(switchName, rule, sources, isIsolated, limits, mirror);
    }

    public PortPolicy withSources(@Nullable SourceRule rule) {
        return new PortPolicy(switchName, vlans, rule, isIsolated, limits, mirror);
    }

    public PortPolicy withIsolation(boolean isolated) {
        return new PortPolicy(switchName, vlans, sources, isolated, limits, mirror);
    }

    public PortPolicy withLimits(PortLimits other) {
        return new PortPolicy(switchName, vlans, sources, isIsolated, other, mirror);
    }

    public PortPolicy withMirror(@Nullable MirrorRule rule) {
        return new PortPolicy(switchName, vlans, sources, isIsolated, limits, rule);
    }

    public boolean isNone() {
        return equals(NONE);
    }

    /** Whether a port may do everything, whichever switch it is at. */
    public boolean mayAll() {
        return vlans == null && sources == null && !isIsolated && limits.equals(PortLimits.NONE) && mirror == null;
    }

    /** As the options of a port say it, each with a comma before it. */
    @Override
    public String toString() {
        return (switchName.equals(DEFAULT_SWITCH) ? "" : ",switch=" + switchName)
                + (vlans == null ? "" : "," + vlans)
                + (sources == null ? "" : "," + sources)
                + (isIsolated ? ",isolated=on" : "")
                + limits
                + (mirror == null ? "" : "," + mirror);
    }
}
