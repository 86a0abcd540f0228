package io.annulet.backend.config;

import io.annulet.backend.policy.MirrorRule;
import io.annulet.backend.policy.PortLimits;
import io.annulet.backend.policy.PortPolicy;
import io.annulet.backend.policy.RateLimit;
import io.annulet.backend.policy.SourceRule;
import io.annulet.backend.policy.VlanRule;
import java.util.BitSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Reads what a port may do on a switch, from the options that all kinds of port have. */
public final class PolicySpec {

    private enum Choice {
        OFF,
        ON
    }

    private PolicySpec() {}

    /** A policy by itself, of options by their names. */
    public static PortPolicy of(Map<String, String> options) {
        SpecOptions taken = new SpecOptions("a policy", options);
        PortPolicy policy = take(taken);
        taken.checkAllTaken();
        return policy;
    }

    /** The options of a policy, as they are written. */
    public static Map<String, String> options(PortPolicy policy) {
        String text = policy.toString();
        return SpecOptions.split(text.isEmpty() ? null : text.substring(1));
    }

    static PortPolicy take(SpecOptions options) {
        String switchName = options.text("switch");
        return PortPolicy.NONE
                .withSwitch(switchName == null ? PortPolicy.DEFAULT_SWITCH : switchName)
                .withVlans(vlans(options))
                .withSources(sources(options))
                .withIsolation(options.choice("isolated", Choice.OFF) == Choice.ON)
                .withLimits(limits(options))
                .withMirror(mirror(options));
    }

    private static @Nullable MirrorRule mirror(SpecOptions options) {
        String ports = options.text("mirror");
        MirrorRule.Direction direction = options.choice("mirror-dir", MirrorRule.Direction.BOTH);
        if (ports == null && direction != MirrorRule.Direction.BOTH) {
            throw new IllegalArgumentException("mirror-dir is for mirror=PORT: add it");
        }
        return ports == null ? null : new MirrorRule(Set.of(ports.split("\\+", -1)), direction);
    }

    private static PortLimits limits(SpecOptions options) {
        return new PortLimits(
                new RateLimit(options.amount("rate-in"), options.amount("frames-in")),
                new RateLimit(options.amount("rate-out"), options.amount("frames-out")),
                options.number("burst", PortLimits.USUAL_BURST_MILLIS),
                options.number("storm", 0),
                options.number("max-macs", 0));
    }

    private static @Nullable SourceRule sources(SpecOptions options) {
        String macs = options.text("allow-mac");
        String addresses = options.text("allow-ip");
        return macs == null && addresses == null ? null : SourceRule.parse(macs, addresses);
    }

    private static @Nullable VlanRule vlans(SpecOptions options) {
        int access = options.number("vlan", -1);
        BitSet trunk = options.numbers("trunk", VlanRule.MAX_VLAN);
        int nativeVlan = options.number("native", -1);
        if (access >= 0 && !trunk.isEmpty()) {
            throw new IllegalArgumentException("vlan is for a port in one VLAN, trunk for several: leave out one");
        }
        if (nativeVlan >= 0 && trunk.isEmpty()) {
            throw new IllegalArgumentException(
                    "native is for a trunk: write trunk=10+20-29 too, or vlan=" + nativeVlan);
        }
        if (access >= 0) {
            return VlanRule.access(access);
        }
        if (trunk.isEmpty()) {
            return null;
        }
        return nativeVlan >= 0 ? VlanRule.trunk(trunk, nativeVlan) : VlanRule.trunk(trunk);
    }
}
